//! The five bodies, written and read: golden files, the examples of the specifications, every code in every
//! form.

use std::path::PathBuf;

use codelibra::codes::LockedOut;
use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::{
    ApiError, CATALOG, ERROR_INFO, ErrorCode, GrpcCode, Note, ReceivedError, StatusCodeExt, pb, rpc, tables,
};
use prost::Message;
use prost_types::Duration;
use tonic::Status;

fn types() -> &'static DetailTypes {
    DetailTypes::standard()
}

fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "http", name].iter().collect()
}

fn spec(name: &str, http_status: u16) -> ReceivedError {
    let body = std::fs::read(golden("spec").join(name)).expect(name);
    let (parts, ()) = http::Response::builder().status(http_status).body(()).unwrap().into_parts();
    Reader::new::<ErrorCode>().read_parts(&parts, &body)
}

/// A detail that nobody here knows.
const UNKNOWN: (&str, &[u8]) = ("type.googleapis.com/acme.v1.Unknown", &[0x0a, 3, b'a', b'b', b'c', 0x10, 7]);

/// An error with everything: message, metadata, a standard detail and one that is not known.
fn rich(error: ApiError) -> ApiError {
    let message = format!("quote \" newline \n snow \u{2603} of {}", error.number());
    error
        .with_message(message)
        .with_metadata("one", "1")
        .with_metadata("", "")
        .with_detail(&rpc::BadRequest {
            field_violations: vec![rpc::bad_request::FieldViolation {
                field: "user.emails[3]".into(),
                description: "no address".into(),
                reason: "NO_ADDRESS".into(),
                localized_message: Some(rpc::LocalizedMessage {
                    locale: "de".into(),
                    message: "keine Adresse".into(),
                }),
            }],
        })
        .with_raw_detail(UNKNOWN.0, UNKNOWN.1)
}

/// A code that the catalogue lacks, with a reason all the same.
fn unlisted(number: u32, domain: &str) -> ApiError {
    let info = pb::ErrorInfo {
        code: number,
        domain: domain.into(),
        reason: "NEWER_THAN_THIS".into(),
        metadata: [("since".to_owned(), "2.0".to_owned())].into(),
        ..Default::default()
    };
    received(info).with_message("a newer server's")
}

/// An error as a server sent it.
fn received(info: pb::ErrorInfo) -> ApiError {
    let any = prost_types::Any {
        type_url: format!("type.googleapis.com/{ERROR_INFO}"),
        value: info.encode_to_vec(),
    };
    // google.rpc.Status, field 3.
    let mut status = Vec::new();
    prost::encoding::message::encode(3, &any, &mut status);
    ReceivedError::from_details(status, &CATALOG).assume_trusted()
}

/// An error of which a server left out parts.
fn cut() -> ApiError {
    let shed = [pb::Shed::Help, pb::Shed::Metadata].map(i32::from).to_vec();
    received(pb::ErrorInfo { code: 403_003, domain: "codelibra".into(), shed, ..Default::default() })
        .with_message("banned for spam")
}

fn details(error: &ApiError) -> Vec<(String, Vec<u8>)> {
    error.details().map(|d| (d.type_url().to_owned(), d.value().to_vec())).collect()
}

#[track_caller]
fn assert_same(a: &ApiError, b: &ApiError) {
    assert_eq!(a.number(), b.number());
    assert_eq!(a.domain(), b.domain());
    assert_eq!(a.reason(), b.reason());
    assert_eq!(a.message(), b.message());
    assert_eq!(a.metadata(), b.metadata());
    assert_eq!(a.grpc_code(), b.grpc_code());
    assert_eq!(details(a), details(b));
}

/// HTTP → gRPC → HTTP, and on to gRPC. The number of notes that each hop may make is known.
#[track_caller]
fn assert_crosses(error: &ApiError, form: Form, notes: &[Note]) {
    let body = write_body(form, error, types());
    let over_http = Reader::new::<ErrorCode>().read_body(&body);
    assert_eq!(over_http.notes(), notes, "{form}: {}", String::from_utf8_lossy(&body));
    assert_same(error, &over_http.assume_trusted());

    let over_grpc = Status::from(over_http.assume_trusted()).to_received_with(&CATALOG);
    assert_same(error, &over_grpc.assume_trusted());
    let again = write_body(form, &over_grpc.assume_trusted(), types());
    assert_eq!(String::from_utf8(body).unwrap(), String::from_utf8(again).unwrap());
}

