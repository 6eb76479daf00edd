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
use super::answer::Call;
use crate::guard::inner_service_accessors;
use crate::guard::service::{BoxError, Readiness};
use crate::http::{Budget, Caller, Responder};
use crate::wire::grpc_web::Protocol;

/// Makes every failure of an axum `Router`, or of any service with axum's body, a coded one.
///
/// - Errors that handlers return are answered as the [`Responder`] says and in the form that the caller takes.
/// - An answer of 4xx or 5xx that is plain text or empty, as axum's own are (404, 405, 413, 415, 422, rejections),
///   gets the code of the [`Fallback`](crate::http::Fallback) table where one is of its very status, as 404003, else
///   `CCC000`, as 405000. The text becomes the message; that of a 5xx does as the boundary says. A text with a
///   `content-encoding`, which a layer inside has compressed, is not read: its code is sent without it. Other answers, such
///   as JSON of the handler's own, pass as they are.
/// - A service that is not ready, returns an error, or panics (when it is called, polled or dropped) becomes the fallback
///   of INTERNAL (500001), with nothing of the payload of the panic. A timeout of tower, tokio, tonic or the operating
///   system becomes the one of DEADLINE_EXCEEDED (504000), and tower's `Overloaded` the one of RESOURCE_EXHAUSTED (429000),
///   by type, whatever is around the error. A panic of a drop after the answer is only logged. So the service that the layer
///   makes never fails: its error is [`Infallible`], as `Router` demands.
/// - A call that takes longer than the [`timeout`](Self::timeout) becomes the fallback of DEADLINE_EXCEEDED (504000).
/// - A body that panics or fails after its answer has begun is cut by the server, and is not seen here:
///   [`StreamBody`](crate::http::StreamBody) says in its last line how a stream ended.
/// - A gRPC request (`application/grpc`) is answered in gRPC, and one of gRPC-Web in gRPC-Web: all of the above become
///   `grpc-status` and its fields, within the [`budget`](Self::budget). A path that does not exist (404,
///   405) is UNIMPLEMENTED then. Answers of gRPC to such a request pass as they are; a `ServerLayer` around the gRPC routes
///   gives them their codes.
/// - A gRPC failure in the headers of an answer to any other request becomes an HTTP answer: UNIMPLEMENTED without a code of
///   its own, as tonic's router answers unknown paths, is 404003; others are forwarded.
/// - Answers of gRPC-Web on the same router pass as they are: put a server layer (`codelibra::server`) around such services.
/// - Other fields that the answer has stay: `Allow`, `Set-Cookie`, those of CORS.
///
/// Each failure has the id of its request (google.rpc.RequestInfo): its own, else the caller's `x-request-id` where that
/// is 1 to 48 letters, digits and `-._:+/=`, else a made one. What does not leave is logged once with it, as a `tracing`
/// event of the target `codelibra::axum` with `http_method` and `path`: INFO for 4xx and 501, WARN for a timeout, and ERROR for
/// the rest. So an unknown caller cannot cause an ERROR at will.
///
/// gRPC and HTTP on one port: the example `one_port` shows the order of the layers. `ServerLayer` is around the gRPC routes
/// alone, `reset_fallback` removes tonic's fallback, and this layer is around everything.
///
/// Add it last (`Router::layer`), so that it is outermost: fallbacks and earlier layers are inside of it then.
#[derive(Clone, Debug)]
pub struct ErrorLayer {
    responder: Arc<Responder>,
    timeout: Option<Duration>,
}

impl ErrorLayer {
    /// A layer that answers as `responder` says.
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

/// The service that [`ErrorLayer`] makes.
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
        let call = Call {
            responder: Arc::clone(&self.layer.responder),
            caller: Caller::from(&request),
            protocol: Protocol::from_request(request.headers()),
        };
        // A deadline beyond what a clock can say is none.
        let deadline = self.layer.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let inner = self.readiness.call(|| self.inner.call(request));
        ErrorFuture::new(inner, call, deadline)
    }
}
