use ::http::header::{ACCEPT, HeaderMap, HeaderName};
use ::http::request::Parts;
use ::http::{Method, Request};

use super::Form;
use crate::request_id::RequestId;

/// "Unary-Request", Connect Protocol: the version that the client speaks.
const CONNECT_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");

/// More media ranges than this are not looked at.
const MAX_RANGES: usize = 64;

/// What the request of a caller says about the answer: which form it takes, whether it takes a body, and the id of the
/// request (`x-request-id`, where that is 1 to 64 letters, digits and `-._:+/=`).
///
/// It is a small copy: take it of a request before the request goes to its handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    connect: bool,
    head: bool,
    problem: Quality,
    json: Quality,
    request_id: Option<RequestId>,
}

/// A weight of RFC 9110 §12.4.2, in thousandths, and how closely the media range fits (§12.5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Quality {
    weight: u16,
    fit: u8,
}

/// A range that names the media type itself.
const EXACT: u8 = 3;

impl Caller {
    /// What a method and header fields say.
    pub fn new(method: &Method, headers: &HeaderMap) -> Self {
        let mut caller = Self {
            connect: headers.contains_key(CONNECT_PROTOCOL_VERSION),
            head: method == Method::HEAD,
            request_id: RequestId::of_caller(headers),
            ..Self::default()
        };
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')).take(MAX_RANGES) {
            caller.problem.take(range, Form::Problem.media_type());
            caller.json.take(range, Form::Native.media_type());
        }
        caller
    }

    /// Whether the answer has no body: the request's method is HEAD.
    pub(crate) const fn is_head(self) -> bool {
        self.head
    }

    pub(crate) const fn request_id(self) -> Option<RequestId> {
        self.request_id
    }

    /// The form for a caller whom the author of a gateway would answer in `default`.
    ///
    /// A Connect client gets Connect's. `application/problem+json` is taken where the caller names it and weighs
    /// plain JSON no higher; plain JSON in place of a problem only where it weighs more.
    pub fn form(self, default: Form) -> Form {
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

impl Quality {
    fn take(&mut self, range: &str, media_type: &str) {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let fit = if name.eq_ignore_ascii_case(media_type) {
            EXACT
        } else if name.eq_ignore_ascii_case("application/*") {
            2
        } else if name == "*/*" {
            1
        } else {
            return;
        };
        if fit >= self.fit {
            let weight = parts.find_map(|part| weight(part.trim())).unwrap_or(1000);
            *self = Self { weight, fit };
        }
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
        Self::new(&parts.method, &parts.headers)
    }
}

impl<B> From<&Request<B>> for Caller {
    fn from(request: &Request<B>) -> Self {
        Self::new(request.method(), request.headers())
    }
}
