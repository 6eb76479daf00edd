//! The sixteen canonical gRPC codes, and OK. `codelibra-build` compiles this file, too.

use std::fmt;

macro_rules! grpc_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// A canonical gRPC code, as `google.rpc.Code` numbers and names it.
        ///
        /// It is a type of this crate because the crate also works without tonic; it converts to and from
        /// `tonic::Code`.
        ///
        /// ```
        /// # #[cfg(feature = "tonic")] {
        /// use codelibra::GrpcCode;
        ///
        /// let code = GrpcCode::from_name("PERMISSION_DENIED").unwrap();
        /// assert_eq!(code, GrpcCode::PermissionDenied);
        /// assert_eq!((code.number(), code.to_string()), (7, "PERMISSION_DENIED".to_owned()));
        /// assert_eq!(tonic::Code::from(code), tonic::Code::PermissionDenied);
        /// # }
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        // Exhaustive: the gRPC specification closed the list at 16.
        pub enum GrpcCode {
            $($(#[$doc])* $variant = $number,)*
        }

        impl GrpcCode {
            /// Every code, in the order of the numbers.
            pub const ALL: [Self; 17] = [$(Self::$variant),*];

            /// The code of a number. `None` outside 0–16, which gRPC reads as UNKNOWN.
            pub const fn from_number(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The number, 0–16.
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// The name, such as `PERMISSION_DENIED`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

grpc_codes! {
    /// Not an error.
    Ok = 0, "OK";
    /// The caller cancelled the operation.
    Cancelled = 1, "CANCELLED";
    /// Nothing more is known.
    Unknown = 2, "UNKNOWN";
    /// An argument is wrong, whatever the state of the system.
    InvalidArgument = 3, "INVALID_ARGUMENT";
    /// The deadline passed.
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED";
    /// The entity was not found.
    NotFound = 5, "NOT_FOUND";
    /// The entity exists already.
    AlreadyExists = 6, "ALREADY_EXISTS";
    /// The caller is known and may not do this.
    PermissionDenied = 7, "PERMISSION_DENIED";
    /// A quota or a resource ran out.
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED";
    /// The system is not in the state that the operation needs.
    FailedPrecondition = 9, "FAILED_PRECONDITION";
    /// A conflict of concurrent work.
    Aborted = 10, "ABORTED";
    /// Past the valid range.
    OutOfRange = 11, "OUT_OF_RANGE";
    /// The operation is not implemented.
    Unimplemented = 12, "UNIMPLEMENTED";
    /// An invariant is broken.
    Internal = 13, "INTERNAL";
    /// The service is not available now.
    Unavailable = 14, "UNAVAILABLE";
    /// Data is lost or corrupt.
    DataLoss = 15, "DATA_LOSS";
    /// The caller is not known.
    Unauthenticated = 16, "UNAUTHENTICATED";
}

impl GrpcCode {
    /// The code of a name, whatever its case; the British and the American spelling of CANCELLED.
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("CANCELED") {
            return Some(Self::Cancelled);
        }
        Self::ALL.into_iter().find(|code| code.name().eq_ignore_ascii_case(name))
    }
}

/// The name: `PERMISSION_DENIED`.
impl fmt::Display for GrpcCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
