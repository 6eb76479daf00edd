//! What the transports have in common: a service that returns one response, the reader of gRPC's fields, and the check of a row.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fmt::Debug;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use codelibra::http::Reader;
use codelibra::{Note, ReceivedError, StatusCodeExt};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::Status;
use tonic::body::Body;

use crate::oracle::{Expected, Sent};
use crate::support::Log;
use crate::table::{ID, SERVICE};

/// The result of a future that waits for nothing.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

/// A service that returns a response once.
pub(crate) struct Once<B>(Arc<Mutex<Option<Response<B>>>>);

impl<B> Clone for Once<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Once<B> {
    pub(crate) fn new(response: Response<B>) -> Self {
        Self(Arc::new(Mutex::new(Some(response))))
    }
}

impl<R, B> tower::Service<Request<R>> for Once<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        std::future::ready(Ok(self.0.lock().unwrap().take().unwrap()))
    }
}

/// A body that is ready at once.
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where the fields of a failed gRPC response are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Headers,
    Trailers,
    TrailersAfterAMessage,
}

pub(crate) const PLACES: [Place; 3] = [Place::Headers, Place::Trailers, Place::TrailersAfterAMessage];

/// An empty message.
pub(crate) const EMPTY: &[u8] = &[0; 5];

/// The response of a service that failed with a status.
pub(crate) fn grpc_response(status: &Status, place: Place) -> Response<Body> {
    let whole = status.clone().into_http::<Body>();
    if place == Place::Headers {
        return whole;
    }
    let (mut parts, _) = whole.into_parts();
    let mut trailers = std::mem::take(&mut parts.headers);
    parts.headers.extend(trailers.remove("content-type").map(|value| (http::header::CONTENT_TYPE, value)));
    let mut frames = VecDeque::new();
    if place == Place::TrailersAfterAMessage {
        frames.push_back(Frame::data(Bytes::from_static(EMPTY)));
    }
    frames.push_back(Frame::trailers(trailers));
    Response::from_parts(parts, Body::new(Frames(frames)))
}

pub(crate) fn grpc_request() -> Request<Body> {
    let request = Request::post("/test.v1.Test/Unary").header("content-type", "application/grpc");
    request.header("x-request-id", ID).body(Body::empty()).unwrap()
}

pub(crate) fn http_request() -> Request<Body> {
    Request::get("/items/7").header("x-request-id", ID).body(Body::empty()).unwrap()
}

/// What a caller received.
pub(crate) struct Received {
    pub(crate) sent: Option<Sent>,
    /// Every byte, base64 and percent-encoding decoded too.
    pub(crate) bytes: Vec<u8>,
    faults: Vec<Note>,
}

/// What is wrong with an error. An unknown code or domain is not.
fn faults(error: &ReceivedError) -> Vec<Note> {
    let notes =
        error.notes().iter().filter(|note| !matches!(note, Note::UnknownCode(_) | Note::ForeignDomain(_)));
    notes.cloned().collect()
}

impl Received {
    pub(crate) const fn nothing() -> Self {
        Self { sent: None, bytes: vec![], faults: vec![] }
    }

    pub(crate) fn from_error(error: &ReceivedError, bytes: &[u8]) -> Self {
        Self { sent: Some(Sent::read(error)), bytes: bytes.to_vec(), faults: faults(error) }
    }

