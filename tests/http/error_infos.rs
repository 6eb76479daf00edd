//! Which ErrorInfos a failure contains, and that every reader reads the same error from each choice: every form, with our
//! ErrorInfo and without it, and gRPC.

use std::convert::Infallible;
use std::path::PathBuf;

use codelibra::codes::LimitTooLarge;
use codelibra::http::{DetailTypes, Form, HttpToGrpcLayer, Reader, Responder, write_body};
use codelibra::rpc::{self, RequestInfo};
use codelibra::server::ServerLayer;
use codelibra::{
    ApiError, Boundary, CATALOG, ERROR_INFO, ErrorCode, ErrorInfos, GOOGLE_ERROR_INFO, Note, ReceivedError,
    Shed, StatusCodeExt, pb,
};
use http::HeaderMap;
use http_body_util::{Empty, Full};
use prost::Message;
use serde_json::{Value, json};
use tonic::Status;
use tower::{Layer, ServiceExt, service_fn};

/// An error as a server made it that left these parts out; of any code and domain.
fn sent(code: u32, domain: &str, reason: &str, metadata: &[(&str, &str)], shed: &[pb::Shed]) -> ApiError {
    let info = pb::ErrorInfo {
        code,
        domain: domain.into(),
        reason: reason.into(),
        metadata: metadata.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        shed: shed.iter().map(|part| i32::from(*part)).collect(),
    };
    let any = prost_types::Any {
        type_url: format!("type.googleapis.com/{ERROR_INFO}"),
        value: info.encode_to_vec(),
    };
    let mut status = Vec::new();
    prost::encoding::message::encode(3, &any, &mut status);
    ReceivedError::from_details(status, &CATALOG).assume_trusted().with_message("the message")
}

/// The cases of every table, by name.
fn cases() -> Vec<(&'static str, ApiError)> {
    use pb::Shed::{DebugInfo, Details, FieldViolations, Help, LocalizedMessage, Message, Metadata};
    let limit = LimitTooLarge { limit: Some(500), max_limit: Some(100) };
    let rich = ApiError::from(limit)
        .with_message("quote \" and snow \u{2603}")
        .with_metadata("", "")
        .with_detail(&rpc::BadRequest::default())
        .with_raw_detail("type.googleapis.com/acme.v1.Unknown", b"\x10\x07");
    let all = [DebugInfo, Help, LocalizedMessage, FieldViolations, Details, Metadata, Message];
    vec![
        ("listed", ErrorCode::USER_BANNED.into()),
        ("listed-rich", rich),
        ("unlisted", sent(403_099, "codelibra", "", &[], &[])),
        ("unlisted-reason", sent(403_099, "codelibra", "NEWER_THAN_THIS", &[("since", "2.0")], &[])),
        ("another-domain", sent(403_003, "acme", "GONE", &[("a", "b")], &[])),
        ("class-alone", sent(503_000, "codelibra", "", &[], &[])),
        ("shed", sent(403_003, "codelibra", "USER_BANNED", &[("a", "b")], &[Help, Metadata])),
        ("shed-all", sent(599_999, "acme", "", &[], &all)),
    ]
}

/// What a reader found: code, domain, reason, gRPC code, message, metadata, details and notes.
fn found(error: &ReceivedError) -> String {
    let details: Vec<_> = error.details().map(|d| (d.type_url().to_owned(), d.value().to_vec())).collect();
    format!("{error:?} {details:?}")
}

fn info_types(status: &[u8]) -> Vec<String> {
    let status = tonic_types::pb::Status::decode(status).unwrap();
    let names = status.details.iter().map(|any| any.type_url.rsplit_once('/').unwrap().1.to_owned());
    names.filter(|name| name.ends_with("ErrorInfo")).collect()
}

fn expected_types(infos: ErrorInfos) -> &'static [&'static str] {
    match infos {
        ErrorInfos::Both => &[ERROR_INFO, GOOGLE_ERROR_INFO],
        ErrorInfos::Google => &[GOOGLE_ERROR_INFO],
        other => panic!("{other}"),
    }
}

/// Our ErrorInfo in ProtoJSON, as servers of other languages may write it into any body.
fn our_info(error: &ApiError) -> Value {
    let received = ReceivedError::from_details(error.to_details(), &CATALOG);
    let parts = received.notes().iter().filter_map(|note| match note {
        Note::Shed(part) => Some(format!("SHED_{}", part.name())),
        _ => None,
    });
    json!({
        "@type": format!("type.googleapis.com/{ERROR_INFO}"),
        "code": error.number(),
        "domain": error.domain(),
        "reason": error.reason(),
        "metadata": error.metadata(),
        "shed": parts.collect::<Vec<_>>(),
    })
}

