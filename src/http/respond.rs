//! `Responder`: the whole HTTP response of an error, its headers included.

use ::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LINK, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use ::http::{HeaderMap, Response, Uri};
use bytes::Bytes;

use super::write::write_sent;
use super::{Caller, DetailTypes, Form};
use crate::catalog::{Catalog, CatalogCode, CodeNumber, Recovery};
use crate::error::ApiError;
use crate::guard::Panic;
use crate::inbound::ReceivedError;
use crate::outbound::boundary::Boundary;
use crate::outbound::budget::field_len;
use crate::outbound::failure::Failure;
use crate::outbound::fallback::Fallback;
use crate::outbound::log::{self, Event, Transport};
use crate::outbound::log_limit::LogLimit;
use crate::outbound::policy::Policy;
use crate::outbound::sent_error::SentError;
use crate::wire::error_infos::ErrorInfos;
use crate::wire::header::{ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER};
use crate::wire::rpc;

/// The headers that `Access-Control-Expose-Headers` has to list for gRPC-Web clients in a browser. Without them, a script
/// from another origin does not see the message and the code of a failure.
///
/// ```
/// use codelibra::http::EXPOSED_HEADERS;
/// use tower_http::cors::CorsLayer;
///
/// let cors = CorsLayer::new().expose_headers(EXPOSED_HEADERS);
/// ```
pub const EXPOSED_HEADERS: [HeaderName; 4] =
    [GRPC_STATUS, GRPC_MESSAGE, STATUS_DETAILS_HEADER, ERROR_CODE_HEADER];

/// Makes the HTTP response to an error. The counterpart of [`Reader`](super::Reader).
///
/// - The status is the class of the code.
/// - The body has the [`form`](Self::form) that the author of the gateway chose, unless the [`Caller`] asks for another one
///   (RFC 9110 §12.5.1, RFC 9457 §3, the Connect protocol). The response therefore has `Vary: accept`. The response to a
///   HEAD request has no body.
/// - The header `codelibra-error-code` contains the code. `Cache-Control: no-store` keeps caches from sending the error to
///   other callers.
/// - `Retry-After` contains the delay of google.rpc.RetryInfo in whole seconds, rounded up. It is set for 429, 503 and codes
///   whose recovery is WAIT.
/// - `WWW-Authenticate` is set on 401, and `Link` on 451, if they are configured.
///
/// The [`Boundary`] decides which parts of an error are sent. The default is [`Boundary::public`]. No header contains text
/// of a message.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::{Form, Responder};
///
/// let responder = Responder::new::<ErrorCode>().form(Form::Problem);
/// let request = http::Request::get("/").body(())?;
/// let response = responder.respond(&request, &ErrorCode::USER_BANNED.into());
/// assert_eq!(response.status(), 403);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Responder {
    pub(crate) policy: Policy,
    form: Form,
    pub(super) detail_types: DetailTypes,
    challenge: Option<HeaderValue>,
    blocked_by: Option<HeaderValue>,
    terms: Option<HeaderValue>,
}

impl Responder {
    /// Returns a responder of a service whose codes have the type `C`, with [`Form::Native`], [`DetailTypes::standard`] and
    /// [`Boundary::public`].
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// Returns a responder of a service whose catalogue is known only at run time.
    pub fn from_catalog(catalog: &'static Catalog) -> Self {
        Self {
            policy: Policy::new(catalog),
            form: Form::Native,
            detail_types: DetailTypes::standard().clone(),
            challenge: None,
            blocked_by: None,
            terms: None,
        }
    }

    /// Sets the form of the body for callers that do not ask for one.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Sets the types of the details that bodies contain as ProtoJSON. Other details are base64.
    #[must_use]
    pub fn detail_types(mut self, types: DetailTypes) -> Self {
        self.detail_types = types;
        self
    }

    /// Sets the decision on what may be sent.
    #[must_use]
    pub fn boundary(mut self, boundary: Boundary) -> Self {
        self.policy.boundary = boundary;
        self
    }

