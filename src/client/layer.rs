use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tonic::Status;
use tower_layer::Layer;
use tower_service::Service;

use super::body::Answering;
use super::future::ClientFuture;
use super::observe::{Both, Observe, ObservedCall};
use super::requested::Requested;
use super::{BoxError, ClientBody};
use crate::catalog::{Catalog, CatalogCode};
use crate::guard::inner_service_accessors;
use crate::tonic::made_of_connection;

/// Makes whatever a peer sent safe for tonic to read, in headers and in trailers alike. It stands under the
/// generated client and above the channel, or any other service that answers gRPC.
///
/// tonic alone panics where the details are not standard base64, replaces the gRPC code by UNKNOWN where the message
/// is not UTF-8, and reads the page of a proxy as a broken message. With this layer:
///
/// - `grpc-status`, `grpc-message` and `grpc-status-details-bin` are well-formed. What can be read of them stays: the
///   gRPC code that was sent, the details in any dialect of base64 or up to their fault, the message read lossily.
/// - An OK contains no details and no message that tonic fails on. Where headers and trailers both contain fields of the
///   end, the trailers count, and the headers complete them. A failure in the headers ends the call.
/// - A `grpc-encoding` that the request does not accept is removed, so that the status is read.
/// - An answer that is not gRPC becomes a failure by
///   [`tables::intermediary_to_grpc`](crate::catalog::tables::intermediary_to_grpc), with nothing of its body. So does one
///   that ends without `grpc-status`, unless the details or `codelibra-error-code` say what it was.
/// - An error of the service below (no connection, a reset stream, a deadline that passed) becomes a [`Status`]:
///   DEADLINE_EXCEEDED for a deadline, UNAVAILABLE for a connection that the operating system ended by a timeout
///   (`ETIMEDOUT`), else as tonic reads it.
/// - A call that is cancelled at or after its deadline is DEADLINE_EXCEEDED, as in gRPC's other clients: a reset stream,
///   or CANCELLED without a code, in headers, in trailers and in the middle of a stream. The deadline is the
///   `grpc-timeout` of the request, counted from its call. The layer cannot see `Endpoint::timeout`: where tonic's timer
///   for it fires, the call is DEADLINE_EXCEEDED, and a reset that arrives first is CANCELLED. So set the timeout on the
///   request (`Request::set_timeout`).
/// - Each of these failures carries [`RECEIVED_HEADER`](crate::RECEIVED_HEADER) in its metadata, whose value becomes
///   [notes](crate::ReceivedError::notes) in
///   [`StatusCodeExt::to_received`](crate::StatusCodeExt::to_received). A peer's own such field is dropped.
///
/// A well-formed call that succeeds is not changed: nothing is allocated or copied for it, nor for a message of a stream.
///
/// Over gRPC-Web, put it above tonic-web's `GrpcWebClientLayer`, which decodes the trailers: below it, the layer finds
/// no `grpc-status`, and each call fails.
///
/// hyper takes 16 KiB of headers by default. Longer trailers are cut, and longer headers fail with INTERNAL before
/// any layer sees them; a client of services with large details raises `Endpoint::http2_max_header_list_size`.
#[derive(Clone)]
pub struct ClientLayer {
    catalog: &'static Catalog,
    observer: Option<Arc<dyn Observe>>,
}

impl ClientLayer {
    /// A layer for services whose codes are `C`'s.
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// A layer for services whose catalogue is known only at run time.
    pub const fn from_catalog(catalog: &'static Catalog) -> Self {
        Self { catalog, observer: None }
    }

    /// Shows every failure to an observer, after those that were given before.
    #[must_use]
    pub fn observe(mut self, observer: impl Observe) -> Self {
        let observer: Arc<dyn Observe> = Arc::new(observer);
        self.observer = Some(match self.observer {
            Some(first) => Arc::new(Both(first, observer)),
            None => observer,
        });
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

/// The service that [`ClientLayer`] makes. Its error is the [`Status`] that the caller gets.
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
        self.inner.poll_ready(cx).map_err(|error| made_of_connection(error.into()))
    }

    #[inline]
    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let ClientLayer { catalog, observer } = &self.layer;
        let watch = observer.as_ref().map(|it| ObservedCall::new(it, request.uri().path_and_query()));
        let Requested { deadline, encodings } = Requested::read(request.headers());
        let answering = Answering { catalog, watch, deadline };
        ClientFuture::new(self.inner.call(request), answering, encodings)
    }
}
