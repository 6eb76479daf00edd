//! What `serve` cannot answer.

use codelibra::{ErrorCode, StatusCodeExt};

use crate::codes::raise;
use crate::running::{Answer, Serve};

#[tokio::test]
async fn what_cannot_be_answered_is_a_coded_error_too() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    for code in [0, 17, 200_000, 399_999, 600_000, u32::MAX] {
        let status = client.raise_error(raise(code, "")).await.unwrap_err();
        assert_eq!(status.error_code(), Some(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE), "{code}");
    }
    for (path, code) in [
        ("/v1/errors/abc", 400_001),
        ("/v1/errors/abc:raise", 400_001),
        ("/v1/errors/99999999999:raise", 400_001),
        ("/v1/errors/17:raise", 400_001),
        ("/v1/errors/403099", 404_003),
        ("/v1/errors/403003:shout", 404_003),
        ("/v1", 404_003),
        ("/errors/abc", 400_001),
        ("/v1/errors/%FF", 400_002),
        ("/errors?q=a&q=b", 400_002),
    ] {
        let answer = serve.get(path).await;
        assert_eq!(answer.error().number(), Some(code), "{path}");
        assert_eq!(u32::from(answer.status), code / 1000, "{path}");
    }
    let http = reqwest::Client::new();
    let url = format!("{}/v1/errors/403003:raise", serve.http);
    let answer = Answer::of(http.post(&url).body("{\"message\": 1}").send().await.unwrap()).await;
    assert_eq!((answer.status, answer.error().number()), (400, Some(400_001)));
    let answer = Answer::of(http.delete(&url).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.error().number()), (405, Some(405_000)));
}
