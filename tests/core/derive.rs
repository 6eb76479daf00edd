//! Domain errors with a code: `#[derive(ApiError)]`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use codelibra::codes::LockedOut;
use codelibra::params::{Timestamp, ToParam};
use codelibra::{ApiError, ErrorCode, ParamKind, StatusCodeExt};
use tonic::Status;

/// The example of the design document.
mod checkout {
    #[derive(Debug)]
    pub struct OrderId(pub u64);

    impl std::fmt::Display for OrderId {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "#{}", self.0)
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("connection to db-7.internal refused")]
    pub struct DatabaseError;

    #[rustfmt::skip]
    #[derive(Debug, thiserror::Error, codelibra::ApiError)] pub enum CheckoutError {
        #[error("order {0} was paid already")] #[code(ALREADY_PAID)]     Paid(OrderId),
        #[error("database")]                   #[code(UNEXPECTED_ERROR)] Db(#[from] DatabaseError), }
}
use checkout::{CheckoutError, DatabaseError, OrderId};

fn save() -> Result<(), DatabaseError> {
    Err(DatabaseError)
}

fn check_out(order: OrderId) -> Result<(), CheckoutError> {
    if order.0 == 7 {
        return Err(CheckoutError::Paid(order));
    }
    Ok(save()?)
}

/// A handler that converts the domain error into a status with `?`.
fn handler(order: u64) -> Result<(), Status> {
    Ok(check_out(OrderId(order))?)
}

/// Returns the text of each error in a chain of causes.
fn chain(error: &dyn StdError) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

#[test]
fn a_domain_error_becomes_the_status_of_its_code() {
    let status = handler(7).unwrap_err();
    let received = status.to_received::<ErrorCode>();
    assert_eq!(status.error_code(), Some(ErrorCode::ALREADY_PAID));
    assert_eq!(status.message(), ErrorCode::ALREADY_PAID.entry().unwrap().summary);
    assert!(received.notes().is_empty(), "{:?}", received.notes());

    let bare = Status::from(ErrorCode::ALREADY_PAID);
    assert_eq!(status.details(), bare.details(), "nothing is sent but the code");
    assert_eq!(status.code(), bare.code());
}

#[test]
fn the_error_itself_is_the_private_cause() {
    let error = ApiError::from(check_out(OrderId(8)).unwrap_err());
    assert!(error.cause().unwrap().is::<CheckoutError>());
    assert_eq!(error.message(), ErrorCode::UNEXPECTED_ERROR.entry().unwrap().summary);
    assert_eq!(chain(&error), [&error.to_string(), "database", "connection to db-7.internal refused"]);

    let status = handler(8).unwrap_err();
    let cause = status.source().unwrap();
    assert_eq!(chain(cause), ["database", "connection to db-7.internal refused"]);
    let sent = String::from_utf8_lossy(status.details()) + status.message();
    assert!(!sent.contains("database") && !sent.contains("db-7"), "{sent}");
}

