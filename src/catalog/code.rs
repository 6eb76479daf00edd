use std::{fmt, hash::Hash};

use crate::catalog::{Catalog, Entry, GrpcCode, tables};
pub use crate::wire::is_code;

/// The type of the codes of one catalogue: the `ErrorCode` of a generated module.
///
/// Each catalogue has its own, so codes of two domains cannot be mixed up. The generated type has all of
/// these as methods of its own; the trait is for code that works with any catalogue.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the code of a catalogue",
    note = "an error of your own becomes an `ApiError` with `#[derive(codelibra::ApiError)]`"
)]
pub trait CatalogCode: Copy + Eq + Ord + Hash + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The entries of the catalogue, for what the compiler checks: it cannot read a [`Catalog`].
    const ENTRIES: &'static [Entry];

    /// The catalogue that the codes belong to.
    fn catalog() -> &'static Catalog;

    /// The code of a number, listed or not. `None` outside 400000–599999.
    fn from_u32(number: u32) -> Option<Self>;

    /// The six digits.
    fn as_u32(self) -> u32;
}

/// The class of a code, an HTTP status. 500 for a number that is no code.
#[inline]
pub const fn class_of(code: u32) -> u16 {
    if !is_code(code) {
        return 500;
    }
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "400 to 599; const")]
    {
        (code / 1000) as u16
    }
}

/// `CCC000`: "this class, nothing more specific". 500000 for what is no error class.
pub const fn class_code(class: u16) -> u32 {
    match class {
        400..=599 => {
            #[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
            {
                class as u32 * 1000
            }
        }
        _ => 500_000,
    }
}

/// The HTTP status of a code: its class.
pub fn http_status(code: u32) -> http::StatusCode {
    http::StatusCode::from_u16(class_of(code)).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
}

/// The gRPC code of a six-digit code: what its entry says, else the rule of its class.
pub const fn grpc_code(code: u32, entry: Option<&Entry>) -> GrpcCode {
    match entry {
        Some(entry) => entry.grpc_code,
        None => tables::class_to_grpc(class_of(code)),
    }
}

/// The reason phrase of a class, an HTTP status (RFC 9110 §15): `Forbidden` for 403. 499, which is not registered, is
/// `Client Closed Request`; any other unknown status is `Client Error` or `Server Error`.
pub fn class_phrase(class: u16) -> &'static str {
    let status = http::StatusCode::from_u16(class).ok();
    status.and_then(|s| s.canonical_reason()).unwrap_or(match class {
        499 => "Client Closed Request",
        400..=499 => "Client Error",
        _ => "Server Error",
    })
}

/// A number that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode(
    /// The number.
    pub u32,
);

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no error code; expected 400000 to 599999", self.0)
    }
}

impl std::error::Error for InvalidCode {}
