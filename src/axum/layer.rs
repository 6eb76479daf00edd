//! `ErrorLayer` and its service.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::body::Body;
use http::{Request, Response};
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::ErrorFuture;
use super::answer::HandlerCall;
use crate::guard::service::Readiness;
use crate::guard::{BoxError, inner_service_accessors};
use crate::http::{Caller, Responder};
use crate::outbound::budget::Budget;
use crate::wire::grpc_web::Protocol;

/// Gives a code to every failure of an axum `Router`, or of any service with axum's body.
///
/// - An error of a handler is sent by the [`Responder`], in the form that the caller asks for.
/// - A response of 4xx or 5xx that is plain text or empty, such as axum's own (404, 405, 413, 415, 422, rejections), gets the
///   code of the [`Fallback`](crate::Fallback) table if that code has the same status, such as 404003, and otherwise
///   `CCC000`, such as 405000. The text becomes the message; the boundary decides on the message of a 5xx. A text with a
///   `content-encoding`, which a layer inside has compressed, is not read and not sent. Other responses, such as JSON of a
///   handler, are not changed.
/// - If the service is not ready, returns an error, or panics (when it is called, polled or dropped), the response is the
///   fallback of INTERNAL (500001). The payload of a panic is not sent. A timeout of tower, tokio, tonic or the operating system
///   becomes the fallback of DEADLINE_EXCEEDED (504000), and tower's `Overloaded` the fallback of RESOURCE_EXHAUSTED (429000).
///   They are recognised by type, also inside other errors. A panic of a drop after the response is only logged. The service of
///   the layer never fails: its error is [`Infallible`], as `Router` requires.
/// - A call that takes longer than the [`timeout`](Self::timeout) becomes the fallback of DEADLINE_EXCEEDED (504000).
/// - If a body panics or fails after the response has begun, the server cuts it, and the layer does not see it.
///   [`StreamBody`](crate::http::StreamBody) is a body whose last line contains the error.
/// - The response to a gRPC request (`application/grpc`) is gRPC, and the response to a gRPC-Web request is gRPC-Web: all of
///   the above become `grpc-status` and its fields, within the [`budget`](Self::budget). A path that does not exist (404, 405)
///   is UNIMPLEMENTED then. Responses that are gRPC already are not changed; a `ServerLayer` around the gRPC routes gives them
///   their codes.
/// - A gRPC failure in the headers of a response to any other request becomes an HTTP response. UNIMPLEMENTED without a
///   specific code, which tonic's router sends for unknown paths, becomes 404003. Other failures are forwarded.
/// - Responses of gRPC-Web on the same router are not changed. Put a server layer (`codelibra::server`) around such services.
/// - The other headers of the response are kept: `Allow`, `Set-Cookie`, the headers of CORS.
///
/// Each failure has the id of its request (google.rpc.RequestInfo): the id in the error, or the caller's `x-request-id` if it
/// has 1 to 48 letters, digits and `-._:+/=`, or a generated one. The parts that are not sent are logged once with this id, in a
/// `tracing` event of the target `codelibra::axum` with `http_method` and `path`. The level is INFO for 4xx and 501, WARN for a
/// timeout, and ERROR otherwise, so an unknown caller cannot cause an ERROR at will.
///
/// For gRPC and HTTP on one port, see the order of the layers in the example `one_port`: `ServerLayer` is around the gRPC
/// routes only, `reset_fallback` removes tonic's fallback, and this layer is around everything.
///
/// Add it last (`Router::layer`), so that fallbacks and earlier layers are inside.
///
/// ```
/// use axum::Router;
/// use codelibra::ErrorCode;
/// use codelibra::axum::ErrorLayer;
/// use codelibra::http::{Reader, Responder};
/// # use http_body_util::BodyExt;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app: Router = Router::new().layer(ErrorLayer::new(Responder::new::<ErrorCode>()));
/// let request = http::Request::get("/unknown").body(axum::body::Body::empty())?;
/// let (parts, body) = app.oneshot(request).await?.into_parts();
/// let error = Reader::new::<ErrorCode>().read_parts(&parts, &body.collect().await?.to_bytes());
/// assert_eq!(error.code(), Some(ErrorCode::NOT_FOUND));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ErrorLayer {
    responder: Arc<Responder>,
    timeout: Option<Duration>,
}

impl ErrorLayer {
    /// Returns a layer that makes its responses with `responder`.
    pub fn new(responder: Responder) -> Self {
        Self { responder: Arc::new(responder), timeout: None }
    }

    /// Ends calls whose response has not begun after this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Limits the size of the fields of a failure that is sent to a caller of gRPC or gRPC-Web. The default is
    /// [`Budget::KIB_3`].
    ///
    /// ```
    /// use codelibra::axum::ErrorLayer;
    /// use codelibra::http::Responder;
    /// use codelibra::{Budget, ErrorCode};
    ///
    /// let layer = ErrorLayer::new(Responder::new::<ErrorCode>()).budget(Budget::KIB_8);
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        Arc::make_mut(&mut self.responder).policy.budget = budget;
        self
    }
}

impl<S> Layer<S> for ErrorLayer {
    type Service = ErrorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorService { inner, layer: self.clone(), readiness: Readiness::default() }
    }
}

/// The service of [`ErrorLayer`].
#[derive(Clone, Debug)]
pub struct ErrorService<S> {
    inner: S,
    layer: ErrorLayer,
    readiness: Readiness,
}

inner_service_accessors!(ErrorService);

impl<S, B> Service<Request<B>> for ErrorService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ErrorFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.readiness.poll(|| self.inner.poll_ready(cx)).map(Ok)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = HandlerCall {
            responder: Arc::clone(&self.layer.responder),
            caller: Caller::from(&request),
            protocol: Protocol::from_request(request.headers()),
        };
        // A deadline that the clock cannot express is no deadline.
        let deadline = self.layer.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let inner = self.readiness.call(request, |request| self.inner.call(request));
        ErrorFuture::new(inner, call, deadline)
    }
}
