//! [`RetryLayer`] with its configuration, and its service.

use std::error::Error;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;
use tower::retry::future::ResponseFuture;
use tower::retry::{Policy, Retry};
use tower_layer::Layer;
use tower_service::Service;

use super::kept::{KeptBody, keep};
use super::methods::{IdempotentMethods, InvalidMethodSet};
use super::policy::RetryPolicy;
use super::rules::{Attempts, CallFailure, Rules};
use crate::catalog::{Catalog, CatalogCode};
use crate::guard::inner_service_accessors;
use crate::inbound::encodings::Encodings;
use crate::inbound::sanitize::{self, AfterHeaders};
use crate::tonic::StatusCodeExt;
use crate::wire::header::GRPC_STATUS;

/// Sends failed unary calls again, by the rules of a [`RetryPolicy`]. Put it below the generated client and above the
/// [`ClientLayer`](super::super::ClientLayer).
///
/// A call is sent again if it failed before its response began: with a trailers-only response, or without one. gRFC A6 calls any
/// other call committed. The layer keeps the encoded request, up to [`max_request`](Self::max_request). A larger request, and a
/// request whose messages are not ready at once, such as that of a stream, is sent once.
///
/// A method that may be executed twice has to be [named](Self::idempotent_method), or to have an `idempotency_level` in a
/// [descriptor set](Self::idempotent_methods). A call of any other method is sent again only if the server did not begin it,
/// unless the policy is [idempotent](RetryPolicy::idempotent) for all methods: the connection was never made, or the server refused
/// the stream (RFC 9113 §8.7).
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::{ClientLayer, RetryLayer, RetryPolicy};
/// use tonic::transport::Endpoint;
/// use tonic_health::pb::health_client::HealthClient;
/// use tower::ServiceBuilder;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let retries =
///     RetryLayer::new(RetryPolicy::<ErrorCode>::new()).idempotent_method("/grpc.health.v1.Health/Check");
/// let channel = Endpoint::from_static("http://127.0.0.1:50051").connect_lazy();
/// let channel = ServiceBuilder::new().layer(retries).layer(ClientLayer::new::<ErrorCode>()).service(channel);
/// let client = HealthClient::new(channel);
/// # }
/// ```
#[derive(Clone)]
pub struct RetryLayer {
    policy: FieldsPolicy,
    max_request: usize,
}

impl RetryLayer {
    /// Returns a layer with the rules of this policy.
    pub fn new<C: CatalogCode>(policy: RetryPolicy<C>) -> Self {
        let policy = FieldsPolicy {
            rules: policy.rules,
            catalog: C::catalog(),
            methods: Arc::default(),
            attempts: None,
        };
        Self { policy, max_request: 64 * 1024 }
    }

    /// Adds a method that may be executed twice, as the path of its requests: `/package.Service/Method`.
    #[must_use]
    pub fn idempotent_method(mut self, path: &str) -> Self {
        Arc::make_mut(&mut self.policy.methods).insert(path);
        self
    }

    /// Adds the unary methods whose `idempotency_level` in an encoded `google.protobuf.FileDescriptorSet` is `NO_SIDE_EFFECTS` or
    /// `IDEMPOTENT`. buf (`buf build -o`) and protoc (`--descriptor_set_out`) write such a set.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not such a set.
    pub fn idempotent_methods(mut self, descriptor_set: &[u8]) -> Result<Self, InvalidMethodSet> {
        Arc::make_mut(&mut self.policy.methods).add_descriptor_set(descriptor_set)?;
        Ok(self)
    }

    /// Sets the largest encoded request that is kept, in bytes. The default is 64 KiB.
    #[must_use]
    pub fn max_request(mut self, bytes: usize) -> Self {
        self.max_request = bytes;
        self
    }
}

impl fmt::Debug for RetryLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, max_request } = self;
        f.debug_struct("RetryLayer")
            .field("rules", &policy.rules)
            .field("methods", &policy.methods)
            .field("max_request", max_request)
            .finish()
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = RetryService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService { inner, layer: self.clone() }
    }
}

/// The service of [`RetryLayer`].
#[derive(Clone, Debug)]
pub struct RetryService<S> {
    inner: S,
    layer: RetryLayer,
}

inner_service_accessors!(RetryService);

/// The future of [`RetryService`].
pub type RetryFuture<S> = ResponseFuture<FieldsPolicy, S, Request<Body>>;

impl<S, Res> Service<Request<Body>> for RetryService<S>
where
    S: Service<Request<Body>, Response = Response<Res>> + Clone,
    S::Error: Error + 'static,
{
    type Response = Response<Res>;
    type Error = S::Error;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let (mut parts, body) = request.into_parts();
        let body = match keep(body, self.layer.max_request) {
            Ok(kept) => {
                let body = kept.to_body();
                parts.extensions.insert(kept);
                body
            }
            Err(body) => {
                // The body of another layer like this one may be another.
                parts.extensions.remove::<KeptBody>();
                body
            }
        };
        Retry::new(self.layer.policy.clone(), ready).call(Request::from_parts(parts, body))
    }
}

/// The policy of a [`RetryLayer`], which reads failures in fields.
#[derive(Clone)]
pub struct FieldsPolicy {
    rules: Rules,
    catalog: &'static Catalog,
    methods: Arc<IdempotentMethods>,
    attempts: Option<Attempts>,
}

impl fmt::Debug for FieldsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldsPolicy").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<Res, E: Error + 'static> Policy<Request<Body>, Response<Res>, E> for FieldsPolicy {
    type Future = Sleep;

    fn retry(&mut self, request: &mut Request<Body>, result: &mut Result<Response<Res>, E>) -> Option<Sleep> {
        let failure = match result {
            Ok(response) => failure_in(response.headers(), response.status(), self.catalog)?,
            Err(error) => CallFailure::in_place_of_response(error, self.catalog),
        };
        let path = request.uri().path().to_owned();
        let delay = self.attempts.as_mut()?.next(&self.rules, &failure, &path, request.headers_mut())?;
        Some(tokio::time::sleep(delay))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        let kept = request.extensions().get::<KeptBody>()?;
        if self.attempts.is_none() {
            self.attempts = Some(Attempts::begin(&self.rules, request.headers()));
            self.rules.is_idempotent |= self.methods.contains(request.uri().path());
        }
        let mut again = Request::new(kept.to_body());
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.version_mut() = request.version();
        *again.headers_mut() = request.headers().clone();
        *again.extensions_mut() = request.extensions().clone();
        Some(again)
    }
}

/// Returns the failure in the headers of a response, if there is one.
fn failure_in(
    headers: &HeaderMap,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Option<CallFailure> {
    let is_failure = match headers.get(GRPC_STATUS) {
        Some(status) => status != "0",
        None => http_status != StatusCode::OK,
    };
    if !is_failure {
        return None;
    }
    // tonic reads only safe fields without a panic.
    let mut fields = headers.clone();
    sanitize::headers(&mut fields, AfterHeaders::Nothing, http_status, Encodings::NONE, catalog);
    let status = Status::from_header_map(&fields)?;
    Some(CallFailure::Other(status.to_received_with(catalog)))
}