/// The details of a body, wherever the form has them.
fn details(body: &mut Value) -> &mut Vec<Value> {
    let object = if body.get("error").is_some() { &mut body["error"] } else { body };
    if object.get("details").is_none() {
        object["details"] = json!([]);
    }
    object["details"].as_array_mut().unwrap()
}

fn is_google_alone(form: Form) -> bool {
    matches!(form, Form::Aip193 | Form::RpcStatus)
}

#[test]
fn every_form_gives_the_same_error_with_our_error_info_and_without() {
    let types = DetailTypes::standard();
    for (name, error) in cases() {
        let expected = found(&Status::from(&error).to_received::<ErrorCode>());
        let alone = error.clone().with_error_infos(ErrorInfos::Google);
        for form in Form::ALL {
            let written = write_body(form, &error, types);
            let read = Reader::new::<ErrorCode>().read_body(&written);
            assert_eq!(found(&read), expected, "{name} {form}: {}", String::from_utf8_lossy(&written));
            let again = write_body(form, &read.assume_trusted(), types);
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&written), "{name} {form}");

            let without = write_body(form, &alone, types);
            assert_eq!(
                found(&Reader::new::<ErrorCode>().read_body(&without)),
                expected,
                "{name} {form} without ours"
            );

            let mut with: Value = serde_json::from_slice(&written).unwrap();
            // A problem has no reason of a listed code: the detail contains more than the body, and is kept.
            if !matches!(form, Form::Connect | Form::Problem) {
                details(&mut with).insert(0, our_info(&error));
            }
            let with = with.to_string();
            assert_eq!(
                found(&Reader::new::<ErrorCode>().read_body(with.as_bytes())),
                expected,
                "{name} {form}: {with}"
            );
        }
    }
}

/// A problem has no reason of a listed code: a detail that has it contradicts nothing.
#[test]
fn a_reason_that_only_a_detail_has_is_no_contradiction() {
    let types = DetailTypes::standard();
    for (name, error) in cases() {
        let mut body: Value = serde_json::from_slice(&write_body(Form::Problem, &error, types)).unwrap();
        details(&mut body).insert(0, our_info(&error));
        let read = Reader::new::<ErrorCode>().read_body(body.to_string().as_bytes());
        let expected = Status::from(&error).to_received::<ErrorCode>();
        assert_eq!(read.notes(), expected.notes(), "{name}: {body}");
        assert_eq!((read.number(), read.reason()), (Some(error.number()), error.reason()), "{name}");
    }
}

#[test]
fn bodies_that_are_parsed_as_protobuf_json_contain_googles_types_alone() {
    let types = DetailTypes::standard();
    for (name, error) in cases() {
        for form in Form::ALL {
            let mut body: Value = serde_json::from_slice(&write_body(form, &error, types)).unwrap();
            let text = body.to_string();
            assert_eq!(text.contains(ERROR_INFO), form == Form::Connect, "{name} {form}: {text}");
            if !is_google_alone(form) {
                continue;
            }
            // What a client of another language finds, which knows google.rpc alone.
            let info = details(&mut body).remove(0);
            assert_eq!(info["@type"], format!("type.googleapis.com/{GOOGLE_ERROR_INFO}"), "{name} {form}");
            assert_eq!(info["metadata"]["code"], error.number().to_string());
            assert_eq!(info["domain"], error.domain());
            assert_eq!(info["reason"].as_str().unwrap_or(""), error.reason());
            for (key, value) in error.metadata() {
                assert_eq!(info["metadata"][key], *value, "{name} {form} {key}");
            }
        }
    }
}

#[test]
fn grpc_gives_the_same_error_from_every_choice() {
    for (name, error) in cases() {
        let expected = found(&Status::from(&error).to_received::<ErrorCode>());
        for infos in ErrorInfos::ALL {
            let status = Status::from(error.clone().with_error_infos(infos));
            assert_eq!(info_types(status.details()), expected_types(infos), "{name} {infos}");
            assert_eq!(found(&status.to_received::<ErrorCode>()), expected, "{name} {infos}");
            let code = Some(error.number()).filter(|_| error.domain() == "codelibra");
            assert_eq!(status.error_code::<ErrorCode>().map(u32::from), code, "{name} {infos}");
        }
        // Ours alone, as a service that has to save every byte sends it.
        let mut status = tonic_types::pb::Status::decode(error.to_details()).unwrap();
        status.details.remove(1);
        let ours =
            Status::with_details(error.grpc_code().into(), error.message(), status.encode_to_vec().into());
        assert_eq!(found(&ours.to_received::<ErrorCode>()), expected, "{name} ours alone");
    }
}

