//! [`ClientLayer`] with its configuration, and its service.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tonic::Status;
use tower_layer::Layer;
use tower_service::Service;

use super::ClientBody;
use super::context::CallContext;
use super::future::ClientFuture;
use super::observe::{self, Observe, ObservedCall};
use super::requested::Requested;
use crate::catalog::{Catalog, CatalogCode};
use crate::guard::{BoxError, inner_service_accessors};
use crate::tonic::connection_status;

/// Makes the headers and trailers of a response safe for tonic to read. Put it below the generated client and above the
/// channel, or above any other service that sends gRPC responses.
///
/// tonic alone panics if the details are not standard base64, replaces the gRPC code by UNKNOWN if the message is not UTF-8,
/// and reads the page of a proxy as a broken message. With this layer:
///
/// - `grpc-status`, `grpc-message` and `grpc-status-details-bin` are well-formed. The parts that can be read are kept: the
///   gRPC code, the details in any variant of base64 or up to the first fault, and the message with invalid bytes replaced.
/// - An OK contains no details and no message that tonic fails on. If headers and trailers both contain the end of the call,
///   the trailers are used, and the headers complete them. A failure in the headers ends the call.
/// - A `grpc-encoding` that the request does not accept is removed, so that the status is read.
/// - A response that is not gRPC becomes a failure by
///   [`tables::intermediary_to_grpc`](crate::catalog::tables::intermediary_to_grpc), without its body. The same applies to a
///   response without `grpc-status`, unless the details or `codelibra-error-code` identify the error.
/// - An error of the service below (no connection, a reset stream, a deadline that passed) becomes a [`Status`]:
///   DEADLINE_EXCEEDED for a deadline, UNAVAILABLE for a connection that the operating system ended by a timeout
///   (`ETIMEDOUT`), and otherwise the status that tonic gives it.
/// - A call that is cancelled at or after its deadline is DEADLINE_EXCEEDED, as in gRPC's other clients. This applies to a
///   reset stream, and to CANCELLED without a code in headers or trailers. The deadline is the `grpc-timeout` of the request,
///   counted from its call. Set it with `Request::set_timeout`: the layer does not see `Endpoint::timeout`, so a call is
///   CANCELLED if a reset arrives before tonic's timer for that timeout.
/// - The layer marks each of these failures in its metadata ([`is_marked`](crate::client::is_marked)). The mark becomes the
///   [notes](crate::ReceivedError::notes) of [`StatusCodeExt::to_received`](crate::StatusCodeExt::to_received). Such a mark of
///   a peer is removed.
///
/// A well-formed call that succeeds is not changed. Nothing is allocated or copied for it, nor for a message of a stream.
///
/// Over gRPC-Web, put it above tonic-web's `GrpcWebClientLayer`, which decodes the trailers. Below that layer, this one does
/// not find `grpc-status`, and each call fails.
///
/// hyper accepts 16 KiB of headers by default. It cuts longer trailers, and it fails longer headers with INTERNAL before any
/// layer sees them. A client of services with large details raises `Endpoint::http2_max_header_list_size`.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::ClientLayer;
/// use tonic::transport::Endpoint;
/// use tonic_health::pb::health_client::HealthClient;
/// use tower::ServiceBuilder;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let channel = Endpoint::from_static("http://127.0.0.1:50051").connect_lazy();
/// let channel = ServiceBuilder::new().layer(ClientLayer::new::<ErrorCode>()).service(channel);
/// let client = HealthClient::new(channel);
/// # }
/// ```
#[derive(Clone)]
pub struct ClientLayer {
    catalog: &'static Catalog,
    observer: Option<Arc<dyn Observe>>,
}

impl ClientLayer {
    /// Returns a layer for services whose codes have the type `C`.
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// Returns a layer for services whose catalogue is known only at run time.
    pub const fn from_catalog(catalog: &'static Catalog) -> Self {
        Self { catalog, observer: None }
    }

    /// Adds an observer, which is called with each failure after the observers that were added before.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use codelibra::client::{ClientLayer, FailedCall};
    /// use codelibra::{ErrorCode, ReceivedError};
    ///
    /// let failures = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&failures);
    /// let layer = ClientLayer::new::<ErrorCode>().observe(move |_: &ReceivedError, _: &FailedCall<'_>| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    /// });
    /// ```
    #[must_use]
    pub fn observe(mut self, observer: impl Observe) -> Self {
        self.observer = Some(observe::add(self.observer, observer));
        self
    }
}

impl fmt::Debug for ClientLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let observed = self.observer.is_some();
        f.debug_struct("ClientLayer").field("catalog", &self.catalog).field("observed", &observed).finish()
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService { inner, layer: self.clone() }
    }
}

/// The service of [`ClientLayer`]. Its error is the [`Status`] that the caller receives.
#[derive(Clone, Debug)]
pub struct ClientService<S> {
    inner: S,
    layer: ClientLayer,
}

inner_service_accessors!(ClientService);

impl<S, Req, Res> Service<Request<Req>> for ClientService<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    S::Error: Into<BoxError>,
    Res: Body,
{
    type Response = Response<ClientBody<Res>>;
    type Error = Status;
    type Future = ClientFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx).map_err(|error| connection_status(error.into()))
    }

    #[inline]
    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let ClientLayer { catalog, observer } = &self.layer;
        let observed = observer.as_ref().map(|it| ObservedCall::new(it, request.uri().path_and_query()));
        let Requested { deadline, encodings } = Requested::read(request.headers());
        let context = CallContext { catalog, observed, deadline };
        ClientFuture::new(self.inner.call(request), context, encodings)
    }
}