    fn add_fields(&mut self, fields: &HeaderMap) {
        for value in fields.values() {
            self.bytes.extend_from_slice(value.as_bytes());
            self.bytes.extend(STANDARD_NO_PAD.decode(value.as_bytes()).unwrap_or_default());
        }
        if let Some(status) = Status::from_header_map(fields) {
            self.bytes.extend_from_slice(status.message().as_bytes());
        }
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.bytes).contains(text)
    }

    /// Reads a gRPC response.
    pub(crate) async fn read_grpc<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Debug,
    {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        Self::from_grpc(&parts.headers, trailers.as_ref(), &collected.to_bytes())
    }

    pub(crate) fn from_grpc(headers: &HeaderMap, trailers: Option<&HeaderMap>, body: &[u8]) -> Self {
        let mut received = Self { sent: None, bytes: body.to_vec(), faults: vec![] };
        received.add_fields(headers);
        trailers.iter().for_each(|trailers| received.add_fields(trailers));
        let status = Status::from_header_map(trailers.unwrap_or(headers)).unwrap();
        let error = status.to_received_with(&SERVICE);
        received.faults = faults(&error);
        // As a strict reader takes it.
        let strict: tonic_types::pb::Status = prost::Message::decode(status.details()).unwrap();
        assert_eq!((strict.code, &*strict.message), (i32::from(status.code()), status.message()));
        received.sent = Some(Sent::read(&error));
        received
    }

    /// Reads an HTTP response.
    pub(crate) async fn read_http<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Debug,
    {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let mut received = Self::from_error(&Reader::from_catalog(&SERVICE).read_parts(&parts, &body), &body);
        received.add_fields(&parts.headers);
        received
    }
}

/// When an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logs {
    Always,
    /// Only if something is not sent.
    IfWithheld,
    Never,
}

/// The rows that failed.
pub(crate) struct Problems {
    log: Log,
    rows: usize,
    failed: usize,
    /// One row of each problem.
    first: BTreeMap<String, String>,
}

impl Problems {
    pub(crate) fn start() -> Self {
        let log = Log::start();
        Self { log, rows: 0, failed: 0, first: BTreeMap::new() }
    }

    /// Compares what was received, and the log, with what is expected.
    pub(crate) fn check(&mut self, row: &dyn Debug, received: &Received, expected: &Expected, logs: Logs) {
        self.rows += 1;
        let log = self.log.take();
        let mut found = Vec::new();
        if let Some(sent) = received.sent.as_ref().filter(|sent| **sent != expected.sent) {
            found.push(format!("sent     {sent:?}\n    expected {:?}", expected.sent));
        }
        if !received.faults.is_empty() {
            found.push(format!("faults {:?}", received.faults));
        }
        let withheld = || expected.log.iter().filter(|(_, count)| *count > 0);
        let is_expected = match logs {
            Logs::Always => true,
            Logs::IfWithheld => withheld().next().is_some(),
            Logs::Never => false,
        };
        if log.lines().count() != usize::from(is_expected) {
            found.push(format!("{} events", log.lines().count()));
        }
        for (text, count) in expected.log.iter().filter(|_| is_expected) {
            if log.matches(text).count() != *count {
                found
                    .push(format!("{text:?} is in the log {} times, not {count}", log.matches(text).count()));
            }
        }
        found.extend(
            withheld()
                .filter(|(text, _)| received.contains(text))
                .map(|(text, _)| format!("{text:?} is sent")),
        );
        let id = received.sent.as_ref().and_then(|sent| sent.request.as_ref());
        if let Some((id, _)) =
            id.filter(|(id, _)| is_expected && !log.contains(&format!("request_id=\"{id}\"")))
        {
            found.push(format!("the event does not have the id {id}"));
        }
        if !found.is_empty() {
            self.failed += 1;
            let found = found.join("\n    ");
            if self.first.len() < 8 {
                self.first.entry(found).or_insert_with(|| format!("{row:?}\n    log: {log}"));
            }
        }
    }

    fn report(&self) -> String {
        self.first.iter().map(|(found, row)| format!("{row}    {found}\n")).collect()
    }

    /// Fails if a row failed, or if fewer rows than these were checked.
    #[track_caller]
    pub(crate) fn finish(self, at_least: usize) {
        assert_eq!(self.failed, 0, "of {} rows:\n{}", self.rows, self.report());
        assert!(self.rows >= at_least, "{} rows", self.rows);
    }
}
