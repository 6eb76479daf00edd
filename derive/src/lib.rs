//! `#[derive(ApiError)]`: a domain error that knows its six-digit code. Use it as `codelibra::ApiError`.

mod attributes;
mod expand;
mod field;
mod message;

use proc_macro::TokenStream;

/// Gives a domain error its code: `From<T>` for `codelibra::ApiError` and for `tonic::Status`, so that `?` does it.
///
/// ```
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// enum CheckoutError {
///     #[error("order {0} was paid already")]
///     #[code(ALREADY_PAID)]
///     Paid(u64),
///
///     #[error("cannot write the order")]
///     #[code(UNEXPECTED_ERROR)]
///     Disk(#[from] std::io::Error),
/// }
///
/// fn pay(order: u64) -> Result<(), CheckoutError> {
///     Err(CheckoutError::Paid(order))
/// }
///
/// fn handler() -> Result<(), tonic::Status> {
///     Ok(pay(7)?)
/// }
///
/// let status = handler().unwrap_err();
/// assert_eq!(status.code(), tonic::Code::InvalidArgument);
/// assert_eq!(status.message(), "This item is already paid for.");
/// ```
///
/// # What the caller reads
///
/// The message is the summary of the code's entry. The `Display` text of the error is for the log: the error itself
/// becomes the private cause of the `ApiError`, and the source of the `tonic::Status`. Neither is sent.
///
/// To send another message, write it next to the code. It can name fields, as in `format!`. It cannot name a source
/// (`#[from]`, `#[source]`, a field `source`), because the text of a source is private.
///
/// ```
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// #[error("user {user} is over the limit in table {table}")]
/// #[code(LIMIT_TOO_LARGE, message = "at most {max} rows at a time")]
/// struct TooMany {
///     user: u64,
///     table: &'static str,
///     max: u32,
/// }
///
/// let error = codelibra::ApiError::from(TooMany { user: 7, table: "orders_2", max: 500 });
/// assert_eq!(error.message(), "at most 500 rows at a time");
/// assert_eq!(error.cause().unwrap().to_string(), "user 7 is over the limit in table orders_2");
/// ```
///
/// # Attributes
///
/// On a struct, or on every variant of an enum, one of
///
/// | | |
/// |---|---|
/// | `#[code(ALREADY_PAID)]` | a constant of `codelibra::ErrorCode`, or of the catalogue that `#[codes]` names |
/// | `#[code(shop::ErrorCode::SOLD_OUT)]` | a constant of any catalogue's `ErrorCode`; one error can have codes of several |
/// | `#[code(…, message = "{field} …")]` | with a public message |
/// | `#[code(transparent)]` | one field, and what it turns into: an error that derives `ApiError`, a code, an `ApiError` |
///
/// On the type: `#[codes(crate::errors::ErrorCode)]`, the catalogue whose constants `#[code(NAME)]` means.
///
/// On fields: `#[param]` or `#[param(name = "…")]`, a parameter that the code's entry declares. The compiler compares
/// the name and the type with the catalogue. The types are those of `codelibra::params::ToParam`; an `Option` that
/// is `None` is not sent.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// enum SignInError {
///     #[error("{tries} wrong passwords")]
///     #[code(LOCKED_OUT)]
///     Locked { tries: u32, #[param(name = "locked_until")] until: SystemTime },
///
///     #[error(transparent)]
///     #[code(transparent)]
///     Store(#[from] StoreError),
/// }
///
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// #[error("no row")]
/// #[code(codelibra::ErrorCode::USER_NOT_FOUND_IN_DB)]
/// struct StoreError;
///
/// let until = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_851_800);
/// let error = codelibra::ApiError::from(SignInError::Locked { tries: 3, until });
/// assert_eq!(error.metadata().get("locked_until"), Some("2026-01-31T09:30:00Z"));
/// assert_eq!(codelibra::ApiError::from(SignInError::Store(StoreError)).number(), 404001);
/// ```
///
/// ```compile_fail
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// #[error("locked")]
/// #[code(LOCKED_OUT)]
/// struct Locked {
///     #[param]
///     until: std::time::SystemTime, // LOCKED_OUT declares no param `until`; expected `locked_until`
/// }
/// ```
///
/// # What it needs
///
/// The type is an error (`std::error::Error + Send + Sync + 'static`) without generics. A transparent variant hands
/// over what is in it: the cause is then the inner error, and what the variant itself displays is not kept.
#[proc_macro_derive(ApiError, attributes(code, codes, param))]
pub fn derive_api_error(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    match attributes::Input::read(&input) {
        Ok(read) => expand::expand(&read).into(),
        Err(error) => expand::failed(&input, &error).into(),
    }
}
