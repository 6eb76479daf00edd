//! Runs the example of two hops.

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/two_hops.rs"]
mod example;

use codelibra::ErrorCode;
use codelibra::codes::LockedOut;
use codelibra::rpc::RequestInfo;

#[tokio::test]
async fn codes_are_forwarded_over_two_hops_and_private_text_is_not() {
    let answers = example::run(&["alice", "mallory", "trent", "victor", ""]).await.unwrap();
    assert!(answers[0].is_none());
    let errors: Vec<_> = answers.into_iter().flatten().collect();
    let codes: Vec<ErrorCode> = errors.iter().map(|error| error.code().unwrap()).collect();
    assert_eq!(
        codes,
        [
            ErrorCode::USER_BANNED,
            ErrorCode::LOCKED_OUT,
            ErrorCode::UNEXPECTED_ERROR,
            ErrorCode::VALIDATION_ERROR
        ]
    );
    assert_eq!(errors[0].message(), "banned for spam", "forwarded on purpose");
    assert_eq!(errors[1].message(), errors[1].entry().unwrap().summary, "passed with a `?`");
    assert!(errors[1].decode::<LockedOut>().unwrap().locked_until.is_some());
    assert_eq!(errors[3].message(), "service must not be empty");
    for error in errors {
        assert_eq!(error.notes(), []);
        assert!(!format!("{error:?}").contains("db-3"));
        assert!(error.detail::<RequestInfo>().is_some());
    }
}
