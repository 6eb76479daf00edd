use ::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LINK, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use ::http::{Response, Uri};
use bytes::Bytes;

use super::write::write_sent;
use super::{Boundary, Caller, DetailTypes, Fallback, Form};
use crate::catalog::code::http_status;
use crate::catalog::{Catalog, CatalogCode, Recovery};
use crate::error::ApiError;
use crate::inbound::ReceivedError;
use crate::outbound::failure::Failure;
use crate::outbound::log_limit::LogLimit;
use crate::outbound::policy::Policy;
use crate::outbound::sent_error::SentError;
use crate::rpc;
use crate::wire::error_infos::ErrorInfos;
use crate::wire::{ERROR_CODE_HEADER, STATUS_DETAILS_HEADER};

/// The fields that a browser's gRPC-Web client has to be let see, for `Access-Control-Expose-Headers`: without
/// them a failure of another origin has neither message nor code.
pub const EXPOSED_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    STATUS_DETAILS_HEADER,
    ERROR_CODE_HEADER,
];

/// How a gateway answers with errors: from an error to a whole HTTP answer.
///
/// - The status is the class of the code, whatever the code.
/// - The body is in the form that the author of the gateway picked, unless the [`Caller`] takes another one
///   (RFC 9110 §12.5.1, RFC 9457 §3, the Connect protocol); `Vary: accept` says so. HEAD has no body.
/// - `codelibra-error-code`, and `Cache-Control: no-store`: an error is this caller's alone.
/// - `Retry-After` of google.rpc.RetryInfo, in whole seconds, rounded up: for 429, 503 and codes whose next step
///   is to wait.
/// - `WWW-Authenticate` on 401 and `Link` on 451, where they are configured.
///
/// What leaves is the [`Boundary`]'s decision, [`Boundary::public`] unless said otherwise. No field is made of what
/// a message says.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::{Form, Responder};
///
/// let responder = Responder::new::<ErrorCode>().form(Form::Problem);
/// let request = http::Request::get("/").body(())?;
/// let answer = responder.respond(&request, &ErrorCode::USER_BANNED.into());
/// assert_eq!(answer.status(), 403);
/// assert_eq!(answer.headers()["content-type"], "application/problem+json");
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
    /// For a service whose codes are `C`'s: the native form, the standard details, [`Boundary::public`].
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// For a service whose catalogue is known only at run time.
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

    /// The form for callers that ask for none.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The details that are written as ProtoJSON.
    #[must_use]
    pub fn detail_types(mut self, types: DetailTypes) -> Self {
        self.detail_types = types;
        self
    }

    /// The decision on what may leave.
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

    /// Chooses which ErrorInfos a failure contains that [`HttpToGrpcLayer`](super::HttpToGrpcLayer) makes, and a body in
    /// the Connect form: both unless this is called. The other bodies never contain `codelibra.error.v1.ErrorInfo`.
    #[must_use]
    pub fn error_infos(mut self, infos: ErrorInfos) -> Self {
        self.policy.error_infos = infos;
        self
    }

    /// How long a field of an event in the log may be: [`LogLimit::KIB_4`] unless said otherwise. It is the limit of
    /// `ErrorLayer`, of both bridges and of streams too, which answer with this responder.
    #[must_use]
    pub fn log_limit(mut self, limit: LogLimit) -> Self {
        self.policy.log_limit = limit;
        self
    }

    /// `WWW-Authenticate` of every 401 (RFC 9110 §11.6.1), such as `Bearer realm="shop"`.
    #[must_use]
    pub fn challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Who demands that something is blocked: `Link` with the relation `blocked-by` on every 451 (RFC 7725 §4).
    #[must_use]
    pub fn blocked_by(mut self, authority: &Uri) -> Self {
        self.blocked_by = link(authority, "blocked-by");
        self
    }

    /// Where the terms are: `Link` with the relation `terms-of-service` on every 451 whose next step is to accept them.
    #[must_use]
    pub fn terms(mut self, terms: &Uri) -> Self {
        self.terms = link(terms, "terms-of-service");
        self
    }

    /// The catalogue of the service.
    pub fn catalog(&self) -> &'static Catalog {
        self.policy.catalog
    }

    /// Answers with an error of this service, within the [`Boundary`]: a public one replaces the message of a 5xx
    /// by its entry's summary, drops google.rpc.DebugInfo, and lets no error of another domain pass.
    ///
    /// What stays here is logged, as a `tracing` event of the target `codelibra::http`; it contains the method and path of a
    /// caller that is a whole request. The layers log each failure, and give it the id of its request.
    pub fn respond(&self, caller: impl Into<Caller>, error: &ApiError) -> Response<Bytes> {
        let caller = caller.into();
        self.write(&caller, &self.finish(&caller, &Failure::own(error)))
    }

    /// Answers with an error of the service that this one is the HTTP face of, within the [`Boundary`]: one with a code
    /// as [`respond`](Self::respond) does; one without gets the code of the fallback table for its gRPC code, and a
    /// public boundary lets neither its message nor its details pass.
    ///
    /// A delay that `grpc-retry-pushback-ms` or `Retry-After` asked for becomes google.rpc.RetryInfo, unless there is one.
    ///
    /// Where HTTP said the class of an error without a code, the fallback's counts if it is of this very class; else the
    /// code is `CCC000`.
    pub fn respond_forwarded(&self, caller: impl Into<Caller>, error: &ReceivedError) -> Response<Bytes> {
        let caller = caller.into();
        self.write(&caller, &self.finish(&caller, &Failure::forwarded(error)))
    }

    /// Answers with an error that another service sent, within the [`Boundary`]: a public one lets pass its code, if
    /// its domain is this service's or allowed, and the declared parameters that are no text; any other error becomes
    /// the fallback of INTERNAL.
    ///
    /// A gateway in front of its own service passes errors on with [`respond_forwarded`](Self::respond_forwarded); so
    /// does this one within an internal boundary.
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
            // RFC 9110 §9.3.2: the fields that a GET gets.
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
        *response.status_mut() = http_status(error.code);
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
}

/// RFC 8288 §3. A URI has neither `<` nor `>` in it.
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
