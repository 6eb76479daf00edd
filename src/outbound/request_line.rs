//! The method and path of a request, for the log.

#[cfg(feature = "gateway")]
use http::HeaderMap;
use http::Method;
#[cfg(feature = "gateway")]
use http::Uri;
use http::uri::PathAndQuery;

#[cfg(feature = "gateway")]
use crate::wire::grpc_web::Protocol;
#[cfg(feature = "gateway")]
use crate::wire::header::GRPC_TIMEOUT;

/// The method and the path of a request, for the log. Clones share the bytes of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestLine {
    http_method: Method,
    path: Option<PathAndQuery>,
    /// Whether the request is a call of gRPC or gRPC-Web.
    is_grpc: bool,
    /// Whether the caller chose a deadline.
    has_deadline: bool,
}

impl RequestLine {
    #[cfg(feature = "gateway")]
    pub(crate) fn new(http_method: &Method, uri: &Uri, is_grpc: bool, has_deadline: bool) -> Self {
        Self::from_parts(http_method.clone(), uri.path_and_query().cloned(), is_grpc, has_deadline)
    }

    pub(crate) const fn from_parts(
        http_method: Method,
        path: Option<PathAndQuery>,
        is_grpc: bool,
        has_deadline: bool,
    ) -> Self {
        Self { http_method, path, is_grpc, has_deadline }
    }

    #[cfg(feature = "gateway")]
    pub(crate) fn from_head(http_method: &Method, uri: &Uri, fields: &HeaderMap) -> Self {
        let is_grpc = Protocol::from_request(fields) != Protocol::Other;
        // The fields of gRPC and of the Connect protocol.
        let has_deadline = fields.contains_key(GRPC_TIMEOUT) || fields.contains_key("connect-timeout-ms");
        Self::new(http_method, uri, is_grpc, has_deadline)
    }

    #[cfg(feature = "axum")]
    pub(crate) const fn is_grpc(&self) -> bool {
        self.is_grpc
    }

    pub(crate) const fn has_deadline(&self) -> bool {
        self.has_deadline
    }

    /// Returns the path without the query, which may be private.
    fn path(&self) -> Option<&str> {
        self.path.as_ref().map(PathAndQuery::path)
    }

    /// Returns the method of a gRPC call, `/package.Service/Method`.
    pub(crate) fn grpc_method(&self) -> Option<&str> {
        self.path().filter(|_| self.is_grpc)
    }

    pub(crate) fn http_method(&self) -> Option<&str> {
        Some(self.http_method.as_str()).filter(|_| !self.is_grpc)
    }

    /// Returns the path of a request that is not a gRPC call.
    pub(crate) fn http_path(&self) -> Option<&str> {
        self.path().filter(|_| !self.is_grpc)
    }
}
