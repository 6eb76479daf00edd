//! The tower layer and the service of both bridges. The future of the service converts the response.

/// Writes a layer and its service. The future has a constructor `new(inner, call)`, whose `inner` is the future of the service.
macro_rules! bridge {
    ($(#[$doc:meta])* $Layer:ident, $Service:ident, $Future:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $Layer {
            responder: Arc<Responder>,
        }

        impl $Layer {
            /// Returns a layer that makes its responses with `responder`.
            pub fn new(responder: Responder) -> Self {
                Self { responder: Arc::new(responder) }
            }
        }

        impl<S> Layer<S> for $Layer {
            type Service = $Service<S>;

            fn layer(&self, inner: S) -> Self::Service {
                $Service { inner, responder: Arc::clone(&self.responder), readiness: Readiness::default() }
            }
        }

        #[doc = concat!("The service of [`", stringify!($Layer), "`].")]
        #[derive(Clone, Debug)]
        pub struct $Service<S> {
            inner: S,
            responder: Arc<Responder>,
            readiness: Readiness,
        }

        crate::guard::inner_service_accessors!($Service);

        impl<S, Req, Res> Service<Request<Req>> for $Service<S>
        where
            S: Service<Request<Req>, Response = Response<Res>>,
            S::Error: Into<BoxError>,
            Res: Body<Data = Bytes> + Unpin,
            Res::Error: Into<BoxError>,
        {
            type Response = Response<BridgeBody<Res>>;
            type Error = S::Error;
            type Future = $Future<S::Future, Res>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
                self.readiness.poll(|| self.inner.poll_ready(cx)).map(Ok)
            }

            fn call(&mut self, request: Request<Req>) -> Self::Future {
                let call = BridgeCall {
                    responder: Arc::clone(&self.responder),
                    caller: Caller::from(&request),
                    protocol: crate::wire::grpc_web::Protocol::from_request(request.headers()),
                };
                $Future::new(self.readiness.call(request, |request| self.inner.call(request)), call)
            }
        }
    };
}

pub(super) use bridge;
