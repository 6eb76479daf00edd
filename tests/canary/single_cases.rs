//! Private parts that the table does not have: hidden DebugInfo, statuses of every gRPC code and of `io::Error`, pages of proxies.

use codelibra::http::{DetailTypes, Form, write_body};
use codelibra::{ApiError, CATALOG, Catalog, ErrorCode, rpc};
use prost::Message;
use tonic::{Code, Status};

pub(crate) const CANARY: &str = "cAnArY-7f3e token=s3cr3t /srv/db-3.internal select * from users";
/// The id in the request.
pub(crate) const ID: &str = "caller-17";

/// Where the private text is, and how often it has to be in the log. Values of fields may be credentials: they are not logged.
pub(crate) type Case<T> = (String, usize, T);

pub(crate) fn of(number: u32) -> ApiError {
    ApiError::from_catalog(&CATALOG, number).unwrap()
}

pub(crate) fn foreign(number: u32) -> ApiError {
    ApiError::from_catalog(Catalog::leak("upstream.example.com", "", vec![], vec![]), number).unwrap()
}

pub(crate) fn debug_info() -> rpc::DebugInfo {
    rpc::DebugInfo { stack_entries: vec![], detail: CANARY.into() }
}

pub(crate) fn help() -> rpc::Help {
    let link = rpc::help::Link { url: CANARY.into(), ..Default::default() };
    rpc::Help { links: vec![link] }
}

pub(crate) fn caused() -> ApiError {
    ErrorCode::USER_BANNED.with_message("banned").with_cause(std::io::Error::other(CANARY))
}

/// google.rpc.ErrorInfo of a service without six-digit codes.
pub(crate) fn info_of_another_service() -> tonic_types::pb::ErrorInfo {
    let metadata = [("host".to_owned(), CANARY.to_owned())].into();
    tonic_types::pb::ErrorInfo { reason: "DOWN".into(), domain: "db.example.com".into(), metadata }
}

/// A gRPC status without a six-digit code, and with a detail.
pub(crate) fn without_code(name: &str, detail: &impl Message) -> Status {
    let type_url = format!("type.googleapis.com/{name}");
    let details = vec![prost_types::Any { type_url, value: detail.encode_to_vec() }];
    let status = tonic_types::pb::Status { code: 5, message: "gone".into(), details };
    Status::with_details(Code::NotFound, "gone", status.encode_to_vec().into())
}

/// Errors with a private part, which can come over gRPC and over HTTP.
pub(crate) fn errors() -> Vec<Case<ApiError>> {
    let case = |name: &str, error: ApiError| (name.to_owned(), 1, error);
    vec![
        case("a foreign message", foreign(403_003).with_message(CANARY)),
        case("a foreign metadata value", foreign(404_003).with_metadata("k", CANARY)),
        case("a foreign detail", foreign(404_003).with_detail(&help())),
        case("the message of a 5xx", of(500_001).with_message(CANARY)),
        case("the message of an unlisted 5xx", of(503_000).with_message(CANARY)),
        case("DebugInfo", of(404_003).with_detail(&debug_info())),
        case("DebugInfo in an Any", of(404_003).with_raw_detail(ANY, &any(debug_info_any(), 1))),
        case("DebugInfo in many Anys", of(404_003).with_raw_detail(ANY, &any(debug_info_any(), 40))),
        case(
            "DebugInfo by another name",
            of(404_003).with_raw_detail("x/.google.rpc.DebugInfo", &debug_info().encode_to_vec()),
        ),
    ]
}

pub(crate) const ANY: &str = "type.googleapis.com/google.protobuf.Any";

pub(crate) fn debug_info_any() -> prost_types::Any {
    let type_url = "type.googleapis.com/google.rpc.DebugInfo".into();
    prost_types::Any { type_url, value: debug_info().encode_to_vec() }
}

/// The encoded Any, within more Anys.
pub(crate) fn any(innermost: prost_types::Any, more: usize) -> Vec<u8> {
    let around =
        |any: prost_types::Any| prost_types::Any { type_url: ANY.into(), value: any.encode_to_vec() };
    (1..more).fold(innermost, |any, _| around(any)).encode_to_vec()
}

pub(crate) fn statuses() -> Vec<Case<Status>> {
    let mut cases: Vec<Case<Status>> =
        errors().into_iter().map(|(name, logged, error)| (name, logged, error.into())).collect();
    let mut fields = Status::not_found("");
    fields.metadata_mut().insert("x-internal-host", CANARY.parse().unwrap());
    fields.metadata_mut().insert("set-cookie", CANARY.parse().unwrap());
    cases.push(("a field".into(), 0, fields));
    cases.push(("a detail without a code".into(), 1, without_code("google.rpc.Help", &help())));
    cases.push((
        "another service's ErrorInfo".into(),
        1,
        without_code("google.rpc.ErrorInfo", &info_of_another_service()),
    ));
    let reason = tonic_types::pb::ErrorInfo { reason: CANARY.into(), ..Default::default() };
    cases.push(("another service's reason".into(), 1, without_code("google.rpc.ErrorInfo", &reason)));
    for kind in [std::io::ErrorKind::NotFound, std::io::ErrorKind::InvalidInput, std::io::ErrorKind::Other] {
        cases.push((format!("an io::Error {kind:?}"), 1, std::io::Error::new(kind, CANARY).into()));
    }
    for code in (1..=16).map(Code::from) {
        cases.push((format!("a message without a code, {code:?}"), 1, Status::new(code, CANARY)));
    }
    cases
}

/// HTTP responses: status, media type, body.
pub(crate) fn responses() -> Vec<Case<(u16, &'static str, Vec<u8>)>> {
    let mut cases: Vec<Case<_>> = vec![
        ("a page".into(), 1, (503, "text/html", format!("<html>{CANARY}").into_bytes())),
        ("a page of a 4xx".into(), 1, (404, "text/html", format!("<html>{CANARY}").into_bytes())),
        (
            "a message without a code".into(),
            1,
            (404, "application/json", format!(r#"{{"code":404,"message":"{CANARY}"}}"#).into_bytes()),
        ),
        (
            "a status without a code".into(),
            1,
            (
                403,
                "application/json",
                format!(r#"{{"error":{{"code":403,"message":"{CANARY}","status":"PERMISSION_DENIED"}}}}"#)
                    .into_bytes(),
            ),
        ),
        (
            "another service's reason".into(),
            1,
            (
                404,
                "application/json",
                format!(r#"{{"code":404,"reason":"GONE","message":"","metadata":{{"host":"{CANARY}"}}}}"#)
                    .into_bytes(),
            ),
        ),
        (
            "a problem without a code".into(),
            1,
            (
                400,
                "application/problem+json",
                format!(r#"{{"type":"https://a.example/p","title":"no","detail":"{CANARY}"}}"#).into_bytes(),
            ),
        ),
    ];
    for form in Form::ALL {
        cases.extend(errors().into_iter().map(|(name, logged, error)| {
            let body = write_body(form, &error, DetailTypes::standard());
            (format!("{name} in {form}"), logged, (error.http_status().as_u16(), form.media_type(), body))
        }));
    }
    cases
}
