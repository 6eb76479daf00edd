mod raise_403003 {
use codelibra::ErrorCode;

async fn handler() -> Result<(), tonic::Status> {
    Err(ErrorCode::USER_BANNED)?
}
}

mod match_403003 {
use codelibra::StatusCodeExt;
use codelibra::ErrorCode;

fn is_expected(status: &tonic::Status) -> bool {
    status.error_code() == Some(ErrorCode::USER_BANNED)
}
}

mod raise_403005 {
use codelibra::codes::LockedOut;

async fn handler() -> Result<(), tonic::Status> {
    Err(LockedOut {
        locked_until: Some(std::time::SystemTime::now().into()),
    })?
}
}

mod match_403005 {
use codelibra::StatusCodeExt;
use codelibra::codes::LockedOut;

fn show(status: &tonic::Status) {
    let Some(error) = status.decode::<LockedOut>() else { return };
    println!("{:?}", error.locked_until);
}
}

mod raise_400005 {
use codelibra::codes::LimitTooLarge;

async fn handler() -> Result<(), tonic::Status> {
    Err(LimitTooLarge {
        limit: Some(500),
        max_limit: Some(500),
    })?
}
}

mod match_400005 {
use codelibra::StatusCodeExt;
use codelibra::codes::LimitTooLarge;

fn show(status: &tonic::Status) {
    let Some(error) = status.decode::<LimitTooLarge>() else { return };
    println!("{:?}", error.limit);
    println!("{:?}", error.max_limit);
}
}

mod raise_400016 {
use codelibra::codes::SubscriberRefundRequestTooLate;

async fn handler() -> Result<(), tonic::Status> {
    Err(SubscriberRefundRequestTooLate {
        refund_deadline: Some(std::time::SystemTime::now().into()),
    })?
}
}

mod match_400016 {
use codelibra::StatusCodeExt;
use codelibra::codes::SubscriberRefundRequestTooLate;

fn show(status: &tonic::Status) {
    let Some(error) = status.decode::<SubscriberRefundRequestTooLate>() else { return };
    println!("{:?}", error.refund_deadline);
}
}

mod raise_451001 {
use codelibra::codes::AccountTermsAcceptanceRequired;

async fn handler() -> Result<(), tonic::Status> {
    Err(AccountTermsAcceptanceRequired {
        terms_version: Some("example".into()),
    })?
}
}

mod match_451001 {
use codelibra::StatusCodeExt;
use codelibra::codes::AccountTermsAcceptanceRequired;

fn show(status: &tonic::Status) {
    let Some(error) = status.decode::<AccountTermsAcceptanceRequired>() else { return };
    println!("{:?}", error.terms_version);
}
}

