use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;

use super::ServerBody;
use super::body::End;
use super::failure::{from_service_error, from_violation};
use super::grpc_web::{self, answer_encoding};
use super::layer::Call;
use super::{protocol, success};
use crate::catalog::GrpcCode;
use crate::catalog::tables::class_to_grpc;
use crate::error::ApiError;
use crate::guard::discard;
use crate::guard::service::{BoxError, ServiceError, ServiceFuture};
use crate::inbound::seen::Seen;
use crate::outbound::failure::{Failure, Origin};
use crate::wire::grpc_web::Protocol;
use crate::wire::{ERROR_CODE_HEADER, parse_code};

pin_project! {
    /// The future of [`ServerService`](super::ServerService).
    #[derive(Debug)]
    pub struct ServerFuture<F> {
        #[pin]
        inner: ServiceFuture<F>,
        #[pin]
        timer: Option<Sleep>,
        // Until the service has answered.
        call: Option<Call>,
    }
}

impl<F> ServerFuture<F> {
    #[inline]
    pub(super) fn new(inner: Result<F, ServiceError>, call: Call, deadline: Option<Instant>) -> Self {
        Self { inner: ServiceFuture::new(inner), timer: deadline.map(sleep_until), call: Some(call) }
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
        let failure = match this.inner.as_mut().poll(cx) {
            Ok(Some(Poll::Ready(response))) => {
                let Some(call) = this.call.take() else { return Poll::Pending };
                // The service has answered: what it panics with now is only for the log.
                if let Err(panic) = this.inner.as_mut().clear() {
                    call.panic_in_drop(&panic);
                }
                let deadline = this.timer.as_ref().as_pin_ref().map(|timer| timer.deadline());
                return Poll::Ready(Ok(call.begin(response, deadline)));
            }
            Ok(Some(Poll::Pending) | None) => {
                let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
                ready!(timer.poll(cx));
                let Some(call) = &*this.call else { return Poll::Pending };
                call.timeout(this.inner.as_mut().clear())
            }
            Err(ServiceError::Panic(panic)) => Failure::from_panic(panic),
            Err(ServiceError::Error(error)) => from_service_error(error),
        };
        let dropped = this.inner.as_mut().clear();
        if let (Err(panic), Some(call)) = (dropped, &*this.call) {
            call.panic_in_drop(&panic);
        }
        Poll::Ready(Ok(match this.call.take() {
            Some(call) => call.trailers_only(&failure),
            None => Response::new(ServerBody::ended()),
        }))
    }
}

impl Call {
    /// The answer of the service, as far as its headers say how the call ended.
    #[inline]
    fn begin<B: Send + 'static>(
        self,
        response: Response<B>,
        deadline: Option<Instant>,
    ) -> Response<ServerBody<B>> {
        let seen = Seen::in_fields(response.headers());
        let mut response = response;
        let web = if seen.has(Seen::GRPC) { None } else { answer_encoding(response.headers()) };
        if web.is_some()
            && let Some(failure) = grpc_web::prepare(response.headers_mut())
        {
            self.discard(response);
            return self.trailers_only(&failure);
        }
        let end = if seen.has(Seen::STATUS) {
            if seen.has(Seen::ODD_STATUS) {
                response = self.failed(response, seen.has(Seen::GRPC) || web.is_some());
                let is_web = matches!(self.protocol, Protocol::GrpcWeb(_)) && !seen.has(Seen::GRPC);
                if web.is_some() || is_web {
                    // PROTOCOL-WEB.md: trailers-only has no body. A trailer frame would be a second status.
                    return response.map(|body| {
                        self.discard(body);
                        ServerBody::ended()
                    });
                }
            } else {
                success::remove_failure(response.headers_mut(), seen);
            }
            End::Said
        } else if !grpc_web::fits(self.protocol, seen.has(Seen::GRPC), web, response.status()) {
            let failure = self.http_failure(response.status(), response.headers());
            self.discard(response);
            return self.trailers_only(&failure);
        } else if self.protocol == Protocol::Other && !seen.has(Seen::GRPC) && web.is_none() {
            // A deadline is for an answer that can say that it passed.
            return response.map(|body| ServerBody::new(body, self, None, End::Http, None));
        } else if self.protocol == Protocol::Other {
            End::Said
        } else {
            success::remove_failure(response.headers_mut(), seen);
            End::Due
        };
        response.map(|body| ServerBody::new(body, self, deadline, end, web))
    }

    /// Drops what is not sent.
    #[cold]
    fn discard<T>(&self, value: T) {
        if let Err(panic) = discard(value) {
            self.panic_in_drop(&panic);
        }
    }

    /// What an HTTP answer to a gRPC request means: the code in its field, else the one of its status.
    #[cold]
    fn http_failure(&self, status: StatusCode, fields: &HeaderMap) -> Failure<'static> {
        let what = format!("the service answered HTTP {status}, which is no gRPC");
        // Any gRPC request to an HTTP route has such an answer.
        let is_of_request = is_rejection(self.protocol, status);
        let origin = if is_error(status) && !is_of_request { Origin::Service } else { Origin::Either };
        let code = fields.get(ERROR_CODE_HEADER).and_then(|value| parse_code(value.as_bytes()));
        let failure = match code {
            Some(code) => Failure::own(ApiError::of(self.config.policy.catalog, code).with_cause(what)),
            None if is_of_request => from_violation(GrpcCode::Internal, what),
            None => from_violation(http_to_grpc(status), what),
        };
        failure.with_origin(origin)
    }

    /// A failure in the header.
    #[cold]
    fn failed<B>(&self, response: Response<B>, is_protocol: bool) -> Response<B> {
        let (mut parts, body) = response.into_parts();
        match self.protocol {
            Protocol::Other => {}
            Protocol::Grpc => {
                parts.headers.entry(CONTENT_TYPE).or_insert(self.protocol.content_type());
            }
            Protocol::GrpcWeb(_) if is_protocol && protocol::is_valid_content_type(&parts.headers) => {}
            Protocol::GrpcWeb(_) => {
                parts.headers.insert(CONTENT_TYPE, self.protocol.content_type());
            }
        }
        // Removed: a layer outside would log the private cause of the status again.
        self.finish(&mut parts.headers, parts.extensions.remove::<Status>().as_ref());
        Response::from_parts(parts, body)
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

/// What a service of ours means by an HTTP status. A path that does not exist is a method that does not exist, as in
/// gRPC's "HTTP to gRPC Status Code Mapping".
fn http_to_grpc(status: StatusCode) -> GrpcCode {
    if status == StatusCode::NOT_FOUND {
        return GrpcCode::Unimplemented;
    }
    if is_error(status) { class_to_grpc(status.as_u16()) } else { GrpcCode::Internal }
}

/// Whether a layer for gRPC-Web rejects the request itself, for example for a message format that it does not know. No argument
/// of the method is invalid, so the failure is INTERNAL, as gRPC's "HTTP to gRPC Status Code Mapping" makes of 400.
fn is_rejection(request: Protocol, status: StatusCode) -> bool {
    matches!(request, Protocol::GrpcWeb(_))
        && matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
