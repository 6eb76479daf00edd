use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::ErrorCodeBody;
use crate::wire::read::identity;
use crate::wire::{self, ERROR_CODE_HEADER, STATUS_DETAILS_HEADER};
use crate::{Catalog, CatalogCode};

/// Adds the field `codelibra-error-code` to every failure that carries a code, in the header of a
/// trailers-only answer and in trailers alike.
///
/// ```no_run
/// use codelibra::ErrorCode;
/// use codelibra::server::ErrorCodeLayer;
///
/// let server = tonic::transport::Server::builder().layer(ErrorCodeLayer::new::<ErrorCode>());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ErrorCodeLayer {
    catalog: &'static Catalog,
}

impl ErrorCodeLayer {
    /// A layer for services whose codes are `C`'s.
    pub fn new<C: CatalogCode>() -> Self {
        Self::of(C::catalog())
    }

    /// A layer for services whose catalogue is known only at run time.
    pub const fn of(catalog: &'static Catalog) -> Self {
        Self { catalog }
    }
}

impl<S> Layer<S> for ErrorCodeLayer {
    type Service = ErrorCodeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorCodeService { inner, catalog: self.catalog }
    }
}

/// The service that [`ErrorCodeLayer`] makes.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCodeService<S> {
    inner: S,
    catalog: &'static Catalog,
}

impl<S, Req, Res> Service<Request<Req>> for ErrorCodeService<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
{
    type Response = Response<ErrorCodeBody<Res>>;
    type Error = S::Error;
    type Future = ErrorCodeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        ErrorCodeFuture { inner: self.inner.call(request), catalog: self.catalog }
    }
}

pin_project! {
    /// The future of [`ErrorCodeService`].
    #[derive(Debug)]
    pub struct ErrorCodeFuture<F> {
        #[pin]
        inner: F,
        catalog: &'static Catalog,
    }
}

impl<F, Res, E> Future for ErrorCodeFuture<F>
where
    F: Future<Output = Result<Response<Res>, E>>,
{
    type Output = Result<Response<ErrorCodeBody<Res>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let catalog = *this.catalog;
        let mut response = ready!(this.inner.poll(cx))?;
        add_code_field(response.headers_mut(), catalog);
        Poll::Ready(Ok(response.map(|body| ErrorCodeBody::new(body, catalog))))
    }
}

/// Adds the ASCII field to headers or trailers with coded details.
pub(super) fn add_code_field(headers: &mut HeaderMap, catalog: &Catalog) {
    let Some(details) = headers.get(&STATUS_DETAILS_HEADER) else { return };
    let status = wire::base64::decode(details.as_bytes()).bytes;
    let Some(found) = identity(&status, catalog) else { return };
    if let Ok(value) = HeaderValue::from_bytes(&wire::write::six_digits(found.code)) {
        headers.insert(ERROR_CODE_HEADER, value);
    }
}