#[test]
fn every_code_crosses_every_form_and_grpc() {
    assert_eq!(CATALOG.entries().len(), 39);
    for form in Form::ALL {
        for entry in CATALOG.entries() {
            let plain = ApiError::from_catalog(&CATALOG, entry.code).unwrap();
            assert_crosses(&plain, form, &[]);
            assert_crosses(&rich(plain), form, &[]);
        }
    }
}

#[test]
fn every_grpc_code_without_a_number_crosses_every_form() {
    for form in Form::ALL {
        for code in GrpcCode::ALL.into_iter().filter(|code| *code != GrpcCode::Ok) {
            let status = Status::new(code.into(), "no code");
            let error = status.to_received_with(&CATALOG).assume_trusted();
            assert_eq!(error.number(), u32::from(tables::grpc_to_class(code)) * 1000);
            assert_eq!(error.domain(), "codelibra");
            assert_crosses(&error, form, &[]);
            assert_crosses(&rich(error), form, &[]);
        }
    }
}

#[test]
fn unlisted_numbers_of_every_class_cross_every_form() {
    for form in Form::ALL {
        for class in 400..=599 {
            let number = class * 1000 + 987;
            let plain = ApiError::from_catalog(&CATALOG, number).unwrap();
            assert_crosses(&plain, form, &[Note::UnknownCode(number)]);
            assert_crosses(&rich(unlisted(number, "codelibra")), form, &[Note::UnknownCode(number)]);
            let foreign = [Note::ForeignDomain("acme".into())];
            assert_crosses(&rich(unlisted(number, "acme")), form, &foreign);
        }
    }
}

#[test]
fn a_listed_number_of_another_domain_is_not_ours() {
    for form in Form::ALL {
        let error = unlisted(403_003, "acme");
        assert_crosses(&error, form, &[Note::ForeignDomain("acme".into())]);
        let body = String::from_utf8(write_body(form, &error, types())).unwrap();
        assert!(!body.contains("UserBanned") && !body.contains("/errors/403003"), "{body}");
    }
}

/// What is in the golden files.
fn golden_errors() -> [(&'static str, ApiError); 4] {
    let locked_out = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    let rich = locked_out
        .with_message("three wrong passwords")
        .with_detail(&rpc::RetryInfo { retry_delay: Some(Duration { seconds: 90, nanos: 500_000_000 }) })
        .with_detail(&rpc::RequestInfo { request_id: "r-1".into(), serving_data: String::new() })
        .with_raw_detail(UNKNOWN.0, UNKNOWN.1);
    [
        ("", ApiError::new(ErrorCode::USER_BANNED)),
        ("-rich", rich),
        ("-unlisted", unlisted(403_099, "codelibra")),
        ("-shed", cut()),
    ]
}

/// With `UPDATE_GOLDEN` set the files are written anew.
#[test]
fn golden_files_are_written_and_read() {
    for (suffix, error) in golden_errors() {
        for form in Form::ALL {
            let path = golden(&format!("{form}{suffix}.json"));
            let mut body = write_body(form, &error, types());
            body.push(b'\n');
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, &body).unwrap();
            }
            let expected = std::fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
            assert_eq!(String::from_utf8_lossy(&body), String::from_utf8_lossy(&expected));
            assert_same(&error, &Reader::new::<ErrorCode>().read_body(&expected).assume_trusted());
        }
    }
}

#[test]
fn the_type_of_a_problem_is_the_page_of_the_code() {
    let value = |error: &ApiError| -> serde_json::Value {
        serde_json::from_slice(&write_body(Form::Problem, error, types())).unwrap()
    };
    let listed = value(&ErrorCode::ACCOUNT_TERMS_ACCEPTANCE_REQUIRED.with_message("version 3 is out"));
    assert_eq!(listed["type"], "/errors/451001");
    assert_eq!(listed["status"], 451);
    assert_eq!(listed["detail"], "version 3 is out");
    assert_eq!(listed["title"], CATALOG.by_code(451_001).unwrap().summary);
    let class = value(&ApiError::from_catalog(&CATALOG, 422_000).unwrap());
    assert_eq!(class["type"], "about:blank");
    assert_eq!(class["title"], "Unprocessable Entity");
    assert_eq!(class["code"], 422_000);
    // A catalogue without pages.
    let shop = value(&crate::shop::ErrorCode::CLOSED.into());
    assert_eq!((&shop["type"], &shop["title"]), (&"about:blank".into(), &"Service Unavailable".into()));
    assert_eq!((&shop["code"], &shop["detail"]), (&503_001.into(), &"The shop is closed.".into()));
}

