//! The codes of one catalogue, and [`CodeNumber`], a code of any catalogue.

use std::{fmt, hash::Hash};

use crate::catalog::{Catalog, Entry, GrpcCode, tables};
pub(crate) use crate::wire::is_code;

/// The type of the codes of one catalogue: the `ErrorCode` of a generated module.
///
/// Each catalogue has its own, so codes of two domains cannot be mixed up. The generated type has the methods of
/// this trait as inherent methods. The trait is for code that works with any catalogue.
///
/// ```
/// use codelibra::{CatalogCode, ErrorCode};
///
/// fn label<C: CatalogCode>(code: C) -> String {
///     format!("{}/{}", C::catalog().domain(), code.as_u32())
/// }
/// assert_eq!(label(ErrorCode::USER_BANNED), "codelibra/403003");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the code of a catalogue",
    label = "not a code; an error of your own becomes an `ApiError` with `#[derive(codelibra::ApiError)]`"
)]
pub trait CatalogCode: Copy + Eq + Ord + Hash + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// The entries of the catalogue. Checks at compile time use them, because such a check cannot read a [`Catalog`].
    const ENTRIES: &'static [Entry];

    /// Returns the catalogue that the codes belong to.
    fn catalog() -> &'static Catalog;

    /// Returns the code of a number, listed or not, or `None` outside 400000–599999.
    fn from_u32(number: u32) -> Option<Self>;

    /// Returns the six digits.
    fn as_u32(self) -> u32;

    /// Returns the number as a [`CodeNumber`], which has its class and what follows from it.
    fn number(self) -> CodeNumber {
        CodeNumber::from_any(self.as_u32())
    }
}

/// The six-digit number of an error code, of any catalogue: 400000 to 599999.
///
/// The first three digits are the class, an HTTP status. Everything that follows from the class alone is a method of this
/// type; what a catalogue knows of the number is in its [`Entry`].
///
/// ```
/// use codelibra::{CodeNumber, GrpcCode, InvalidCode};
///
/// let number = CodeNumber::from_u32(403_003)?;
/// assert_eq!(number.class(), 403);
/// assert_eq!(number.grpc_code(), GrpcCode::PermissionDenied);
/// assert_eq!(number.phrase(), "Forbidden");
/// assert_eq!(number.to_class_number(), CodeNumber::from_class(403));
/// assert_eq!(CodeNumber::from_u32(200_000), Err(InvalidCode(200_000)));
/// # Ok::<(), InvalidCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeNumber(u32);

impl CodeNumber {
    /// Returns the number of a code.
    ///
    /// # Errors
    ///
    /// The number is outside 400000–599999.
    pub const fn from_u32(number: u32) -> Result<Self, InvalidCode> {
        if is_code(number) { Ok(Self(number)) } else { Err(InvalidCode(number)) }
    }

    /// Returns `CCC000`: "this class, nothing more specific".
    ///
    /// A status outside 400–599 is no error class and becomes 500000.
    pub const fn from_class(class: u16) -> Self {
        match class {
            400..=599 =>
            {
                #[expect(clippy::as_conversions, reason = "widening; `From` is not const")]
                Self(class as u32 * 1000)
            }
            _ => Self(500_000),
        }
    }

    /// As [`from_u32`](Self::from_u32); a number that is no code becomes 500000.
    pub(crate) const fn from_any(number: u32) -> Self {
        if is_code(number) { Self(number) } else { Self(500_000) }
    }

    /// Returns the six digits.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// Returns the class, an HTTP status: 400 to 599.
    #[inline]
    pub const fn class(self) -> u16 {
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "400 to 599; const")]
        {
            (self.0 / 1000) as u16
        }
    }

    /// Returns the `CCC000` of the class.
    pub const fn to_class_number(self) -> Self {
        Self(self.0 / 1000 * 1000)
    }

    /// Returns whether this is a `CCC000`, which no catalogue lists.
    ///
    /// ```
    /// use codelibra::CodeNumber;
    ///
    /// assert!(CodeNumber::from_class(503).is_class_number());
    /// assert!(!CodeNumber::from_u32(503_001)?.is_class_number());
    /// # Ok::<(), codelibra::InvalidCode>(())
    /// ```
    pub const fn is_class_number(self) -> bool {
        self.0.is_multiple_of(1000)
    }

    /// Returns the class as an HTTP status.
    pub fn http_status(self) -> http::StatusCode {
        http::StatusCode::from_u16(self.class()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the gRPC code of the class ([`tables::class_to_grpc`]). An [`Entry`] can override it:
    /// [`Entry::grpc_code`].
    pub const fn grpc_code(self) -> GrpcCode {
        tables::class_to_grpc(self.class())
    }

    /// Returns the reason phrase of the class (RFC 9110 §15): `Forbidden` for 403.
    ///
    /// 499, which is not registered, is `Client Closed Request`. Any other class that is not registered is `Client Error`
    /// or `Server Error`.
    pub fn phrase(self) -> &'static str {
        class_phrase(self.class())
    }
}

/// The six digits.
impl fmt::Display for CodeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CodeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeNumber({})", self.0)
    }
}

impl From<CodeNumber> for u32 {
    fn from(number: CodeNumber) -> Self {
        number.0
    }
}

impl TryFrom<u32> for CodeNumber {
    type Error = InvalidCode;

    fn try_from(number: u32) -> Result<Self, InvalidCode> {
        Self::from_u32(number)
    }
}

/// As the number.
impl serde::Serialize for CodeNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for CodeNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_u32(u32::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The class of a number; 500 for a number that is no code.
#[inline]
pub(crate) const fn class_of(number: u32) -> u16 {
    CodeNumber::from_any(number).class()
}

/// The `CCC000` of a class.
pub(crate) const fn class_code(class: u16) -> u32 {
    CodeNumber::from_class(class).as_u32()
}

/// The gRPC code of a number: that of its entry, or the rule of its class.
pub(crate) const fn grpc_code(number: u32, entry: Option<&Entry>) -> GrpcCode {
    match entry {
        Some(entry) => entry.grpc_code,
        None => CodeNumber::from_any(number).grpc_code(),
    }
}

/// The reason phrase of an HTTP status, as [`CodeNumber::phrase`] describes it.
pub(crate) fn class_phrase(class: u16) -> &'static str {
    let status = http::StatusCode::from_u16(class).ok();
    status.and_then(|s| s.canonical_reason()).unwrap_or(match class {
        499 => "Client Closed Request",
        400..=499 => "Client Error",
        _ => "Server Error",
    })
}

/// A number that is no code.
///
/// ```
/// use codelibra::{ErrorCode, InvalidCode};
///
/// let error = ErrorCode::try_from(200).unwrap_err();
/// assert_eq!(error, InvalidCode(200));
/// assert_eq!(error.to_string(), "200 is not an error code; expected 400000 to 599999");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode(
    /// The number.
    pub u32,
);

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not an error code; expected 400000 to 599999", self.0)
    }
}

impl std::error::Error for InvalidCode {}
