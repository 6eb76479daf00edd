//! [`Fallback`]: the codes of failures that have none.

use crate::catalog::code::class_code;
use crate::catalog::tables::grpc_to_class;
use crate::catalog::{Catalog, CatalogCode, GrpcCode};
use crate::wire::is_code;

/// The table of the codes for failures without a code, by gRPC code.
///
/// The default is the table of the catalogue, which is the option `fallback` in its proto. A gRPC code that is not listed there
/// gets `CCC000` of the class from [`grpc_to_class`]; the gRPC code does not change. In CodeLibra's own catalogue, UNAUTHENTICATED
/// gets 401001, PERMISSION_DENIED 403001, NOT_FOUND 404003, INVALID_ARGUMENT 400002, and INTERNAL, UNKNOWN and DATA_LOSS get
/// 500001.
///
/// A panic is INTERNAL, and a timeout is DEADLINE_EXCEEDED.
///
/// ```
/// use codelibra::{ErrorCode, Fallback, GrpcCode};
///
/// // 404001 instead of 404003 for a NOT_FOUND without a code.
/// let fallback = Fallback::new::<ErrorCode>().with(GrpcCode::NotFound, ErrorCode::USER_NOT_FOUND_IN_DB);
/// ```
#[derive(Clone, Debug)]
pub struct Fallback {
    catalog: &'static Catalog,
    codes: [(&'static Catalog, u32); 17],
}

impl Fallback {
    /// Returns the table of the catalogue that the codes `C` belong to.
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// Returns the table of a catalogue that is known only at run time.
    pub fn from_catalog(catalog: &'static Catalog) -> Self {
        let codes = GrpcCode::ALL.map(|grpc_code| (catalog, class_code(grpc_to_class(grpc_code))));
        let mut table = Self { catalog, codes };
        for (grpc_code, code) in catalog.fallback() {
            table.set(*grpc_code, catalog, *code);
        }
        table
    }

    /// Sets the code of one gRPC code.
    #[must_use]
    pub fn with<C: CatalogCode>(mut self, grpc_code: GrpcCode, code: C) -> Self {
        self.set(grpc_code, C::catalog(), code.as_u32());
        self
    }

    fn set(&mut self, grpc_code: GrpcCode, catalog: &'static Catalog, code: u32) {
        // A catalogue that is made at run time is not checked.
        if is_code(code)
            && let Some(slot) = self.codes.get_mut(usize::from(grpc_code.number()))
        {
            *slot = (catalog, code);
        }
    }

    pub(crate) fn get(&self, grpc_code: GrpcCode) -> (&'static Catalog, u32) {
        let code = self.codes.get(usize::from(grpc_code.number())).copied();
        code.unwrap_or((self.catalog, class_code(500)))
    }
}