    /// Sets the table of the codes that failures without a code get: a panic, a timeout, a response of the framework.
    #[must_use]
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.policy.fallback = fallback;
        self
    }

    /// Sets which ErrorInfos a gRPC failure and a body in the Connect form contain. The default is both. Other bodies never
    /// contain `codelibra.error.v1.ErrorInfo`.
    #[must_use]
    pub fn error_infos(mut self, infos: ErrorInfos) -> Self {
        self.policy.error_infos = infos;
        self
    }

    /// Limits the length of each field of a log event. The default is [`LogLimit::KIB_4`]. The limit also applies to the
    /// layers and the streams that use this responder.
    #[must_use]
    pub fn log_limit(mut self, limit: LogLimit) -> Self {
        self.policy.log_limit = limit;
        self
    }

    /// Sets `WWW-Authenticate` of every 401 (RFC 9110 §11.6.1), such as `Bearer realm="shop"`.
    ///
    /// ```
    /// use codelibra::ErrorCode;
    /// use codelibra::http::Responder;
    /// use http::HeaderValue;
    ///
    /// let challenge = HeaderValue::from_static("Bearer realm=\"shop\"");
    /// let responder = Responder::new::<ErrorCode>().challenge(challenge);
    /// let request = http::Request::new(());
    /// let response = responder.respond(&request, &ErrorCode::AUTHENTICATION_REQUIRED.into());
    /// assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"shop\"");
    /// ```
    #[must_use]
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Sets the authority that demands that a resource is blocked: `Link` with the relation `blocked-by` on every 451
    /// (RFC 7725 §4).
    #[must_use]
    pub fn blocked_by(mut self, authority: &Uri) -> Self {
        self.blocked_by = link(authority, "blocked-by");
        self
    }

    /// Sets the address of the terms of service: `Link` with the relation `terms-of-service` on every 451 whose recovery is
    /// ACCEPT_TERMS.
    #[must_use]
    pub fn terms(mut self, terms: &Uri) -> Self {
        self.terms = link(terms, "terms-of-service");
        self
    }

    /// Returns the catalogue of the service.
    pub fn catalog(&self) -> &'static Catalog {
        self.policy.catalog
    }

    /// Returns the response to an error of this service. A public boundary replaces the message of a 5xx by the summary of
    /// its entry, removes google.rpc.DebugInfo, and replaces an error of another domain by the fallback of INTERNAL.
    ///
    /// The parts that are not sent are logged in a `tracing` event of the target `codelibra::http`. The event contains the
    /// method and the path if the caller was made from a whole request. Unlike this method, the layers log each failure and
    /// give it the id of its request.
    pub fn respond(&self, caller: impl Into<Caller>, error: &ApiError) -> Response<Bytes> {
        let caller = caller.into();
        self.write(&caller, &self.finish(&caller, &Failure::own(error)))
    }

    /// Returns the response to an error of the service behind this gateway. An error with a code is sent as by
    /// [`respond`](Self::respond). An error without a code gets the code of the [`fallback`](Self::fallback) table for its
    /// gRPC code; a public boundary sends neither its message nor its details.
    ///
    /// If the error was received over HTTP without a code, it keeps its class: it gets the code of the fallback table if
    /// that code has the same class, and `CCC000` otherwise.
    ///
    /// A delay from `grpc-retry-pushback-ms` or `Retry-After` becomes google.rpc.RetryInfo, unless the error has one.
    ///
    /// ```
    /// use codelibra::http::Responder;
    /// use codelibra::{ErrorCode, StatusCodeExt};
    ///
    /// let responder = Responder::new::<ErrorCode>();
    /// let status = tonic::Status::from(ErrorCode::USER_BANNED.with_message("banned for spam"));
    /// let request = http::Request::new(());
    /// let response = responder.respond_forwarded(&request, &status.to_received::<ErrorCode>());
    /// assert_eq!(response.headers()["codelibra-error-code"], "403003");
    /// ```
    pub fn respond_forwarded(&self, caller: impl Into<Caller>, error: &ReceivedError) -> Response<Bytes> {
        let caller = caller.into();
        self.write(&caller, &self.finish(&caller, &Failure::forwarded(error)))
    }

    /// Returns the response to an error that another service sent. A public boundary sends its code if its domain is this
    /// service's or allowed, and its declared parameters that are not text. It replaces any other error by the fallback of
    /// INTERNAL. An internal boundary treats the error as [`respond_forwarded`](Self::respond_forwarded) does, which is the
    /// method for a gateway in front of its own service.
    pub fn respond_received(&self, caller: impl Into<Caller>, error: &ReceivedError) -> Response<Bytes> {
        let caller = caller.into();
        self.write(&caller, &self.finish(&caller, &Failure::received(error)))
    }

    /// Writes the response for an error that was decided on.
    pub(crate) fn write(&self, caller: &Caller, error: &SentError<'_>) -> Response<Bytes> {
        let form = caller.form(self.form);
        let body = self.write_body(form, error);
        let mut response = self.head(form, error);
        if caller.is_head() {
            // RFC 9110 §9.3.2: the same headers as for GET.
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            return response.map(|()| Bytes::new());
        }
        response.map(|()| body.into())
    }

    /// Writes the body for an error that was decided on.
    pub(crate) fn write_body(&self, form: Form, error: &SentError<'_>) -> Vec<u8> {
        write_sent(form, error, &self.detail_types, self.policy.error_infos.into())
    }

    /// The response without its body.
    pub(crate) fn head(&self, form: Form, error: &SentError<'_>) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = CodeNumber::from_any(error.code).http_status();
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(VARY, HeaderValue::from_static("accept"));
        fields.insert(ERROR_CODE_HEADER, HeaderValue::from(error.code));
        if let Some(seconds) = retry_after(error) {
            fields.insert(RETRY_AFTER, seconds);
        }
        match (error.class(), &self.challenge) {
            (401, Some(challenge)) => drop(fields.insert(WWW_AUTHENTICATE, challenge.clone())),
            (451, _) => fields.extend(self.links(error).map(|link| (LINK, link.clone()))),
            _ => {}
        }
        response
    }

    fn links(&self, error: &SentError<'_>) -> impl Iterator<Item = &HeaderValue> {
        let accepts = error.entry.is_some_and(|entry| entry.recovery == Recovery::AcceptTerms);
        self.blocked_by.iter().chain(self.terms.iter().filter(move |_| accepts))
    }

    /// Returns the error that is sent, with the id of its request, and logs the failure.
    pub(crate) fn finish_and_log<'a>(
        &'a self,
        transport: Transport,
        caller: &Caller,
        failure: &'a Failure<'_>,
    ) -> SentError<'a> {
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        self.event(transport, caller, failure, &error).write();
        error
    }

    /// Writes the error that is sent into gRPC's fields, within the budget, and logs the failure.
    pub(crate) fn finish_in_fields(
        &self,
        transport: Transport,
        caller: &Caller,
        failure: &Failure<'_>,
        fields: &mut HeaderMap,
    ) {
        let others = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        let mut error = error.for_fields(self.policy.error_infos);
        self.policy.budget.apply(&mut error, others);
        error.write(fields);
        // The event contains what the budget removed.
        self.event(transport, caller, failure, &error).write();
    }

    /// Logs a failure that comes too late for a response: nothing of it is sent.
    pub(crate) fn log_only(&self, caller: &Caller, failure: &Failure<'_>) {
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        Event { is_sent: false, ..self.event(Transport::Http, caller, failure, &error) }.write();
    }

    /// Returns the error that is sent, and logs the failure only if the caller does not receive everything.
    pub(super) fn finish<'a>(&'a self, caller: &Caller, failure: &'a Failure<'_>) -> SentError<'a> {
        let error = self.policy.decide(failure);
        if !tracing::enabled!(target: "codelibra::http", tracing::Level::ERROR) {
            return error;
        }
        let of_caller = caller.request_id();
        let event = self.event(Transport::Http, caller, failure, &error);
        let request_id = match (event.request_id, &of_caller) {
            ("", Some(id)) => id.as_str(),
            (id, _) => id,
        };
        Event { request_id, ..event }.write_if_withheld();
        error
    }

    /// Logs a panic of a drop, whose call already has its response.
    #[cold]
    pub(crate) fn panic_in_drop(&self, transport: Transport, caller: &Caller, panic: &Panic) {
        let id = caller.request_id_or_new();
        log::panic_in_drop(transport, self.policy.log_limit, caller.request(), id.as_str(), panic);
    }

    fn event<'a>(
        &'a self,
        transport: Transport,
        caller: &'a Caller,
        failure: &'a Failure<'_>,
        error: &'a SentError<'_>,
    ) -> Event<'a> {
        Event {
            transport,
            policy: &self.policy,
            request: caller.request(),
            request_id: error.request_id().unwrap_or_default(),
            failure,
            error,
            is_sent: true,
            removed_fields: &[],
        }
    }
}

/// RFC 8288 §3. A URI contains neither `<` nor `>`.
fn link(uri: &Uri, relation: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("<{uri}>; rel=\"{relation}\"")).ok()
}

/// Writes `Retry-After` (RFC 9110 §10.2.3) of `google.rpc.RetryInfo`, for the codes that allow a later try: 429, 503, and those
/// whose recovery is WAIT.
fn retry_after(error: &SentError<'_>) -> Option<HeaderValue> {
    let waits = error.entry.is_some_and(|entry| entry.recovery == Recovery::Wait);
    if !waits && !matches!(error.class(), 429 | 503) {
        return None;
    }
    let info = error.details().find_map(|detail| detail.to_message::<rpc::RetryInfo>())?.ok()?;
    let delay = info.retry_delay?.normalized();
    // The field has whole seconds: a part of a second is rounded up.
    let seconds = delay.seconds.saturating_add(i64::from(delay.nanos > 0));
    u64::try_from(seconds).ok().map(HeaderValue::from)
}