#[test]
fn reads_the_examples_of_rfc_9457() {
    let error = spec("rfc9457.json", 403);
    assert_eq!(error.notes(), []);
    assert_eq!(error.number(), None);
    assert_eq!(error.number_or_class(), 403_000);
    assert_eq!(error.grpc_code(), GrpcCode::PermissionDenied);
    assert_eq!(error.message(), "Your current balance is 30, but that costs 50.");
    let metadata = error.metadata();
    assert_eq!(metadata.get("type"), Some("https://example.com/probs/out-of-credit"));
    assert_eq!(metadata.get("instance"), Some("/account/12345/msgs/abc"));
    assert_eq!(metadata.get("balance"), Some("30"));
    assert_eq!(metadata.get("accounts"), Some(r#"["/account/12345", "/account/67890"]"#));

    let error = spec("rfc9457-validation.json", 422);
    assert_eq!(error.notes(), []);
    assert_eq!(error.number_or_class(), 422_000);
    assert_eq!(error.message(), "Your request is not valid.");
}

#[test]
fn reads_the_example_of_aip_193() {
    let error = spec("aip193.json", 429);
    assert_eq!(error.notes(), []);
    assert_eq!(error.number(), None);
    assert_eq!(error.http_status(), 429);
    assert_eq!(error.grpc_code(), GrpcCode::ResourceExhausted);
    assert_eq!(error.reason(), "RESOURCE_AVAILABILITY");
    assert_eq!(error.domain(), "compute.googleapis.com");
    assert_eq!(error.metadata().get("vmType"), Some("e2-medium"));
    let names: Vec<_> = error.details().map(|d| d.type_name()).collect();
    assert_eq!(names, ["google.rpc.LocalizedMessage", "google.rpc.Help"]);
    let help = error.detail::<rpc::Help>().unwrap().unwrap();
    assert_eq!(help.links[0].url, "https://cloud.google.com/compute/docs/resource-error");

    let forwarded = error.assume_trusted();
    assert_eq!(forwarded.number(), 429_000);
    assert_eq!(forwarded.reason(), "RESOURCE_AVAILABILITY");
    assert_eq!(forwarded.domain(), "compute.googleapis.com");
    assert_eq!(forwarded.metadata().len(), 4);
}

#[test]
fn reads_the_examples_of_the_connect_protocol() {
    for (name, status) in [("connect.json", 503), ("connect-end-stream.json", 200)] {
        let error = spec(name, status);
        assert_eq!(error.notes(), [], "{name}");
        assert_eq!(error.grpc_code(), GrpcCode::Unavailable);
        assert_eq!(error.http_status(), 503);
        assert_eq!(error.message(), "overloaded: back off and retry");
        // The example's value says 60 s where its debug says 30 s; the value counts.
        let retry = error.detail::<rpc::RetryInfo>().unwrap().unwrap();
        assert_eq!(retry.retry_delay.unwrap().seconds, 60);
    }
}

#[test]
fn reads_the_status_of_envoy_and_of_grpc_gateway() {
    let error = spec("envoy.json", 404);
    assert_eq!(error.notes(), []);
    assert_eq!(error.grpc_code(), GrpcCode::NotFound);
    assert_eq!(error.request_id(), Some("r-1"));

    let error = spec("grpc-gateway.json", 404);
    assert_eq!(error.notes(), []);
    assert_eq!(error.message(), "not found");
    let retry = error.detail::<rpc::RetryInfo>().unwrap().unwrap();
    assert_eq!(retry.retry_delay.unwrap(), Duration { seconds: 1, nanos: 500_000_000 });
}

#[test]
fn reads_kratos() {
    let error = spec("kratos.json", 404);
    assert_eq!(error.notes(), []);
    assert_eq!(error.number(), None);
    assert_eq!(error.number_or_class(), 404_000);
    assert_eq!(error.grpc_code(), GrpcCode::NotFound);
    assert_eq!(error.reason(), "USER_NOT_FOUND");
    assert_eq!(error.message(), "user 7 not found");
    assert_eq!(error.metadata().get("id"), Some("7"));
    assert_eq!(error.assume_trusted().metadata().get("id"), Some("7"));
}

/// Kratos' clients compare `reason`; ours is beside `name`.
#[test]
fn a_kratos_reason_of_the_catalogue_gives_the_code() {
    for entry in CATALOG.entries() {
        let body = serde_json::json!({
            "code": entry.class(),
            "reason": entry.reason,
            "message": "banned",
            "metadata": {"id": "7"},
        });
        let error = Reader::new::<ErrorCode>().read_body(body.to_string().as_bytes());
        assert_eq!(error.notes(), [], "{}", entry.name);
        assert_eq!(error.entry(), Some(entry));
        assert_eq!((error.message(), error.metadata().get("id")), ("banned", Some("7")));
        // What we write has the members that Kratos reads.
        let native = write_body(Form::Native, &error.assume_trusted(), types());
        let native: serde_json::Value = serde_json::from_slice(&native).unwrap();
        assert_eq!(native["reason"], entry.reason);
        assert_eq!(native["name"], entry.name);
    }
    for (body, why) in [
        (r#"{"code":404,"reason":"USER_BANNED","message":"m"}"#, "another class"),
        (r#"{"code":403,"reason":"USER_BANNED","message":"m","domain":"acme"}"#, "another domain"),
        (r#"{"code":403,"reason":"user_banned","message":"m"}"#, "another spelling"),
        (r#"{"code":403,"reason":7,"message":"m"}"#, "no text"),
    ] {
        let error = Reader::new::<ErrorCode>().read_body(body.as_bytes());
        assert_eq!(error.number(), None, "{why}");
    }
}

/// Google's streamed REST answers are an array, whose last element is the error.
#[test]
fn reads_the_error_of_googles_streamed_answers() {
    for form in [Form::Aip193, Form::RpcStatus, Form::Native] {
        let error = rich(ErrorCode::USER_BANNED.into());
        let body = String::from_utf8(write_body(form, &error, types())).unwrap();
        // Google's is AIP-193; grpc-gateway wraps the other ones alike.
        let object = if form == Form::Aip193 { body } else { format!(r#"{{"error":{body}}}"#) };
        for array in [
            format!("[{object}]"),
            format!("[{{\n \"item\": [1, \"]\"]\n}}\n,\n{object}]\n"),
            format!("[{{\"error\":null}},{{\"error\":\"no object\"}},7,{object},{{}}]"),
        ] {
            let read = Reader::new::<ErrorCode>().read_body(array.as_bytes());
            assert_eq!(read.notes(), [], "{array}");
            assert_same(&error, &read.assume_trusted());
        }
        // Cut behind the error, and in it: what stands before the cut is read.
        let cut = Reader::new::<ErrorCode>().read_body(format!("[{{}},{object}").as_bytes());
        assert_eq!(cut.notes().len(), 1, "{:?}", cut.notes());
        assert_same(&error, &cut.assume_trusted());
        let cut =
            Reader::new::<ErrorCode>().read_body(format!("[{{}},{}", &object[..object.len() - 4]).as_bytes());
        assert_eq!(cut.code(), Some(ErrorCode::USER_BANNED), "{form}");
    }
    for array in ["[", "[]", "[7]", r#"[{"a":1}]"#, r#"[{"code":403003}]"#, r#"["error",{"error":7}]"#] {
        let read = Reader::new::<ErrorCode>().read_body(array.as_bytes());
        assert_eq!(read.number(), None, "{array}");
        assert!(read.is_synthesized(), "{array}");
    }
}

#[test]
fn a_request_id_alone_becomes_the_detail() {
    let error = Reader::new::<ErrorCode>().read_body(br#"{"code":500001,"requestId":"r-7"}"#);
    assert_eq!(error.request_id(), Some("r-7"));
    assert_eq!(error.assume_trusted().request_id(), Some("r-7"));
}
