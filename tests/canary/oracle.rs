//! What has to be sent of a failure, and what has to be in the log. The rules are those of the docs of `Boundary`; nothing
//! here is taken from the code.

use std::collections::BTreeMap;

use codelibra::{CATALOG, GrpcCode, ReceivedError};

use crate::table::{
    Attached, CAUSE, Case, Class, DETAIL, Given, ID, Identity, Kind, LIMIT, MESSAGE, METADATA, OTHER_ID,
    OTHER_SUMMARY, OWN, REASON, REQUEST_INFO, Reach, SERVICE,
};

/// An error as a caller receives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) code: u32,
    pub(crate) domain: String,
    pub(crate) reason: String,
    pub(crate) grpc_code: GrpcCode,
    pub(crate) message: String,
    pub(crate) metadata: BTreeMap<String, String>,
    /// The types and the bytes of the details other than google.rpc.RequestInfo.
    pub(crate) details: Vec<(String, Vec<u8>)>,
    /// The id and the serving_data of google.rpc.RequestInfo.
    pub(crate) request: Option<(String, String)>,
}

impl Sent {
    /// What a reader finds.
    pub(crate) fn read(error: &ReceivedError) -> Self {
        let of_request = |name: &str| name == REQUEST_INFO;
        let details = error.details().filter(|detail| !of_request(detail.type_name()));
        let request = error.detail::<codelibra::rpc::RequestInfo>().map(|info| info.unwrap());
        Self {
            code: error.number().unwrap_or(0),
            domain: error.domain().to_owned(),
            reason: error.reason().to_owned(),
            grpc_code: error.grpc_code(),
            message: error.message().to_owned(),
            metadata: error.metadata().iter().map(|(key, value)| (key.into(), value.into())).collect(),
            details: details.map(|detail| (detail.type_name().into(), detail.value().into())).collect(),
            request: request.map(|info| (info.request_id, info.serving_data)),
        }
    }
}

/// What a transport adds to the rules.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    pub(crate) of_other_catalog: Summary,
    pub(crate) ids: Ids,
    /// Nothing is sent: the response has already begun.
    pub(crate) is_too_late: bool,
}

/// What is known of the summary of an entry that is not in the service's catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Summary {
    /// Nothing.
    #[default]
    Unknown,
    /// The failure is the status of an `ApiError`: the summary is its message.
    Message,
    /// The failure is an `ApiError`, which has its entry.
    Entry,
}

/// The id of the request in google.rpc.RequestInfo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ids {
    /// The error's; without one, the caller's.
    #[default]
    ErrorFirst,
    /// The caller's, in place of the error's.
    CallerFirst,
    /// The error's. There is no layer that adds one.
    ErrorOnly,
}

/// What has to be sent, and how often each private text has to be in the log.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) sent: Sent,
    pub(crate) log: Vec<(&'static str, usize)>,
}

fn phrase(class: u16) -> &'static str {
    http::StatusCode::from_u16(class).unwrap().canonical_reason().unwrap()
}

/// A code of the service without anything else.
fn code(code: u32, grpc_code: GrpcCode) -> Sent {
    let entry = SERVICE.by_code(code).or_else(|| CATALOG.by_code(code));
    let class = u16::try_from(code / 1000).unwrap();
    Sent {
        code,
        domain: OWN.into(),
        reason: entry.map_or("", |entry| entry.reason).into(),
        grpc_code,
        message: entry.map_or_else(|| phrase(class), |entry| entry.summary).into(),
        metadata: BTreeMap::new(),
        details: vec![],
        request: None,
    }
}

/// The fallback of INTERNAL.
pub(crate) fn internal() -> Sent {
    code(500_001, GrpcCode::Internal)
}

/// The fallback of UNAVAILABLE and of DEADLINE_EXCEEDED.
pub(crate) fn unavailable() -> Sent {
    code(503_000, GrpcCode::Unavailable)
}

pub(crate) fn deadline_exceeded() -> Sent {
    code(504_000, GrpcCode::DeadlineExceeded)
}

fn fallback(class: Class) -> Sent {
    match class {
        Class::NotFound => code(404_003, GrpcCode::NotFound),
        Class::Unavailable => unavailable(),
    }
}

