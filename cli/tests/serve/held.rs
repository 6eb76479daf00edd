//! Streams that a client opens and does not read.

use std::time::Duration;

use bytes::Bytes;
use codelibra::http::Reader;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::codes::{raise, raise_stream};
use crate::running::Serve;

const USER_BANNED: Option<ErrorCode> = Some(ErrorCode::USER_BANNED);
/// How long a call that does not end is waited for.
const BOUND: Duration = Duration::from_secs(60);

/// The most items that a stream has.
const PATH: &str = "/v1/errors/403003:stream?items=1000";

type Http2 = Client<HttpConnector, Empty<Bytes>>;

/// A client with one connection of HTTP/2, which takes no byte of any body.
struct Unreading {
    client: Http2,
    url: String,
}

impl Unreading {
    fn new(serve: &Serve) -> Self {
        Self::from_address(serve, [127, 0, 0, 1])
    }

    fn from_address(serve: &Serve, address: [u8; 4]) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(address.into()));
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .http2_initial_stream_window_size(0)
            .build(connector);
        Self { client, url: format!("{}{PATH}", serve.http) }
    }

    /// The head of the response; its body is not read.
    async fn open(&self) -> Response<Incoming> {
        let request = Request::get(&self.url).body(Empty::new()).unwrap();
        self.client.request(request).await.unwrap()
    }

    /// Opens streams until one is admitted.
    async fn admitted(&self) -> Response<Incoming> {
        loop {
            let response = self.open().await;
            if response.status() == 200 {
                return response;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_answered_while_streams_are_held() {
    // The streams are not ended while the test runs.
    let serve = Serve::start(&["--stream-idle", "60m"]);
    let mut held = Vec::new();
    // Before there were limits, 700 stopped every caller: the bodies filled the window of the one channel.
    for _ in 0..30 {
        let client = Unreading::new(&serve);
        for _ in 0..100 {
            let response = client.open().await;
            assert_eq!(response.status(), 200);
            held.push(response);
        }
        held.last_mut().unwrap().extensions_mut().insert(std::sync::Arc::new(client));
    }
    for (path, status) in [
        ("/v1/errors", 200),
        ("/v1/errors/403003", 200),
        ("/errors", 200),
        ("/errors/403003", 200),
        ("/v1/errors/403003:raise", 403),
        (PATH, 200),
    ] {
        let answer = tokio::time::timeout(BOUND, serve.get(path)).await.expect(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(path != PATH || answer.body.ends_with(b"}\n"), "the end of the stream");
    }
    let mut client = serve.client().await;
    assert_eq!(client.raise_error(raise(403_003, "")).await.unwrap_err().error_code(), USER_BANNED);
    let mut stream = client.raise_error_stream(raise_stream(403_003, "", 1000)).await.unwrap().into_inner();
    for _ in 0..1000 {
        stream.message().await.unwrap().unwrap();
    }
    assert_eq!(stream.message().await.unwrap_err().error_code(), USER_BANNED);
    assert_eq!(held.len(), 3000);
}

/// A refusal has its code and says when to try again, over HTTP/2 and HTTP/1.
#[tokio::test]
async fn more_streams_than_the_limits_allow_are_refused() {
    let serve = Serve::start(&["--max-streams-per-connection", "2", "--max-streams", "3"]);
    let (a, b) = (Unreading::new(&serve), Unreading::new(&serve));
    let held = [a.open().await, a.open().await, b.open().await];
    assert!(held.iter().all(|response| response.status() == 200));

    for (client, status) in [(&a, 429), (&b, 503)] {
        let refused = client.open().await;
        assert_eq!(refused.status(), status);
        assert_eq!(refused.headers()["codelibra-error-code"], format!("{status}000"));
        assert_eq!(refused.headers()["retry-after"], "30");
    }
    let answer = serve.get(PATH).await;
    assert_eq!((answer.status, answer.error().number()), (503, Some(503_000)));
    assert_eq!(answer.header("retry-after"), "30");
    assert!(answer.error().message().contains("3 streams are open"), "{}", answer.error());
    assert_eq!(serve.get("/v1/errors/403003:raise").await.status, 403);

    // A stream that its caller drops makes room: for the same connection, and for others.
    drop(held);
    a.admitted().await;
    b.admitted().await;
}

/// A client with many connections does not take all streams: those of another address are admitted.
#[cfg(target_os = "linux")] // All of 127.0.0.0/8 is the loopback interface.
#[tokio::test]
async fn one_address_does_not_take_every_stream() {
    let serve = Serve::start(&["--max-streams", "8", "--stream-idle", "60m"]);
    let (mut held, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let client = Unreading::new(&serve);
        let response = client.open().await;
        match response.status().as_u16() {
            200 => held.push((client, response)),
            _ => refused.push(response),
        }
    }
    assert_eq!((held.len(), refused.len()), (6, 2));
    for refused in refused {
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["codelibra-error-code"], "429000");
        assert_eq!(refused.headers()["retry-after"], "60");
    }
    let other = Unreading::from_address(&serve, [127, 0, 0, 2]);
    let held_by_other = [other.open().await, other.open().await];
    assert!(held_by_other.iter().all(|response| response.status() == 200));
    assert_eq!(other.open().await.status(), 503);
}

/// Nothing of an unread response arrives at its caller, not even an error. Its stream is reset.
#[tokio::test]
async fn a_stream_that_is_not_read_is_ended() {
    let serve = Serve::start(&["--max-streams", "1", "--stream-idle", "100ms"]);
    let (a, b) = (Unreading::new(&serve), Unreading::new(&serve));
    let mut held = a.open().await;
    // Its place is given to the next caller.
    b.admitted().await;
    let ended = held.body_mut().frame().await.unwrap().unwrap_err();
    assert!(
        format!("{ended:?}").contains("CANCEL"),
        "RST_STREAM, and not the end of the connection: {ended:?}"
    );
    // The connection is not affected.
    a.admitted().await;
}

/// A response of any other kind is ended too.
#[tokio::test]
async fn a_page_that_is_not_read_is_ended() {
    let serve = Serve::start(&["--stream-idle", "100ms"]);
    let client = Unreading { url: format!("{}/errors", serve.http), ..Unreading::new(&serve) };
    let mut held = client.open().await;
    assert_eq!(held.status(), 200);
    held.body_mut().frame().await.unwrap().unwrap_err();
}

/// A caller that reads gets all items and the error at their end. The unit test of `streams` reads slowly, on the clock of
/// the test.
#[tokio::test]
async fn a_stream_that_is_read_is_not_ended() {
    let serve = Serve::start(&["--stream-idle", "5s", "--max-streams", "1"]);
    let client: Http2 = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::get(format!("{}{PATH}", serve.http)).body(Empty::new()).unwrap();
    let body = client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let last = body.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap();
    let last: serde_json::Value = serde_json::from_slice(last).unwrap();
    let error = Reader::new::<ErrorCode>().read_body(last["error"].to_string().as_bytes());
    assert_eq!(error.code(), USER_BANNED);
}
