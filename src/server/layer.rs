//! [`ServerLayer`] with its configuration, and its service.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, Response};
use tonic::server::NamedService;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ServerBody;
use super::call::{Config, End, ServerCall, earlier_deadline};
use super::future::ServerFuture;
use crate::catalog::{Catalog, CatalogCode};
use crate::guard::rare::Rare;
use crate::guard::service::Readiness;
use crate::guard::{BoxError, inner_service_accessors};
use crate::outbound::boundary::Boundary;
use crate::outbound::budget::Budget;
use crate::outbound::cause;
use crate::outbound::fallback::Fallback;
use crate::outbound::log_limit::LogLimit;
use crate::outbound::policy::Policy;
use crate::outbound::request_id::RequestId;
use crate::wire::error_infos::ErrorInfos;
use crate::wire::grpc_web::Protocol;
use crate::wire::header::GRPC_TIMEOUT;
use crate::wire::media_type::WebEncoding;
use crate::wire::timeout;

/// A tower layer that gives a code to every failure that a service sends: failures of handlers, of interceptors and of tonic
/// itself, in the headers of a trailers-only response and in trailers after any number of messages.
///
/// - A failure without a code gets one from the [`Fallback`] table. A panic gets the one of INTERNAL, and its payload is not
///   sent. The layer catches a panic wherever it runs the service: in `poll_ready`, in `call`, in a poll or a drop of the
///   future, and in a poll or a drop of the body. A panic of a drop after the response is only logged.
/// - An error of `poll_ready` becomes a failed response, like an error of the call. A timeout of tower, tokio, tonic or the
///   operating system inside this layer is DEADLINE_EXCEEDED, and tower's `Overloaded` is RESOURCE_EXHAUSTED. They are
///   recognised by type, also inside other errors.
/// - The deadline of the caller (`grpc-timeout`) and the [`timeout`](Self::timeout) of the server end a call with
///   DEADLINE_EXCEEDED, streams included.
/// - The [`Boundary`] decides which parts of a failure are sent. The other parts are logged once, with the private cause and the
///   request id that the caller receives (`google.rpc.RequestInfo`). The id is the caller's `x-request-id` if it has 1 to 48
///   letters, digits and `-._:+/=`, or the id that a coded failure already has, or a generated one. If two of these layers are
///   around each other, they log a failure with the same id; the private cause is in the event of the inner one.
/// - The fields of a failure stay within the [`Budget`]. [`Boundary::internal`] also sends the other metadata of a handler, but
///   this metadata is removed if there is no room for it beside the error. gRPC's own fields are limited to the values that they
///   may have: `grpc-retry-pushback-ms` to a number (gRFC A6), `grpc-encoding` and `grpc-accept-encoding` to tokens of at most
///   32 bytes (a list has at most 128), `content-type` to 64 bytes. A field with another value is removed, and the event in the
///   log contains its name in `removed_fields`; a `content-type` becomes `application/grpc`.
/// - A gRPC request fails if the response is not gRPC, or ends without `grpc-status`. The code is the one in the field
///   `codelibra-error-code` of the response, or that of the HTTP status
///   ([`class_to_grpc`](crate::catalog::tables::class_to_grpc); 404 is UNIMPLEMENTED, and 400 and 415 in response to gRPC-Web are
///   INTERNAL), or that of INTERNAL.
/// - A success keeps no field that describes a failure: the layer removes `grpc-message`, `grpc-status-details-bin`,
///   `codelibra-error-code` and the fields of our own layers, in headers, trailers and trailer frames. The headers of a
///   response to a request that is not gRPC keep theirs, unless they contain `grpc-status`.
///
/// Events are `tracing`'s, with the target `codelibra::server`. They have the `method` of the call, or
/// `http_method` and `path` of a request that is not gRPC, without its query; no field is longer than the
/// [`LogLimit`]. The level:
///
/// | failure | level |
/// |---|---|
/// | class 4xx; UNIMPLEMENTED, which any unknown method is; the deadline of the caller passed | INFO |
/// | the timeout of the server; DEADLINE_EXCEEDED of the service where the caller chose a deadline; a request that tonic or tonic-web cannot decode, or whose body breaks off; a gRPC request to an HTTP route | WARN |
/// | every other failure of class 5xx; a panic | ERROR |
///
/// Put it outermost: it does not see the responses that layers outside it make. The limits of `tonic::transport::Server`
/// itself (`load_shed`, `concurrency_limit_per_connection`) are outside every layer. Two layers are exceptions: one for gRPC-Web
/// may be on either side, and one for CORS must be outside.
///
/// A call that succeeds costs no allocation, with three exceptions: the timer of a call with a deadline, the `x-request-id` of the
/// caller, and the method of a request that is not gRPC cost one each.
///
/// # gRPC-Web
///
/// `tonic_web::GrpcWebLayer` may be inside or outside. If it is inside, this layer reads and rewrites the trailer frame of
/// `application/grpc-web` and `application/grpc-web-text` ([PROTOCOL-WEB.md]). The responses that this layer makes itself are
/// gRPC-Web too, in the encoding that `accept` names, or otherwise in that of the request. The same parts of a failure are sent
/// as over gRPC. Messages that arrive in one piece are not copied.
///
/// - A message that arrives in parts is held until it is complete, up to 4 MiB. The rest of a longer one is sent as it arrives.
///   If it breaks off, the response ends there, because no trailer frame can follow, and the client receives an incomplete
///   message.
/// - A trailer frame that arrives in parts is collected up to 256 KiB. It is sent when the body has ended.
/// - A body that is not valid gRPC-Web becomes a failure with the code of INTERNAL: a frame that breaks off, data after the
///   trailer frame, a compressed trailer frame, a `content-encoding`. Put layers that compress outside.
///
/// A browser shows a script only the fields of a response that CORS exposes. A failure before the first message is in the
/// headers: expose `grpc-status`, `grpc-message`, `grpc-status-details-bin` and `codelibra-error-code`. Put the layer for
/// CORS outside this one. Otherwise the responses that this layer makes, for example after a panic, have no fields of CORS, and
/// the failures that it rewrites lose the fields that a layer inside added.
///
/// ```no_run
/// use codelibra::{ERROR_CODE_HEADER, ErrorCode, STATUS_DETAILS_HEADER, server::ServerLayer};
/// use http::{HeaderName, header::CONTENT_TYPE};
/// use tonic_web::GrpcWebLayer;
/// use tower_http::cors::CorsLayer;
///
/// let name = HeaderName::from_static;
/// let cors = CorsLayer::new()
///     .allow_origin(["https://shop.example.com".parse()?])
///     .allow_methods([http::Method::POST])
///     .allow_headers([CONTENT_TYPE, name("x-grpc-web"), name("x-user-agent"), name("grpc-timeout")])
///     .expose_headers([
///         name("grpc-status"),
///         name("grpc-message"),
///         STATUS_DETAILS_HEADER,
///         ERROR_CODE_HEADER,
///     ]);
/// let server = tonic::transport::Server::builder()
///     .accept_http1(true)
///     .layer(cors) // The first layer is the outermost.
///     .layer(ServerLayer::new::<ErrorCode>())
///     .layer(GrpcWebLayer::new());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [PROTOCOL-WEB.md]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
#[derive(Clone, Debug)]
pub struct ServerLayer {
    config: Config,
}

