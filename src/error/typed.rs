use crate::catalog::CatalogCode;
use crate::error::ApiError;

/// An error of one code with its declared parameters: the struct that a generated module has for every entry
/// with parameters.
pub trait TypedError: Into<ApiError> {
    /// The codes of the catalogue.
    type Code: CatalogCode;

    /// The code.
    const CODE: Self::Code;

    /// Reads the parameters. `get` gives the text of a metadata key.
    fn from_metadata<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self;
}
