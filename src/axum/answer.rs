//! Turns the response of a service into the one that is sent.

use std::borrow::Cow;
use std::sync::Arc;

use axum_core::body::Body;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, LAST_MODIFIED, LINK, TRANSFER_ENCODING, VARY,
};
use http::response::Parts;
use http::{Response, StatusCode};

use super::handler_failure::HandlerFailure;
use crate::catalog::GrpcCode;
use crate::catalog::tables::class_to_grpc;
use crate::guard::timed::Unanswered;
use crate::guard::{Panic, discard};
use crate::http::{Caller, Responder, read_grpc_failure};
use crate::outbound::failure::{Failure, Origin};
use crate::outbound::log::Transport;
use crate::wire::grpc_web::Protocol;
use crate::wire::header::{ERROR_CODE_HEADER, GRPC_STATUS};
use crate::wire::media_type::MediaType;

/// The fields that describe a body. They are removed if the body is replaced.
const BODY_FIELDS: [HeaderName; 8] = [
    ACCEPT_RANGES,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
    TRANSFER_ENCODING,
];

/// The code of UNIMPLEMENTED without a specific reason.
const UNIMPLEMENTED: u32 = 501_000;

/// A call of the service inside the layer.
#[derive(Clone, Debug)]
pub(super) struct HandlerCall {
    pub(super) responder: Arc<Responder>,
    pub(super) caller: Caller,
    pub(super) protocol: Protocol,
}

/// A response of the service, by what the layer does with it.
pub(super) enum Classified {
    /// This response is sent.
    Done(Response<Body>),
    /// The body is read first. It is text, which becomes a message.
    Text(Parts, Body),
}

impl HandlerCall {
    pub(super) fn classify(&self, response: Response<Body>) -> Classified {
        let (mut parts, body) = response.into_parts();
        match parts.extensions.remove::<HandlerFailure>() {
            Some(failure) => {
                // A layer between the handler and this layer may have wrapped the body, so its drop may panic.
                self.discard(body);
                Classified::Done(self.answer(parts, &failure.to_failure(self.responder.catalog())))
            }
            // A layer inside has compressed the text, so it cannot be read.
            None if is_plain_failure(&parts) && parts.headers.contains_key(CONTENT_ENCODING) => {
                self.discard(body);
                Classified::Done(self.text(parts, b""))
            }
            None if is_plain_failure(&parts) => Classified::Text(parts, body),
            // For example, the fallback of tonic's router sends gRPC to every caller.
            None if !self.caller.is_grpc() && is_grpc_failure(&parts) => {
                self.discard(body);
                Classified::Done(self.grpc_failure(parts))
            }
            None => Classified::Done(Response::from_parts(parts, body)),
        }
    }

    /// Returns the response to a failure that contains a text only.
    pub(super) fn text(&self, parts: Parts, text: &[u8]) -> Response<Body> {
        let is_unknown = matches!(parts.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        let text = String::from_utf8_lossy(text);
        let message = Cow::Borrowed(text.trim());
        let failure = if self.caller.is_grpc() && is_unknown {
            // gRPC, "HTTP to gRPC Status Code Mapping": 404 is UNIMPLEMENTED.
            Failure::from_text(GrpcCode::Unimplemented, None, message)
        } else {
            Failure::from_text(class_to_grpc(parts.status.as_u16()), Some(parts.status.as_u16()), message)
        };
        self.answer(parts, &failure)
    }

    /// Returns the response of a service that returned none.
    pub(super) fn unanswered(&self, error: Unanswered) -> Response<Body> {
        let response = match error {
            Unanswered::Error(error) => {
                let response = self.answer_alone(&Failure::from_error(&*error));
                // Foreign code: its drop may panic.
                let _ = discard(error);
                response
            }
            Unanswered::Panic(panic) => self.answer_alone(&Failure::from_panic(panic)),
            Unanswered::DeadlinePassed => self.answer_alone(&Failure::from_timeout(Origin::Either)),
        };
        response.map(Body::from)
    }

    /// Drops a body that is replaced.
    fn discard(&self, body: Body) {
        if let Err(panic) = discard(body) {
            self.panic_in_drop(&panic);
        }
    }

    /// Logs a panic of a drop, after the response of its call.
    pub(super) fn panic_in_drop(&self, panic: &Panic) {
        self.responder.panic_in_drop(Transport::Axum, &self.caller, panic);
    }

    /// Returns the HTTP response to a gRPC failure, for a caller that does not read gRPC.
    fn grpc_failure(&self, mut parts: Parts) -> Response<Body> {
        let catalog = self.responder.catalog();
        let Some(error) = read_grpc_failure(&mut parts.headers, parts.status, catalog) else {
            return Response::from_parts(parts, Body::empty());
        };
        let has_no_own_code = error.number().is_none_or(|number| number == UNIMPLEMENTED);
        if error.grpc_code() == GrpcCode::Unimplemented && has_no_own_code {
            // The path does not exist over HTTP.
            let not_found = Failure::from_text(GrpcCode::NotFound, Some(404), Cow::Borrowed(""));
            return self.answer_alone(&not_found).map(Body::from);
        }
        self.answer_alone(&Failure::forwarded(&error)).map(Body::from)
    }

    fn answer_alone(&self, failure: &Failure<'_>) -> Response<Bytes> {
        if !self.caller.is_grpc() {
            let error = self.responder.finish_and_log(Transport::Axum, &self.caller, failure);
            return self.responder.write(&self.caller, &error);
        }
        let mut response = Response::new(Bytes::new());
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, self.protocol.content_type());
        self.responder.finish_in_fields(Transport::Axum, &self.caller, failure, fields);
        response
    }

    /// Writes a failure into a response and keeps its other fields. A gRPC failure keeps none of them.
    fn answer(&self, mut parts: Parts, failure: &Failure<'_>) -> Response<Body> {
        let new = self.answer_alone(failure);
        if self.caller.is_grpc() {
            return new.map(Body::from);
        }
        let (new, body) = new.into_parts();
        parts.status = new.status;
        for name in &BODY_FIELDS {
            parts.headers.remove(name);
        }
        for (name, value) in &new.headers {
            put(&mut parts.headers, name, value);
        }
        Response::from_parts(parts, Body::from(body))
    }
}

/// Sets a field. A field that may occur several times (`Vary`, `Link`) is added to the values that are there.
fn put(fields: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    if *name != VARY && *name != LINK {
        fields.insert(name, value.clone());
    } else if !fields.get_all(name).iter().any(|old| old == value) {
        fields.append(name, value.clone());
    }
}

/// Returns whether the response is a failure whose body is plain text or empty, and which CodeLibra did not write.
fn is_plain_failure(parts: &Parts) -> bool {
    let is_failure = |status: StatusCode| status.is_client_error() || status.is_server_error();
    let is_plain = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"text/plain");
    is_failure(parts.status)
        && !parts.headers.contains_key(ERROR_CODE_HEADER)
        && parts.headers.get(CONTENT_TYPE).is_none_or(is_plain)
}

/// Returns whether the response is a gRPC failure in headers.
fn is_grpc_failure(parts: &Parts) -> bool {
    MediaType::from_fields(&parts.headers) == Some(MediaType::Grpc)
        && parts.headers.get(GRPC_STATUS).is_some_and(|status| status != "0")
}