impl ServerLayer {
    /// Returns a layer for services whose codes have the type `C`, with [`Boundary::public`] and [`Budget::KIB_3`].
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// Returns a layer for services whose catalogue is known only at run time.
    pub fn from_catalog(catalog: &'static Catalog) -> Self {
        cause::enable_storing();
        Self { config: Config { policy: Policy::new(catalog), timeout: None, drops_unread: false } }
    }

    /// Sets the boundary, which decides which parts of a failure are sent. The default is [`Boundary::public`].
    ///
    /// ```
    /// use codelibra::server::ServerLayer;
    /// use codelibra::{Boundary, ErrorCode};
    ///
    /// // Errors that the accounts service sent are passed on with their code.
    /// let boundary = Boundary::public().allow_domain("accounts.example.com");
    /// let layer = ServerLayer::new::<ErrorCode>().boundary(boundary);
    /// ```
    #[must_use]
    pub fn boundary(mut self, boundary: Boundary) -> Self {
        self.config.policy.boundary = boundary;
        self
    }

    /// Limits the size of the fields of each failure. The default is [`Budget::KIB_3`].
    ///
    /// ```
    /// use codelibra::server::ServerLayer;
    /// use codelibra::{Budget, ErrorCode};
    ///
    /// let layer = ServerLayer::new::<ErrorCode>().budget(Budget::KIB_8);
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.config.policy.budget = budget;
        self
    }

    /// Sets which ErrorInfos every failure contains, also if the service wrote others. The default is both.
    /// [`ErrorInfos::Google`] is for services behind transcoders that do not know our type.
    #[must_use]
    pub fn error_infos(mut self, infos: ErrorInfos) -> Self {
        self.config.policy.error_infos = infos;
        self
    }

    /// Sets the table of the codes for failures without a code.
    ///
    /// ```
    /// use codelibra::server::ServerLayer;
    /// use codelibra::{ErrorCode, Fallback, GrpcCode};
    ///
    /// // A NOT_FOUND without a code gets 404001 in place of 404003.
    /// let fallback = Fallback::new::<ErrorCode>().with(GrpcCode::NotFound, ErrorCode::USER_NOT_FOUND_IN_DB);
    /// let layer = ServerLayer::new::<ErrorCode>().fallback(fallback);
    /// ```
    #[must_use]
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.config.policy.fallback = fallback;
        self
    }

    /// Limits the length of each field of a log event. The default is [`LogLimit::KIB_4`].
    #[must_use]
    pub fn log_limit(mut self, limit: LogLimit) -> Self {
        self.config.policy.log_limit = limit;
        self
    }

    /// Ends calls that take longer with DEADLINE_EXCEEDED, streams included.
    ///
    /// Before the response has begun, the call ends at the deadline. After that, it ends when the server polls the body the
    /// next time. hyper does not poll a body while a message of it waits for the flow-control window of the caller. So a caller
    /// that opens no window keeps the stream, and the resources of the handler, also after the deadline. For such callers there
    /// are two more limits:
    ///
    /// - [`drop_unread`](Self::drop_unread) drops the resources of the handler at the deadline.
    /// - `tonic::transport::Server::max_connection_age` with `max_connection_age_grace` closes the connection, and with it
    ///   every stream on it. No layer can reset a single HTTP/2 stream.
    ///
    /// Use it in place of `tonic::transport::Server::timeout`, which sends CANCELLED without a code.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = Some(timeout);
        self
    }

    /// Drops the response body of the service at the deadline, whether or not the caller reads it.
    ///
    /// A timer inside the body is not enough: see [`timeout`](Self::timeout). With this option, a task waits for the deadline of
    /// each response that has a body. It drops the body, and with it the resources of the handler (a database cursor, a permit,
    /// a channel), and logs the failure. The HTTP/2 stream stays open, with at most one message that hyper holds. If the caller
    /// opens its window later, it receives that message and DEADLINE_EXCEEDED.
    ///
    /// A call without a deadline costs nothing more. One with a deadline costs a task and two more allocations, and a lock
    /// for each message.
    ///
    /// The layer holds the lock while it polls or drops the body of the service. At the deadline the task waits until a running
    /// poll has returned, so a poll that blocks its thread also blocks the thread of the task. The failure is logged without the
    /// lock, in the span in which the response began.
    #[must_use]
    pub fn drop_unread(mut self) -> Self {
        self.config.drops_unread = true;
        self
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = ServerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerService { inner, config: Arc::new(self.config.clone()), readiness: Readiness::default() }
    }
}

