//! The future of a call: checks the headers of the response, and turns an error or a panic of the service into a failure.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::Status;

use super::body::ServerBody;
use super::call::{End, ServerCall};
use super::failure::{from_service_error, from_violation};
use super::grpc_web::{self, answer_encoding};
use super::{protocol, success};
use crate::catalog::tables::class_to_grpc;
use crate::catalog::{CodeNumber, GrpcCode};
use crate::error::ApiError;
use crate::guard::service::ServiceFuture;
use crate::guard::timed::{TimedFuture, Unanswered};
use crate::guard::timer::Timer;
use crate::guard::{BoxError, Panic, discard};
use crate::inbound::header_scan::HeaderScan;
use crate::outbound::failure::{Failure, Origin};
use crate::wire::grpc_web::Protocol;
use crate::wire::header::ERROR_CODE_HEADER;
use crate::wire::media_type::WebEncoding;
use crate::wire::parse_code;

pin_project! {
    /// The future of [`ServerService`](super::ServerService).
    ///
    /// [`ServerLayer`](super::ServerLayer) has an example.
    #[derive(Debug)]
    pub struct ServerFuture<F> {
        #[pin]
        inner: TimedFuture<F>,
        // Present until the service has returned its response.
        call: Option<ServerCall>,
    }
}

impl<F> ServerFuture<F> {
    #[inline]
    pub(super) fn new(inner: ServiceFuture<F>, call: ServerCall, deadline: Option<Instant>) -> Self {
        Self { inner: TimedFuture::new(inner, deadline), call: Some(call) }
    }
}

impl<F, Res, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<Res>, E>>,
    E: Into<BoxError>,
    Res: Send + 'static,
{
    type Output = Result<Response<ServerBody<Res>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // The service has returned its response: a panic from now on is only logged.
        let log_drop = |panic: &Panic| this.call.iter().for_each(|call| call.panic_in_drop(panic));
        // A response is large, so it is changed in place and moved once.
        let mut polled = Poll::Pending;
        let result = ready!(this.inner.as_mut().poll(cx, &mut polled, log_drop));
        let Some(call) = this.call.take() else { return Poll::Pending };
        if let Err(unanswered) = result {
            return Poll::Ready(Ok(call.unanswered(unanswered)));
        }
        let Poll::Ready(Ok(mut response)) = polled else { return Poll::Pending };
        let (end, web) = match call.begin(&mut response) {
            ResponseStart::Body { end, web } => (end, web),
            ResponseStart::NoBody => return Poll::Ready(Ok(call.without_body(response))),
            ResponseStart::Failed(failure) => {
                call.discard(response);
                return Poll::Ready(Ok(call.trailers_only(&failure)));
            }
        };
        // The end of an HTTP response cannot contain a failure, so its body has no deadline.
        let timer = if end == End::Http { Timer::NONE } else { this.inner.take_timer() };
        Poll::Ready(Ok(response.map(|body| ServerBody::new(body, call, timer, end, web))))
    }
}

/// What follows the headers of a response.
enum ResponseStart {
    Body {
        end: End,
        web: Option<WebEncoding>,
    },
    NoBody,
    /// The response is not sent.
    Failed(Box<Failure<'static>>),
}

impl ServerCall {
    /// Checks the headers of a response, which may contain the status of the call.
    #[inline]
    fn begin<B>(&self, response: &mut Response<B>) -> ResponseStart {
        let scan = HeaderScan::from_fields(response.headers());
        let web = if scan.has(HeaderScan::GRPC) { None } else { answer_encoding(response.headers()) };
        if web.is_some()
            && let Some(failure) = grpc_web::prepare(response.headers_mut())
        {
            return ResponseStart::Failed(Box::new(failure));
        }
        let end = if scan.has(HeaderScan::STATUS) {
            if scan.has(HeaderScan::ODD_STATUS) {
                self.failed(response, scan.has(HeaderScan::GRPC) || web.is_some());
                let is_web = matches!(self.protocol, Protocol::GrpcWeb(_)) && !scan.has(HeaderScan::GRPC);
                if web.is_some() || is_web {
                    // PROTOCOL-WEB.md: trailers-only has no body. A trailer frame would be a second status.
                    return ResponseStart::NoBody;
                }
            } else {
                success::remove_failure(response.headers_mut(), scan);
            }
            End::NotDue
        } else if !grpc_web::fits(self.protocol, scan.has(HeaderScan::GRPC), web, response.status()) {
            let failure = self.http_failure(response.status(), response.headers());
            return ResponseStart::Failed(Box::new(failure));
        } else if self.protocol == Protocol::Other && !scan.has(HeaderScan::GRPC) && web.is_none() {
            End::Http
        } else if self.protocol == Protocol::Other {
            End::NotDue
        } else {
            success::remove_failure(response.headers_mut(), scan);
            End::Due
        };
        ResponseStart::Body { end, web }
    }

