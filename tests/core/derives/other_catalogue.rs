//! A catalogue that a user defines, and an error with codes of two catalogues.

mod errors {
    include!("../../data/shop.rs");
}

use codelibra::{ApiError, StatusCodeExt};

#[derive(Debug, thiserror::Error, ApiError)]
#[codes(errors::ErrorCode)]
enum OrderError {
    #[error("no {item}")]
    #[code(SOLD_OUT, message = "no {type} {item}")]
    SoldOut {
        #[param]
        item: String,
        #[param]
        again_in: Option<std::time::Duration>,
        #[param]
        r#type: &'static str,
    },
    #[error("closed")]
    #[code(CLOSED, message = "closed until {until}")]
    Closed { until: u8 },
    #[error("already paid")]
    #[code(codelibra::ErrorCode::ALREADY_PAID)]
    Paid,
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("closed")]
#[code(errors::ErrorCode::CLOSED)]
struct Closed;

#[test]
fn each_error_has_the_code_of_its_catalogue() {
    let error = OrderError::SoldOut { item: "tea".into(), again_in: None, r#type: "green" };
    let status = tonic::Status::from(error);
    assert_eq!(status.error_code(), Some(errors::ErrorCode::SOLD_OUT));
    assert_eq!(status.message(), "no green tea");
    assert_eq!(status.error_code::<codelibra::ErrorCode>(), None);
    let sold_out: errors::SoldOut = status.decode().unwrap();
    assert_eq!(
        sold_out,
        errors::SoldOut { item: Some("tea".into()), again_in: None, r#type: Some("green".into()) }
    );

    assert_eq!(ApiError::from(OrderError::Closed { until: 9 }).message(), "closed until 9");
    assert_eq!(ApiError::from(OrderError::Paid).domain(), "codelibra");
    assert_eq!(ApiError::from(Closed).number(), 503001);
}
