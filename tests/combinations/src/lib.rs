//! Every combination of the fields with which a gRPC response can end, and the expected result of each.

#![allow(missing_docs, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use codelibra::{ApiError, ErrorCode, GrpcCode};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use tower::Service;

/// The joint meaning of the values of `grpc-status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Missing,
    Ok,
    Failed(GrpcCode),
}

const UNKNOWN: Meaning = Meaning::Failed(GrpcCode::Unknown);
const DENIED: Meaning = Meaning::Failed(GrpcCode::PermissionDenied);

/// Values of `grpc-status`: missing, OK, a failure, invalid, and sent twice.
const STATUSES: [(&[&str], Meaning); 13] = [
    (&[], Meaning::Missing),
    (&["0"], Meaning::Ok),
    (&["00"], Meaning::Ok),
    (&["7"], DENIED),
    (&["07"], DENIED),
    (&["abc"], UNKNOWN),
    (&[""], UNKNOWN),
    (&["99"], UNKNOWN),
    (&["0", "0"], Meaning::Ok),
    (&["7", "7"], DENIED),
    (&["7,7"], DENIED),
    (&["0", "7"], UNKNOWN),
    (&["7", "0"], UNKNOWN),
];

/// A field other than `grpc-status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Missing,
    Good,
    Odd,
}

const FIELDS: [Field; 3] = [Field::Missing, Field::Good, Field::Odd];

/// The fields of headers or of trailers.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub statuses: &'static [&'static str],
    pub status: Meaning,
    pub message: Field,
    pub details: Field,
    pub code: Field,
}

impl Block {
    /// Returns whether 403003 can be read from the block.
    fn is_coded(&self) -> bool {
        self.details == Field::Good || self.code == Field::Good
    }

    fn fields(&self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for status in self.statuses {
            fields.append("grpc-status", HeaderValue::from_static(status));
        }
        let mut put = |name, field, good: HeaderValue, odd| match field {
            Field::Missing => {}
            Field::Good => drop(fields.insert(HeaderName::from_static(name), good)),
            Field::Odd => drop(fields.insert(HeaderName::from_static(name), HeaderValue::from_static(odd))),
        };
        put("grpc-message", self.message, HeaderValue::from_static("good"), "%FF");
        put("grpc-status-details-bin", self.details, details(), "!");
        put("codelibra-error-code", self.code, HeaderValue::from_static("403003"), "abc");
        fields
    }
}

/// Returns the details of 403003 with PERMISSION_DENIED.
fn details() -> HeaderValue {
    let status = tonic::Status::from(ApiError::new(ErrorCode::USER_BANNED).with_message("good"));
    status.into_http::<()>().headers()["grpc-status-details-bin"].clone()
}

/// Returns every combination of one block, with its fields.
pub fn blocks() -> Vec<(Block, HeaderMap)> {
    let mut blocks = Vec::new();
    for (statuses, status) in STATUSES {
        for message in FIELDS {
            for details in FIELDS {
                for code in FIELDS {
                    let block = Block { statuses, status, message, details, code };
                    blocks.push((block, block.fields()));
                }
            }
        }
    }
    blocks
}

/// The parts of a response after the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing: the headers are the trailers.
    HeadersOnly,
    Message,
    Trailers,
    MessageAndTrailers,
}

impl Shape {
    pub const fn has_message(self) -> bool {
        matches!(self, Self::Message | Self::MessageAndTrailers)
    }
}

/// One response.
#[derive(Clone, Debug)]
pub struct Combination<'a> {
    pub shape: Shape,
    pub encoding: Field,
    pub headers: &'a (Block, HeaderMap),
    pub trailers: Option<&'a (Block, HeaderMap)>,
}

/// The expected result of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// OK, or the gRPC code of the failure.
    pub grpc_code: GrpcCode,
    /// Whether the reader must find 403003.
    pub is_coded: bool,
}

impl Combination<'_> {
    /// Returns the expected result. The rules are in the order in which they apply.
    pub fn expected(&self) -> Expected {
        let (headers, trailers) = (self.headers.0, self.trailers.map(|trailers| trailers.0));
        let ok = Expected { grpc_code: GrpcCode::Ok, is_coded: false };
        // A failure in the headers ends the call. The rest is not read.
        if let Meaning::Failed(grpc_code) = headers.status {
            return Expected { grpc_code, is_coded: headers.is_coded() };
        }
        let is_coded = headers.is_coded() || trailers.is_some_and(|trailers| trailers.is_coded());
        match (trailers.map_or(Meaning::Missing, |trailers| trailers.status), headers.status) {
            // The status of the trailers has priority over the one of the headers.
            (Meaning::Failed(grpc_code), _) => Expected { grpc_code, is_coded },
            (Meaning::Ok, _) => ok,
            // An OK without a contradiction. Details without a status are no contradiction, because a status has priority.
            (Meaning::Missing, Meaning::Ok) => ok,
            // Without a status, the received code gives the status.
            (Meaning::Missing, _) if is_coded => Expected { grpc_code: GrpcCode::PermissionDenied, is_coded },
            (Meaning::Missing, _) => Expected { grpc_code: GrpcCode::Unknown, is_coded },
        }
    }

    pub fn response(&self) -> Response<Frames> {
        let mut frames = VecDeque::new();
        if self.shape.has_message() {
            frames.push_back(Frame::data(Bytes::from_static(&[0; 5])));
        }
        frames.extend(self.trailers.map(|(_, fields)| Frame::trailers(fields.clone())));
        let mut response = Response::new(Frames(frames));
        let headers = response.headers_mut();
        headers.clone_from(&self.headers.1);
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        match self.encoding {
            Field::Missing => None,
            Field::Good => headers.insert("grpc-encoding", HeaderValue::from_static("identity")),
            Field::Odd => headers.insert("grpc-encoding", HeaderValue::from_static("br")),
        };
        response
    }
}

/// Calls `visit` with each combination whose headers are among `headers`.
pub fn for_each(
    headers: &[(Block, HeaderMap)],
    trailers: &[(Block, HeaderMap)],
    mut visit: impl FnMut(&Combination<'_>),
) {
    for headers in headers {
        for encoding in FIELDS {
            for shape in [Shape::HeadersOnly, Shape::Message] {
                visit(&Combination { shape, encoding, headers, trailers: None });
            }
            for trailers in trailers {
                for shape in [Shape::Trailers, Shape::MessageAndTrailers] {
                    visit(&Combination { shape, encoding, headers, trailers: Some(trailers) });
                }
            }
        }
    }
}

/// A body that is ready immediately.
#[derive(Debug)]
pub struct Frames(VecDeque<Frame<Bytes>>);

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

/// The service that sends a combination.
#[derive(Clone, Debug)]
pub struct Peer<'a>(pub &'a Combination<'a>);

impl<B> Service<Request<B>> for Peer<'_> {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(self.0.response()))
    }
}

/// Returns the result of a future that is ready immediately.
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

/// The number of problems, and the first of them.
#[derive(Debug, Default)]
pub struct Problems {
    pub count: usize,
    first: Vec<String>,
}

impl Problems {
    pub fn push(&mut self, combination: &Combination<'_>, problem: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < 10 {
            self.first.push(format!("{}\n    {combination:?}", problem()));
        }
    }

    #[track_caller]
    pub fn assert_none(&self) {
        assert_eq!(self.count, 0, "{}", self.first.join("\n"));
    }
}
