use ::http::header::{ACCEPT, HeaderMap, HeaderName};
use ::http::request::Parts;
use ::http::{Method, Request, Uri};

use super::Form;
use crate::outbound::request_id::RequestId;
use crate::outbound::request_line::RequestLine;

/// "Unary-Request", Connect Protocol: the version that the client speaks.
const CONNECT_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// More media ranges than this are not looked at.
const MAX_RANGES: u8 = 64;

/// What the request of a caller says about the answer: which form it takes, whether it takes a body, and the id of the
/// request (`x-request-id`, where that is 1 to 48 letters, digits and `-._:+/=`). One that is made of a whole [`Request`], or
/// of its [`Parts`], has the request's method and path too, which the events of its failures contain.
///
/// It shares the bytes of the path: take it of a request before the request goes to its handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    connect: bool,
    head: bool,
    problem: Quality,
    json: Quality,
    request_id: Option<RequestId>,
    request: Option<RequestLine>,
}

/// How a caller weighs a media type: by the range that names it most closely (RFC 9110 §12.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quality {
    /// In thousandths (§12.4.2).
    weight: u16,
    fit: u8,
    /// Where the range stands, counted from the last that is looked at: the first is the highest.
    rank: u8,
}

/// A range that names the media type itself.
const EXACT: u8 = 3;

/// "Unary-Get-Request", Connect Protocol: the version in the query.
const CONNECT_VERSION: &str = "connect=v1";

impl Caller {
    /// What a method and header fields say.
    ///
    /// A Connect client that sends GET may say so in its query alone, and the log contains no path of this caller: take the
    /// [`Request`] or its [`Parts`] where they are at hand.
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

    /// Whether the answer has no body: the request's method is HEAD.
    pub(crate) const fn is_head(&self) -> bool {
        self.head
    }

    pub(crate) const fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    /// The method and path, where the caller was made of a whole request.
    pub(crate) const fn request(&self) -> Option<&RequestLine> {
        self.request.as_ref()
    }

    /// Whether the request is a call of gRPC or gRPC-Web.
    #[cfg(feature = "axum")]
    pub(crate) fn is_grpc(&self) -> bool {
        self.request().is_some_and(RequestLine::is_grpc)
    }

    /// The form for a caller whom the author of a gateway would answer in `default`.
    ///
    /// A Connect client gets Connect's. `application/problem+json` is taken where the caller names it and weighs
    /// plain JSON no higher; plain JSON in place of a problem only where it weighs more.
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

/// Whether a caller prefers the media type `wanted` to `other` (`Accept`, RFC 9110 §12.5.1): its range has the higher
/// weight; of two equal weights, the range that names its media type more closely counts, then the one that comes first.
///
/// `false` where the caller treats both alike, as with `*/*` or without the field.
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

    /// Whether the caller likes this better: it weighs more, or as much and is named more closely, or first.
    pub(super) fn is_above(self, other: Self) -> bool {
        let order = |quality: Self| (quality.weight, quality.fit, quality.rank);
        self.weight > 0 && order(self) > order(other)
    }
}

/// How closely a range names a media type, if it does.
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

/// `q=0.5`. A weight that is none counts as none was said.
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
