//! The caller of an HTTP request: which form its response has, and the id of its request.

use ::http::header::{ACCEPT, HeaderMap, HeaderName};
use ::http::request::Parts;
use ::http::{Method, Request, Uri};

use super::Form;
use crate::outbound::request_id::RequestId;
use crate::outbound::request_line::RequestLine;

/// Connect Protocol, "Unary-Request": the header with the version of the protocol.
const CONNECT_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// The most media ranges that are read.
const MAX_RANGES: u8 = 64;

/// The part of a request that its response depends on: the forms of bodies that the caller accepts, whether it expects a body,
/// and the id of the request (`x-request-id`, if it has 1 to 48 letters, digits and `-._:+/=`). If it is made from a whole
/// [`Request`] or its [`Parts`], it also has the method and the path, which log events contain.
///
/// Make it before the request goes to its handler. The path is shared with the request and not copied.
///
/// ```
/// use codelibra::http::{Caller, Form};
///
/// let request = http::Request::get("/users/7").header("accept", "application/problem+json").body(())?;
/// assert_eq!(Caller::from(&request).form(Form::Native), Form::Problem);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    connect: bool,
    head: bool,
    problem: Quality,
    json: Quality,
    request_id: Option<RequestId>,
    request: Option<RequestLine>,
}

/// The preference of a caller for a media type, by the most specific range that matches it (RFC 9110 §12.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quality {
    /// In thousandths (§12.4.2).
    weight: u16,
    fit: u8,
    /// The position of the range, counted from the end: the first range has the highest rank.
    rank: u8,
}

/// The fit of a range that is the media type itself.
const EXACT: u8 = 3;

/// Connect Protocol, "Unary-Get-Request": the version of the protocol in the query.
const CONNECT_VERSION: &str = "connect=v1";

impl Caller {
    /// Reads the method and the headers of a request.
    ///
    /// Prefer `From<&Request>` or `From<&Parts>`. This caller has no path for the log, and a Connect client that sends GET is
    /// not recognised, because it may announce the protocol in the query only.
    pub fn new(method: &Method, headers: &HeaderMap) -> Self {
        Self {
            connect: headers.contains_key(CONNECT_PROTOCOL_VERSION),
            head: method == Method::HEAD,
            problem: Quality::new(headers, Form::Problem.media_type()),
            json: Quality::new(headers, Form::Native.media_type()),
            request_id: RequestId::from_headers(headers),
            request: None,
        }
    }

    fn from_request(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut caller = Self::new(method, headers);
        let is_get = matches!(*method, Method::GET | Method::HEAD);
        let mut parameters = uri.query().filter(|_| is_get).unwrap_or_default().split('&');
        caller.connect |= parameters.any(|parameter| parameter == CONNECT_VERSION);
        caller.request = Some(RequestLine::from_head(method, uri, headers));
        caller
    }

    /// Whether the response has no body, because the method is HEAD.
    pub(crate) const fn is_head(&self) -> bool {
        self.head
    }

    pub(crate) const fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    /// Returns the id of the caller, or a new one if it has none.
    pub(super) fn request_id_or_new(&self) -> RequestId {
        self.request_id().unwrap_or_else(RequestId::generate)
    }

    /// The method and the path, if the caller was made from a whole request.
    pub(crate) const fn request(&self) -> Option<&RequestLine> {
        self.request.as_ref()
    }

    /// Whether the request is a call of gRPC or gRPC-Web.
    #[cfg(feature = "axum")]
    pub(crate) fn is_grpc(&self) -> bool {
        self.request().is_some_and(RequestLine::is_grpc)
    }

    /// Returns the form of the body for this caller. `default` is the form that the author of the gateway chose.
    ///
    /// - A Connect client gets [`Form::Connect`].
    /// - [`Form::Problem`] is used if the caller names `application/problem+json` and does not give plain JSON a higher
    ///   weight.
    /// - [`Form::Native`] replaces a default of [`Form::Problem`] only if the caller gives plain JSON a higher weight.
    pub fn form(&self, default: Form) -> Form {
        let (problem, json) = (self.problem, self.json);
        let asked = problem.fit == EXACT && problem.weight > 0;
        if self.connect {
            Form::Connect
        } else if problem.weight > json.weight || (asked && problem.weight == json.weight) {
            Form::Problem
        } else if json.weight > problem.weight && default == Form::Problem {
            Form::Native
        } else {
            default
        }
    }
}

/// Returns whether a caller prefers the media type `wanted` to `other` (`Accept`, RFC 9110 §12.5.1). The range with the higher
/// weight is preferred; if the weights are equal, the more specific range; then the one that comes first.
///
/// Returns `false` if the caller treats both alike, as with `*/*` or without the header.
///
/// ```
/// use codelibra::http::prefers;
/// use http::header::{ACCEPT, HeaderMap, HeaderValue};
///
/// let browser = HeaderValue::from_static("text/html,application/xml;q=0.9,*/*;q=0.8");
/// let headers = HeaderMap::from_iter([(ACCEPT, browser)]);
/// assert!(prefers(&headers, "text/html", "application/json"));
/// assert!(!prefers(&HeaderMap::new(), "text/html", "application/json"));
/// ```
pub fn prefers(headers: &HeaderMap, wanted: &str, other: &str) -> bool {
    Quality::new(headers, wanted).is_above(Quality::new(headers, other))
}

impl Quality {
    pub(super) fn new(headers: &HeaderMap, media_type: &str) -> Self {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(','));
        let mut quality = Self::default();
        for (rank, range) in (0..MAX_RANGES).rev().zip(ranges) {
            quality.take(range, rank, media_type);
        }
        quality
    }

    fn take(&mut self, range: &str, rank: u8, media_type: &str) {
        let mut parts = range.split(';');
        let Some(fit) = fit(parts.next().unwrap_or_default().trim(), media_type) else { return };
        if fit >= self.fit {
            let weight = parts.find_map(|part| weight(part.trim())).unwrap_or(1000);
            *self = Self { weight, fit, rank };
        }
    }

    /// Whether the caller prefers this media type: by weight, then by how specific its range is, then by position.
    pub(super) fn is_above(self, other: Self) -> bool {
        let order = |quality: Self| (quality.weight, quality.fit, quality.rank);
        self.weight > 0 && order(self) > order(other)
    }
}

/// How specific a range is for a media type; `None` if it does not match.
fn fit(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(EXACT);
    }
    let (family, _) = media_type.split_once('/')?;
    match range.strip_suffix("/*")? {
        "*" => Some(1),
        name => name.eq_ignore_ascii_case(family).then_some(2),
    }
}

/// The weight of a parameter such as `q=0.5`. An invalid weight is ignored.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" => Some(1000),
        _ => None,
    }
}

impl From<&HeaderMap> for Caller {
    fn from(headers: &HeaderMap) -> Self {
        Self::new(&Method::GET, headers)
    }
}

impl From<&Parts> for Caller {
    fn from(parts: &Parts) -> Self {
        Self::from_request(&parts.method, &parts.uri, &parts.headers)
    }
}

impl<B> From<&Request<B>> for Caller {
    fn from(request: &Request<B>) -> Self {
        Self::from_request(request.method(), request.uri(), request.headers())
    }
}
