//! Errors out of the answers of real HTTP clients, over a socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::http::{MAX_BODY, Reader};
use codelibra::{ErrorCode, Note, ReceivedError};
use http::Response;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

async fn serve() -> String {
    let locked = || async { LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() } };
    let app = Router::new().route("/locked", get(locked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/locked", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

fn check(error: &ReceivedError) {
    assert_eq!(error.code(), Some(ErrorCode::LOCKED_OUT));
    assert_eq!(error.notes(), []);
    assert!(error.decode::<LockedOut>().unwrap().locked_until.is_some());
}

#[tokio::test]
async fn reqwest() {
    let response = reqwest::get(serve().await).await.unwrap();
    check(&Reader::new::<ErrorCode>().read_response(response.into()).await);
}

#[tokio::test]
async fn hyper() {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(serve().await.parse().unwrap()).await.unwrap();
    check(&Reader::new::<ErrorCode>().read_response(response).await);
}

/// Chunks without an end, counted.
struct Endless<'a>(&'a mut usize);

impl http_body::Body for Endless<'_> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        *self.0 += 1;
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&[b'x'; 1 << 16])))))
    }
}

#[tokio::test]
async fn an_endless_body_is_read_to_the_limit() {
    let mut chunks = 0;
    let response = Response::builder().status(502).body(Endless(&mut chunks)).unwrap();
    let error = Reader::new::<ErrorCode>().read_response(response).await;
    assert!(error.notes().contains(&Note::BodyTooLong(MAX_BODY)));
    assert_eq!(error.http_status(), 502);
    assert_eq!(chunks, (MAX_BODY >> 16) + 1);
}