/// The failure with its identity and the default message, without metadata and details.
fn identified(case: &Case, traits: Traits) -> Sent {
    let class = case.class.status();
    let number = case.number().unwrap_or(u32::from(class) * 1000);
    let mut sent = code(number, case.class.grpc_code().into());
    if !case.domain().is_empty() {
        sent.domain = case.domain().into();
    }
    sent.reason = case.reason().into();
    let is_message = case.reach == Reach::Internal || case.class == Class::NotFound;
    let is_known = match traits.of_other_catalog {
        Summary::Unknown => false,
        Summary::Message => is_message,
        Summary::Entry => true,
    };
    if is_known && matches!(case.identity, Identity::Allowed | Identity::Foreign) {
        sent.message = OTHER_SUMMARY.into();
    }
    sent
}

/// Adds the parts of the failure. `has_debug`: google.rpc.DebugInfo too.
fn add_parts(sent: &mut Sent, case: &Case, has_debug: bool) {
    sent.metadata = case.metadata().into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    let is_debug = matches!(case.attached, Attached::DebugInfo | Attached::DebugInfoInAny);
    if let Some((name, value, _)) = case.detail().filter(|_| has_debug || !is_debug) {
        match case.attached {
            Attached::RequestInfo => sent.request = Some((ID.into(), DETAIL.into())),
            Attached::OtherRequestInfo => sent.request = Some((OTHER_ID.into(), DETAIL.into())),
            _ => sent.details.push((name.into(), value)),
        }
    }
}

fn decide(case: &Case, traits: Traits) -> Sent {
    let has_number = case.number().is_some();
    let is_trusted = !matches!(case.identity, Identity::Foreign);
    if case.reach == Reach::Internal {
        let mut sent = match case.identity {
            Identity::Nothing => fallback(case.class),
            _ => identified(case, traits),
        };
        if case.has_message {
            sent.message = MESSAGE.into();
        }
        add_parts(&mut sent, case, true);
        return sent;
    }
    match case.kind {
        Kind::Own | Kind::Forwarded if !has_number => fallback(case.class),
        Kind::Own | Kind::Forwarded if !is_trusted => internal(),
        Kind::Own | Kind::Forwarded => {
            let mut sent = identified(case, traits);
            if case.has_message && case.class == Class::NotFound {
                sent.message = MESSAGE.into();
            }
            add_parts(&mut sent, case, false);
            sent
        }
        Kind::Received if !has_number || !is_trusted => internal(),
        Kind::Received => {
            let mut sent = identified(case, Traits { of_other_catalog: Summary::Unknown, ..traits });
            if case.identity == Identity::Allowed {
                // The service does not have the catalogue: it declares no parameter, and the reason is a text.
                sent.reason = String::new();
            } else if case.identity != Identity::Unlisted && case.given == Given::Number {
                sent.metadata.insert("limit".into(), LIMIT.into());
            }
            sent
        }
    }
}

/// The rules.
pub(crate) fn expected(case: &Case, traits: Traits) -> Expected {
    let mut sent = decide(case, traits);
    match (traits.ids, &sent.request) {
        (Ids::CallerFirst, Some((id, _))) if id == ID => {}
        (Ids::CallerFirst, _) | (Ids::ErrorFirst, None) => {
            sent.request = Some((ID.into(), String::new()));
        }
        (Ids::ErrorFirst | Ids::ErrorOnly, _) => {}
    }
    // What is not sent is in the log, once.
    let is_sent = |text: &str| !traits.is_too_late && contains(&sent, text);
    let mut log = Vec::new();
    let mut part = |exists: bool, text: &'static str| {
        log.push((text, usize::from(exists && !is_sent(text))));
    };
    part(case.has_message, MESSAGE);
    part(case.attached != Attached::Nothing, DETAIL);
    part(matches!(case.given, Given::Text | Given::Undeclared), METADATA);
    part(case.given == Given::Number, LIMIT);
    part(case.reason() == REASON, REASON);
    part(false, CAUSE);
    Expected { sent, log }
}

fn contains(sent: &Sent, text: &str) -> bool {
    let in_details = sent.details.iter().any(|(_, value)| String::from_utf8_lossy(value).contains(text));
    in_details
        || sent.message == text
        || sent.reason == text
        || sent.metadata.values().any(|value| value == text)
        || sent.request.as_ref().is_some_and(|(_, serving_data)| serving_data == text)
}
