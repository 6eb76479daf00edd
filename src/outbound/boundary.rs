//! The boundary: what may be sent to unknown callers and to services of the same owner.

use std::borrow::Cow;

use crate::catalog::Catalog;
use crate::wire::details::Detail;
use crate::wire::rpc;

/// The rule which parts of a failure may be sent, over every transport: the gRPC server, both bridges, streams and axum.
///
/// [`public`](Self::public), the default, is for services with unknown callers:
///
/// - The message of a 5xx is its entry's summary, and google.rpc.DebugInfo is removed. If no catalogue is known that lists
///   the code, the message is the phrase of its class. A gRPC server knows the catalogue of its service; an
///   [`ApiError`](struct@crate::ApiError) over HTTP also knows its own.
/// - A failure without a code gets the code of the fallback table. Its message and its details are not sent: they may come
///   from an `io::Error`, from another service's status behind `?`, or from the page of a proxy. There is one exception: the
///   text of a 4xx that an axum handler returns was written for its callers, and is the message.
/// - An error whose domain is neither this service's nor allowed becomes the fallback of INTERNAL.
/// - An error that was received from another service is sent with its code if its domain is this service's or allowed.
///   Only declared parameters that are not text are sent with it. A received error without a code becomes the fallback of
///   INTERNAL. In the server layer, an error is received if it came through the client layer, which marks it. Over HTTP, it is a
///   [`ReceivedError`](crate::ReceivedError) that an axum handler returns or that `Responder::respond_received` sends.
///   A gateway in front of its own service uses `axum::GatewayError` or `Responder::respond_forwarded`. The result of
///   [`ReceivedError::assume_trusted`](crate::ReceivedError::assume_trusted) is this service's own error.
/// - Headers of a failed gRPC response that are not gRPC's own are removed, and none crosses a bridge. A response of axum
///   keeps the headers that its handler set.
///
/// [`internal`](Self::internal) is for services that only other services of the same owner call. Messages, metadata and
/// details of any domain are sent, google.rpc.DebugInfo included. A failure without a code gets the code of the fallback
/// table; if an ErrorInfo without a number names a domain or a reason, these are sent, and the code is `CCC000` of the class.
/// Neither boundary sends these things:
///
/// - a second ErrorInfo that contradicts the one with the code, and details that no reader can read (cut off, or without a
///   type);
/// - over gRPC, a google.rpc.RequestInfo with another id than the one that the server layer chooses: the caller's, else the
///   error's if it is 1 to 48 letters, digits and `-._:+/=`, else a new one. The other transports choose the error's, else the
///   caller's. A RequestInfo with the chosen id is kept whole;
/// - in gRPC's fields, the parts that the [`Budget`](crate::Budget) removes, a reason of more than 63 bytes, and a domain of
///   more than 255 bytes: without its domain, the code is `CCC000` of the class;
/// - metadata that is not UTF-8, and metadata under `code` or `shed` where google.rpc.ErrorInfo is sent alone;
/// - the headers of a received error.
///
/// A message that is missing is the summary of the code's entry, else the phrase of its class. A broken connection, a timeout
/// and a panic have a code of the fallback table and no message: their text is a private cause, which neither boundary sends.
/// What is not sent is in the log, once.
///
/// ```
/// use codelibra::http::{Reader, Responder};
/// use codelibra::{Boundary, ErrorCode};
///
/// let error = ErrorCode::UNEXPECTED_ERROR.with_message("the table users is locked");
/// let sent = |boundary| {
///     let request = http::Request::new(());
///     let responder = Responder::new::<ErrorCode>().boundary(boundary);
///     let (parts, body) = responder.respond(&request, &error).into_parts();
///     Reader::new::<ErrorCode>().read_parts(&parts, &body).message().to_owned()
/// };
/// let summary = ErrorCode::UNEXPECTED_ERROR.entry().unwrap().summary;
/// assert_eq!(sent(Boundary::public()), summary);
/// assert_eq!(sent(Boundary::internal()), "the table users is locked");
/// ```
#[derive(Clone, Debug)]
pub struct Boundary {
    reach: Reach,
    domains: Vec<Cow<'static, str>>,
}

/// Returns whether a public boundary removes a detail: google.rpc.DebugInfo, also inside `google.protobuf.Any`, because bodies
/// contain the value of an `Any`. An `Any` nested more than 16 levels deep is removed without looking further.
pub(crate) fn is_debug(detail: &Detail<'_>) -> bool {
    const MAX_DEPTH: usize = 16;
    let mut detail = *detail;
    for _ in 0..MAX_DEPTH {
        // A reader of descriptors takes a name with a dot before it.
        match detail.type_name().trim_start_matches('.') {
            rpc::DebugInfo::FULL_NAME => return true,
            "google.protobuf.Any" => detail = Detail::read(detail.value(), false),
            _ => return false,
        }
    }
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    Internal,
}

impl Boundary {
    /// Returns a boundary for services with unknown callers.
    pub const fn public() -> Self {
        Self { reach: Reach::Public, domains: Vec::new() }
    }

    /// Returns a boundary for services that only other services of the same owner call.
    pub const fn internal() -> Self {
        Self { reach: Reach::Internal, domains: Vec::new() }
    }

    /// Trusts the errors of another domain as this service's own.
    #[must_use]
    pub fn allow_domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.domains.push(domain.into());
        self
    }

    /// Returns whether the callers are unknown.
    pub(crate) fn is_public(&self) -> bool {
        self.reach == Reach::Public
    }

    pub(crate) fn trusts(&self, domain: &str, own: &Catalog) -> bool {
        domain.is_empty() || domain == own.domain() || self.domains.iter().any(|allowed| allowed == domain)
    }
}
