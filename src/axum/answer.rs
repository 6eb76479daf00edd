//! From what a service answered to what leaves.

use std::error::Error;
use std::sync::Arc;

use axum_core::body::Body;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, LAST_MODIFIED, LINK, TRANSFER_ENCODING, VARY,
};
use http::response::Parts;
use http::{Response, StatusCode};

use super::into_response::Failed;
use crate::ERROR_CODE_HEADER;
use crate::guard::{Panic, discard};
use crate::http::{Caller, Failing, Responder};
use crate::log::Door;
use crate::request_line::RequestLine;

/// What describes a body that is replaced.
const OF_THE_BODY: [HeaderName; 8] = [
    ACCEPT_RANGES,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
    TRANSFER_ENCODING,
];

/// What is known of one call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) responder: Arc<Responder>,
    pub(super) caller: Caller,
    pub(super) request: RequestLine,
}

/// What is to be done with an answer.
pub(super) enum Sorted {
    /// It leaves.
    Done(Response<Body>),
    /// It is text that becomes a message.
    Text(Parts, Body),
}

impl Call {
    pub(super) fn sort(&self, response: Response<Body>) -> Sorted {
        let (mut parts, body) = response.into_parts();
        match parts.extensions.remove::<Failed>() {
            Some(failed) => {
                // A layer between may have wrapped it.
                if let Err(panic) = discard(body) {
                    self.panic_in_drop(&panic);
                }
                Sorted::Done(self.answer(parts, failed.failing()))
            }
            None if is_plain_failure(&parts) => Sorted::Text(parts, body),
            None => Sorted::Done(Response::from_parts(parts, body)),
        }
    }

    /// The answer to a failure that said no more than a text.
    pub(super) fn text(&self, parts: Parts, text: &[u8]) -> Response<Body> {
        let mut error = self.responder.of_status(parts.status);
        let text = String::from_utf8_lossy(text);
        if !text.trim().is_empty() {
            error = error.with_message(text.trim().to_owned());
        }
        self.answer(parts, Failing::Own(&error))
    }

    pub(super) fn panic(&self, panic: &Panic) -> Response<Body> {
        self.answer_alone(Failing::Panic(panic)).map(Body::from)
    }

    /// Logs a panic of a drop, whose call already has its answer.
    pub(super) fn panic_in_drop(&self, panic: &Panic) {
        self.responder.panic_in_drop(Door::Axum, (self.caller, Some(&self.request)), panic);
    }

    /// The answer to an error of the service itself.
    pub(super) fn error(&self, error: &(dyn Error + 'static)) -> Response<Body> {
        self.answer_alone(Failing::Service(error)).map(Body::from)
    }

    pub(super) fn timeout(&self) -> Response<Body> {
        self.answer_alone(Failing::Late).map(Body::from)
    }

    fn answer_alone(&self, failing: Failing<'_>) -> Response<Bytes> {
        let error = self.responder.settle(Door::Axum, (self.caller, Some(&self.request)), failing);
        self.responder.write(self.caller, &error)
    }

    /// Writes an error into an answer, whose other fields stay.
    fn answer(&self, mut parts: Parts, failing: Failing<'_>) -> Response<Body> {
        let (new, body) = self.answer_alone(failing).into_parts();
        parts.status = new.status;
        for name in &OF_THE_BODY {
            parts.headers.remove(name);
        }
        for (name, value) in &new.headers {
            put(&mut parts.headers, name, value);
        }
        Response::from_parts(parts, Body::from(body))
    }
}

/// Fields of which there may be many are joined; others are replaced.
fn put(fields: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    if *name != VARY && *name != LINK {
        fields.insert(name, value.clone());
    } else if !fields.get_all(name).iter().any(|old| old == value) {
        fields.append(name, value.clone());
    }
}

/// Whether the answer is a failure that speaks no format of its own, and is not ours.
fn is_plain_failure(parts: &Parts) -> bool {
    let is_failure = |status: StatusCode| status.is_client_error() || status.is_server_error();
    let is_plain = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"text/plain");
    is_failure(parts.status)
        && !parts.headers.contains_key(ERROR_CODE_HEADER)
        && parts.headers.get(CONTENT_TYPE).is_none_or(is_plain)
        && !parts.headers.contains_key(CONTENT_ENCODING)
}