/// The service of [`ServerLayer`]. If it is around the generated server of one tonic service, it can be added to a router:
///
/// ```no_run
/// use codelibra::ErrorCode;
/// use codelibra::server::ServerLayer;
/// use tonic::transport::Server;
/// use tower::ServiceBuilder;
///
/// # let (_, health) = tonic_health::server::health_reporter();
/// let service = ServiceBuilder::new().layer(ServerLayer::new::<ErrorCode>()).service(health);
/// let router = Server::builder().add_service(service);
/// ```
#[derive(Clone, Debug)]
pub struct ServerService<S> {
    inner: S,
    config: Arc<Config>,
    readiness: Readiness,
}

inner_service_accessors!(ServerService);

/// Has the name of the inner service.
impl<S: NamedService> NamedService for ServerService<S> {
    const NAME: &'static str = S::NAME;
}

const X_REQUEST_ID: HeaderName = RequestId::FIELD;

/// Returns whether no valid request id was found yet. If there are several ids, the first valid one is used.
fn is_unknown(request_id: Option<&HeaderValue>) -> bool {
    request_id.is_none_or(|id| RequestId::parse(id.as_bytes()).is_none())
}

impl<S, Req, Res> Service<Request<Req>> for ServerService<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    S::Error: Into<BoxError>,
    Res: Send + 'static,
{
    type Response = Response<ServerBody<Res>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.readiness.poll(|| self.inner.poll_ready(cx)).map(Ok)
    }

    #[inline]
    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let mut request_id = None;
        let mut timeout = None;
        let mut protocol = Protocol::Other;
        let mut accept = None;
        // A request has few fields, so one pass over all names is faster than two lookups.
        for (name, value) in request.headers() {
            // A standard name is compared as a number, which is faster than as text.
            if *name == CONTENT_TYPE {
                protocol = Protocol::from_content_type(value.as_bytes());
            } else if *name == ACCEPT {
                accept = accept.or_else(|| WebEncoding::from_accept(value.as_bytes()));
            } else if *name == GRPC_TIMEOUT {
                timeout = timeout.or_else(|| timeout::parse(value.as_bytes()));
            } else if *name == X_REQUEST_ID && is_unknown(request_id.as_deref()) {
                request_id = Some(Box::new(value.clone()));
            }
        }
        let protocol = protocol.answered_in(accept);
        let (deadline, deadline_of) = earlier_deadline(timeout, self.config.timeout);
        let is_http = protocol == Protocol::Other;
        let http_method = is_http.then(|| Box::new(request.method().clone()));
        let path = request.uri().path_and_query().cloned();
        // An interceptor that is a layer runs here.
        let inner = self.readiness.call(request, |request| self.inner.call(request));
        let call = ServerCall {
            config: Arc::clone(&self.config),
            request_id: Rare::new(request_id),
            protocol,
            path,
            http_method: Rare::new(http_method),
            has_deadline: timeout.is_some(),
            deadline_of,
            end: End::Due,
        };
        ServerFuture::new(inner, call, deadline)
    }
}