    #[cold]
    fn without_body<B>(&self, response: Response<B>) -> Response<ServerBody<B>> {
        response.map(|body| {
            self.discard(body);
            ServerBody::ended()
        })
    }

    /// Returns the response to a call for which the service made none.
    #[cold]
    fn unanswered<B>(&self, error: Unanswered) -> Response<ServerBody<B>> {
        self.trailers_only(&match error {
            Unanswered::Error(error) => from_service_error(error),
            Unanswered::Panic(panic) => Failure::from_panic(panic),
            Unanswered::DeadlinePassed => self.timeout(Ok(())),
        })
    }

    /// Drops a response or a body that is not sent.
    #[cold]
    fn discard<T>(&self, value: T) {
        if let Err(panic) = discard(value) {
            self.panic_in_drop(&panic);
        }
    }

    /// Returns the failure for an HTTP response to a gRPC request. Its code is the one in the field of the response, or otherwise
    /// that of the HTTP status.
    #[cold]
    fn http_failure(&self, status: StatusCode, fields: &HeaderMap) -> Failure<'static> {
        let what = format!("the service sent HTTP {status}, which is not a gRPC response");
        // Any gRPC request to an HTTP route has such a response.
        let is_of_request = is_web_layer_rejection(self.protocol, status);
        let origin = if is_error(status) && !is_of_request { Origin::Service } else { Origin::Either };
        let code = fields.get(ERROR_CODE_HEADER).and_then(|value| parse_code(value.as_bytes()));
        let failure = match code {
            Some(code) => Failure::own(
                ApiError::from_number(self.config.policy.catalog, CodeNumber::from_any(code))
                    .with_cause(what),
            ),
            None if is_of_request => from_violation(GrpcCode::Internal, what),
            None => from_violation(http_to_grpc(status), what),
        };
        failure.with_origin(origin)
    }

    /// Rewrites the failure in the headers of a response.
    #[cold]
    fn failed<B>(&self, response: &mut Response<B>, is_protocol: bool) {
        // If the status stayed, a layer outside would log its private cause again.
        let status = response.extensions_mut().remove::<Status>();
        let fields = response.headers_mut();
        match self.protocol {
            Protocol::Other => {}
            Protocol::Grpc => {
                fields.entry(CONTENT_TYPE).or_insert(self.protocol.content_type());
            }
            Protocol::GrpcWeb(_) if is_protocol && protocol::is_valid_content_type(fields) => {}
            Protocol::GrpcWeb(_) => {
                fields.insert(CONTENT_TYPE, self.protocol.content_type());
            }
        }
        self.finish(fields, status.as_ref());
        // The drop of the source is foreign code.
        self.discard(status);
    }

    #[cold]
    fn trailers_only<B>(&self, failure: &Failure<'_>) -> Response<ServerBody<B>> {
        let mut response = Response::new(ServerBody::ended());
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, self.protocol.content_type());
        self.send(fields, failure);
        response
    }
}

/// Returns the gRPC code for the HTTP status of a service of this process. A path that does not exist is a method that does not
/// exist, as in gRPC's "HTTP to gRPC Status Code Mapping".
fn http_to_grpc(status: StatusCode) -> GrpcCode {
    if status == StatusCode::NOT_FOUND {
        return GrpcCode::Unimplemented;
    }
    if is_error(status) { class_to_grpc(status.as_u16()) } else { GrpcCode::Internal }
}

/// Returns whether a layer for gRPC-Web rejected the request itself, for example because it does not know the message format. No
/// argument of the method is invalid, so the failure is INTERNAL: gRPC's "HTTP to gRPC Status Code Mapping" maps 400 to it.
fn is_web_layer_rejection(request: Protocol, status: StatusCode) -> bool {
    matches!(request, Protocol::GrpcWeb(_))
        && matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
