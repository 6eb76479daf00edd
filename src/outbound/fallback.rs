use crate::ErrorCode;
use crate::catalog::code::class_code;
use crate::catalog::tables::grpc_to_class;
use crate::catalog::{Catalog, CatalogCode, GrpcCode};

/// Which code a failure gets that has none, by its gRPC code.
///
/// For CodeLibra's own catalogue: UNAUTHENTICATED 401001, PERMISSION_DENIED 403001, NOT_FOUND 404003,
/// INVALID_ARGUMENT 400002, INTERNAL, UNKNOWN and DATA_LOSS 500001. For everything else, and for other
/// catalogues: `CCC000` of the class that [`grpc_to_class`] gives, with the gRPC code as it is.
///
/// A panic is INTERNAL, a timeout DEADLINE_EXCEEDED.
#[derive(Clone, Debug)]
pub struct Fallback {
    codes: [(&'static Catalog, u32); 17],
}

impl Fallback {
    /// The default table of a catalogue.
    pub fn of(catalog: &'static Catalog) -> Self {
        let codes = GrpcCode::ALL.map(|grpc| (catalog, class_code(grpc_to_class(grpc))));
        let table = Self { codes };
        if catalog.domain() != ErrorCode::catalog().domain() {
            return table;
        }
        table
            .with(GrpcCode::Unauthenticated, ErrorCode::AUTHENTICATION_REQUIRED)
            .with(GrpcCode::PermissionDenied, ErrorCode::USER_UNAUTHORIZED)
            .with(GrpcCode::NotFound, ErrorCode::NOT_FOUND)
            .with(GrpcCode::InvalidArgument, ErrorCode::VALIDATION_ERROR)
            .with(GrpcCode::Internal, ErrorCode::UNEXPECTED_ERROR)
            .with(GrpcCode::Unknown, ErrorCode::UNEXPECTED_ERROR)
            .with(GrpcCode::DataLoss, ErrorCode::UNEXPECTED_ERROR)
    }

    /// Sets the code of one gRPC code.
    #[must_use]
    pub fn with<C: CatalogCode>(mut self, grpc_code: GrpcCode, code: C) -> Self {
        if let Some(slot) = self.codes.get_mut(usize::from(grpc_code.number())) {
            *slot = (C::catalog(), code.as_u32());
        }
        self
    }

    pub(crate) fn get(&self, grpc_code: GrpcCode) -> (&'static Catalog, u32) {
        let code = self.codes.get(usize::from(grpc_code.number())).copied();
        code.unwrap_or((ErrorCode::catalog(), ErrorCode::UNEXPECTED_ERROR.as_u32()))
    }
}