#[test]
fn the_marks_are_names_in_googles_metadata() {
    let (_, error) = cases().into_iter().find(|(name, _)| *name == "shed").unwrap();
    for infos in ErrorInfos::ALL {
        let status = Status::from(error.clone().with_error_infos(infos));
        let info = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
        let expected = (infos == ErrorInfos::Google).then_some("HELP,METADATA");
        assert_eq!(info.metadata.get("shed").map(String::as_str), expected, "{infos}");
        let read = status.to_received::<ErrorCode>();
        assert_eq!(read.notes(), [Note::Shed(Shed::Help), Note::Shed(Shed::Metadata)], "{infos}");
        assert_eq!(read.metadata().to_map().into_iter().collect::<Vec<_>>(), [("a", "b")], "{infos}");
    }
}

/// Metadata of the error itself under the two keys of google.rpc.ErrorInfo: ours has a place for them, and there is no
/// form in which they are read as code or marks.
#[test]
fn metadata_named_as_the_code_or_the_marks_is_neither() {
    let types = DetailTypes::standard();
    let error = ErrorCode::USER_BANNED
        .with_metadata("code", "404001")
        .with_metadata("shed", "HELP,METADATA")
        .with_metadata("a", "b");
    let mut reads: Vec<(String, bool, ReceivedError)> = ErrorInfos::ALL
        .into_iter()
        .map(|infos| {
            let status = Status::from(error.clone().with_error_infos(infos));
            (format!("gRPC {infos}"), infos == ErrorInfos::Both, status.to_received::<ErrorCode>())
        })
        .collect();
    for form in Form::ALL {
        let body = write_body(form, &error, types);
        reads.push((form.to_string(), !is_google_alone(form), Reader::new::<ErrorCode>().read_body(&body)));
    }
    for (name, has_place, read) in reads {
        assert_eq!(read.code(), Some(ErrorCode::USER_BANNED), "{name}");
        assert_eq!(read.notes(), [], "{name}");
        let metadata = read.metadata();
        assert_eq!(metadata.get("a"), Some("b"), "{name}");
        assert_eq!(metadata.get("code"), has_place.then_some("404001"), "{name}");
        assert_eq!(metadata.get("shed"), has_place.then_some("HELP,METADATA"), "{name}");
    }
}

/// A google.rpc.ErrorInfo of another system, which may use both keys as it likes.
#[test]
fn a_peers_own_use_of_the_keys_stays_metadata() {
    let google = |domain: &str, code: &str, shed: &str| {
        let metadata =
            [("code", code), ("shed", shed)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let details = tonic_types::ErrorDetails::with_error_info("REASON", domain, metadata);
        <Status as tonic_types::StatusExt>::with_error_details(tonic::Code::NotFound, "m", details)
    };
    // Marks are read beside a code alone.
    for (code, shed, number, marks) in [
        ("403003", "HELP", Some(403_003), 1),
        ("403003", "garage", Some(403_003), 0),
        ("403003", "", Some(403_003), 0),
        ("403003", "GARAGE,SHED", Some(403_003), 0),
        ("E-17", "HELP", None, 0),
        ("17", "HELP", None, 0),
        ("", "HELP", None, 0),
    ] {
        let read = google("acme", code, shed).to_received::<ErrorCode>();
        let at = format!("{code} {shed}: {:?}", read.notes());
        assert_eq!(read.number(), number, "{at}");
        let notes = read.notes().iter().filter(|note| matches!(note, Note::Shed(_)));
        assert_eq!(notes.count(), marks, "{at}");
        assert!(!read.notes().iter().any(|note| matches!(note, Note::InvalidCode(_))), "{at}");
        assert_eq!(read.metadata().get("shed"), (marks == 0).then_some(shed), "{at}");
        assert_eq!(read.metadata().get("code"), number.is_none().then_some(code), "{at}");
    }
}

/// The base64 of `grpc-status-details-bin`. With `UPDATE_GOLDEN` set the files are written anew.
#[test]
fn golden_files_of_grpc_are_written_and_read() {
    for (name, error) in cases() {
        let expected = found(&Status::from(&error).to_received::<ErrorCode>());
        for infos in ErrorInfos::ALL {
            let path = golden(&["grpc", &format!("{infos}-{name}.txt")]);
            let header = error.clone().with_error_infos(infos).to_details_header();
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, format!("{header}\n")).unwrap();
            }
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
            assert_eq!(header, text.trim_end(), "{infos} {name}");
            assert_eq!(
                found(&ReceivedError::from_details_header(text.trim_end().as_bytes(), &CATALOG)),
                expected
            );
        }
    }
}