#[derive(Debug, thiserror::Error, ApiError)]
enum SignInError {
    #[error("{tries} wrong passwords")]
    #[code(LOCKED_OUT)]
    Locked {
        tries: u32,
        #[param(name = "locked_until")]
        until: Option<Timestamp>,
    },
    #[error("scope")]
    #[code(codelibra::ErrorCode::SCOPE_MISSING, message = "the token lacks {0:?} {{ask {1}}}")]
    Scope(#[param(name = "scope")] &'static str, Cow<'static, str>),
    #[error("too many")]
    #[code(LIMIT_TOO_LARGE, message = "less, {{please}}")]
    Rows {
        #[param]
        limit: i64,
        #[param]
        max_limit: u32,
        // The generated code uses these names too.
        error: u8,
        api_error: u8,
    },
    #[error(transparent)]
    #[code(transparent)]
    Checkout(#[from] CheckoutError),
    #[error("…")]
    #[code(transparent)]
    Code { code: ErrorCode },
    #[error("…")]
    #[code(transparent)]
    Typed(LockedOut),
    #[error("…")]
    #[code(transparent)]
    Whole(ApiError),
    #[error("not signed in")]
    #[code(AUTHENTICATION_REQUIRED)]
    Nobody,
}

#[test]
fn fields_are_params() {
    let until: Timestamp = "2026-01-31T09:30:00Z".parse().unwrap();
    let status = Status::from(SignInError::Locked { tries: 3, until: Some(until) });
    assert_eq!(status.decode(), Some(LockedOut { locked_until: Some(until) }));

    let error = ApiError::from(SignInError::Locked { tries: 3, until: None });
    assert_eq!(error.number(), 403_005);
    assert!(error.metadata().is_empty(), "None is not sent");

    let error = ApiError::from(SignInError::Rows { limit: 900, max_limit: 500, error: 0, api_error: 0 });
    assert_eq!(error.metadata().get("limit"), Some("900"));
    assert_eq!(error.metadata().get("max_limit"), Some("500"));
}

#[test]
fn a_message_may_contain_fields_and_is_the_only_public_text() {
    let error = ApiError::from(SignInError::Scope("write", "ops".into()));
    assert_eq!(error.message(), "the token lacks \"write\" {ask ops}");
    assert_eq!(error.metadata().get("scope"), Some("write"));
    let error = ApiError::from(SignInError::Rows { limit: 900, max_limit: 500, error: 0, api_error: 0 });
    assert_eq!(error.message(), "less, {please}");
}

#[test]
fn a_transparent_variant_becomes_its_inner_error() {
    let error = ApiError::from(SignInError::from(CheckoutError::Paid(OrderId(7))));
    assert_eq!(error.code(), Some(ErrorCode::ALREADY_PAID));
    assert!(error.cause().unwrap().is::<CheckoutError>());

    let error = ApiError::from(SignInError::Code { code: ErrorCode::USER_BANNED });
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    let error = ApiError::from(SignInError::Typed(LockedOut::default()));
    assert_eq!(error.code(), Some(ErrorCode::LOCKED_OUT));
    let error = ApiError::from(SignInError::Whole(ErrorCode::USER_BANNED.with_message("banned for spam")));
    assert_eq!(error.message(), "banned for spam");
    let error = ApiError::from(SignInError::Nobody);
    assert_eq!(error.code(), Some(ErrorCode::AUTHENTICATION_REQUIRED));
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("{0}")]
#[code(transparent)]
struct Wrapper(SignInError);

#[derive(Debug, thiserror::Error, ApiError)]
enum Never {}

#[test]
fn structs_and_empty_enums_derive_too() {
    assert_eq!(ApiError::from(Wrapper(SignInError::Nobody)).number(), 401_001);
    fn converts<T: Into<ApiError> + Into<Status>>() {}
    converts::<Never>();
}

#[test]
fn the_types_in_a_result_are_small() {
    assert!(size_of::<ApiError>() <= 16);
    assert!(size_of::<Result<(), Status>>() <= 16);
}

#[test]
fn each_type_of_a_param_is_written_in_the_form_of_its_kind() {
    fn check<P: ToParam>(kind: ParamKind, field: P, text: &str) {
        assert_eq!(P::KIND, kind);
        assert!(kind.accepts(text), "{text}");
        assert_eq!(field.to_param().as_deref(), Some(text));
        assert_eq!(Some(field).to_param().as_deref(), Some(text));
    }
    check(ParamKind::String, "a", "a");
    check(ParamKind::String, String::from("a"), "a");
    check(ParamKind::String, Cow::Borrowed("a"), "a");
    check(ParamKind::Int64, i64::MIN, "-9223372036854775808");
    check(ParamKind::Int64, -1_i32, "-1");
    check(ParamKind::Int64, -1_i16, "-1");
    check(ParamKind::Int64, -1_i8, "-1");
    check(ParamKind::Int64, u32::MAX, "4294967295");
    check(ParamKind::Int64, 1_u16, "1");
    check(ParamKind::Int64, 1_u8, "1");
    check(ParamKind::Bool, true, "true");
    check(ParamKind::Timestamp, SystemTime::UNIX_EPOCH, "1970-01-01T00:00:00Z");
    check(ParamKind::Timestamp, Timestamp::default(), "1970-01-01T00:00:00Z");
    check(ParamKind::Duration, Duration::from_millis(1500), "1.500s");
    check(ParamKind::Duration, Duration::MAX, "315576000000s");
    check(ParamKind::Duration, codelibra::params::Duration { seconds: -1, nanos: 0 }, "-1s");
    assert_eq!(None::<u32>.to_param(), None);
}