/// Bodies as earlier versions wrote them, with our ErrorInfo.
#[test]
fn golden_files_with_both_error_infos_are_read() {
    let read = |path: PathBuf| {
        let body = std::fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
        Reader::new::<ErrorCode>().read_body(&body)
    };
    for form in ["aip193", "rpc-status"] {
        for suffix in ["", "-rich", "-unlisted", "-shed"] {
            let name = format!("{form}{suffix}.json");
            let expected = found(&read(golden(&["http", &name])));
            assert_eq!(found(&read(golden(&["http", "both", &name]))), expected, "{name}");
        }
    }
}

fn golden(path: &[&str]) -> PathBuf {
    let root = [env!("CARGO_MANIFEST_DIR"), "tests", "golden"];
    root.iter().chain(path).collect()
}

const ID: &str = "r-7";

fn grpc_request() -> http::Request<Empty<bytes::Bytes>> {
    let request = http::Request::post("/shop.v1.Shop/Buy");
    let request = request.header("content-type", "application/grpc").header("x-request-id", ID);
    request.body(Empty::new()).unwrap()
}

/// The details in the fields of an answer.
fn sent_details(fields: &HeaderMap) -> (Status, Vec<u8>) {
    let status = Status::from_header_map(fields).unwrap();
    let details = status.details().to_vec();
    (status, details)
}

/// A service's own choice, and the layer's: the layer's counts, and nothing of the error changes.
#[tokio::test]
async fn a_server_layer_sends_the_error_infos_that_it_is_told_to() {
    for (name, error) in cases() {
        for (of_service, of_layer) in ErrorInfos::ALL.iter().flat_map(|a| ErrorInfos::ALL.map(|b| (*a, b))) {
            let at = format!("{name}: {of_service} under {of_layer}");
            let layer = ServerLayer::new::<ErrorCode>().error_infos(of_layer).boundary(Boundary::internal());
            let status = Status::from(error.clone().with_error_infos(of_service));
            let service = service_fn(move |_| {
                std::future::ready(Ok::<_, Infallible>(status.clone().into_http::<Empty<bytes::Bytes>>()))
            });
            let response = layer.layer(service).oneshot(grpc_request()).await.unwrap();
            let (status, details) = sent_details(response.headers());
            assert_eq!(info_types(&details), expected_types(of_layer), "{at}");
            assert_eq!(response.headers()["codelibra-error-code"], error.number().to_string(), "{at}");
            let with_id =
                error.clone().with_detail(&RequestInfo { request_id: ID.into(), ..Default::default() });
            let expected = with_id.clone().with_error_infos(of_layer).to_details();
            assert_eq!(details, expected, "{at}");
            let expected = Status::from(&with_id).to_received::<ErrorCode>();
            assert_eq!(found(&status.to_received::<ErrorCode>()), found(&expected), "{at}");
        }
    }
}

#[tokio::test]
async fn a_bridge_sends_the_error_infos_that_its_responder_chooses() {
    for (name, error) in cases() {
        for form in Form::ALL {
            for infos in ErrorInfos::ALL {
                let at = format!("{name}: {form} to gRPC with {infos}");
                let responder =
                    Responder::new::<ErrorCode>().error_infos(infos).boundary(Boundary::internal());
                let body = write_body(form, &error, DetailTypes::standard());
                let status = error.http_status();
                let service = service_fn(move |_| {
                    let response = http::Response::builder().status(status).body(Full::from(body.clone()));
                    std::future::ready(Ok::<_, Infallible>(response.unwrap()))
                });
                let response = HttpToGrpcLayer::new(responder).layer(service).oneshot(grpc_request());
                let response = response.await.unwrap();
                let (_, details) = sent_details(response.headers());
                assert_eq!(info_types(&details), expected_types(infos), "{at}");
                let with_id =
                    error.clone().with_detail(&RequestInfo { request_id: ID.into(), ..Default::default() });
                assert_eq!(details, with_id.with_error_infos(infos).to_details(), "{at}");
            }
        }
    }
}

/// A Connect body follows the responder too; the others are the same.
#[test]
fn a_responder_writes_connect_bodies_with_the_error_infos_that_it_chooses() {
    let error = ApiError::new(ErrorCode::USER_BANNED);
    let body = |form, infos| {
        let responder = Responder::new::<ErrorCode>().form(form).error_infos(infos);
        let request = http::Request::get("/").body(()).unwrap();
        String::from_utf8(responder.respond(&request, &error).into_body().into()).unwrap()
    };
    for form in Form::ALL {
        let [both, google] = ErrorInfos::ALL.map(|infos| body(form, infos));
        assert!(google.len() <= both.len() && !google.contains(ERROR_INFO), "{form}: {google}");
        assert_eq!(both.contains(ERROR_INFO), form == Form::Connect, "{form}: {both}");
    }
}
