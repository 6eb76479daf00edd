//! The server layer over real sockets: every failure that leaves carries a code, and says nothing private.

#![cfg(feature = "server")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use codelibra::rpc::{BadRequest, DebugInfo, RequestInfo, bad_request::FieldViolation};
use codelibra::server::{Boundary, Fallback, ServerLayer};
use codelibra::{ApiError, ErrorCode, GrpcCode, LockedOut, ReceivedError, StatusCodeExt};
use support::{End, KINDS, Kind, Log, Script, Test, call, serve};
use tonic::{Code, Request, Status};
use tower_layer::Layer;

fn layer() -> ServerLayer {
    ServerLayer::new::<ErrorCode>()
}

fn request() -> Request<String> {
    Request::new(String::new())
}

/// Whole, coded, and with nothing to complain of.
fn check(status: &Status) -> ReceivedError {
    let error = status.to_received::<ErrorCode>();
    assert_eq!(error.notes(), [], "{error:?}");
    let number = error.number().unwrap();
    assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), &number.to_string());
    let id = error.detail::<RequestInfo>().unwrap().unwrap().request_id;
    assert!(!id.is_empty());
    error
}

#[tokio::test]
async fn a_coded_failure_arrives_whole_from_every_kind_of_call() {
    let channel = serve(
        layer(),
        Test::new(|_| {
            let error = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
            let violation = FieldViolation { field: "pin".into(), ..Default::default() };
            let detail = BadRequest { field_violations: vec![violation] };
            Script::fail(error.with_message("three wrong passwords").with_detail(&detail)).after(3)
        }),
    )
    .await;
    for kind in KINDS {
        let (items, end) = call(channel.clone(), kind, request()).await;
        assert_eq!(items.len(), if kind.streams() { 3 } else { 0 });
        let status = end.unwrap_err();
        let error = check(&status);
        assert_eq!(error.code(), Some(ErrorCode::LOCKED_OUT));
        assert_eq!(error.message(), "three wrong passwords");
        assert!(error.decode::<LockedOut>().unwrap().locked_until.is_some());
        assert_eq!(error.detail::<BadRequest>().unwrap().unwrap().field_violations[0].field, "pin");
    }
}

#[tokio::test]
async fn a_success_passes_untouched() {
    let channel = serve(layer(), Test::new(|_| Script { items: 2, at_once: false, end: End::Ok })).await;
    for kind in KINDS {
        let (items, end) = call(channel.clone(), kind, request()).await;
        assert!(end.is_ok());
        assert_eq!(items.len(), if kind.streams() { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_failure_without_a_code_gets_one() {
    let channel = serve(
        layer(),
        Test::new(|text| {
            let code = Code::from_i32(text.parse().unwrap());
            let script = Script::fail(Status::new(code, "select * from users"));
            if text.starts_with(' ') { script.at_once() } else { script.after(1) }
        }),
    )
    .await;
    for grpc in GrpcCode::ALL.into_iter().skip(1) {
        let expected = match grpc {
            GrpcCode::Unauthenticated => 401_001,
            GrpcCode::PermissionDenied => 403_001,
            GrpcCode::NotFound => 404_003,
            GrpcCode::InvalidArgument => 400_002,
            GrpcCode::Internal | GrpcCode::Unknown | GrpcCode::DataLoss => 500_001,
            other => u32::from(codelibra::tables::grpc_to_class(other)) * 1000,
        };
        for kind in KINDS {
            let (_, end) = call(channel.clone(), kind, Request::new(grpc.number().to_string())).await;
            let error = check(&end.unwrap_err());
            assert_eq!(error.number(), Some(expected), "{grpc}");
            assert!(!error.message().contains("select"), "{error}");
            if expected % 1000 == 0 {
                assert_eq!(error.grpc_code(), grpc, "a class alone does not change the gRPC code");
            }
        }
    }
}

#[tokio::test]
async fn users_set_the_fallback_and_the_boundary() {
    let fallback =
        Fallback::of(&codelibra::CATALOG).with(GrpcCode::NotFound, ErrorCode::USER_NOT_FOUND_IN_DB);
    let layer = layer().fallback(fallback).boundary(Boundary::internal());
    let channel = serve(layer, Test::new(|_| Script::fail(Status::not_found("no user 17")).after(1))).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, request()).await;
        let error = check(&end.unwrap_err());
        assert_eq!(error.code(), Some(ErrorCode::USER_NOT_FOUND_IN_DB));
        assert_eq!(error.message(), "no user 17", "between services of one owner messages stay");
    }
}

#[tokio::test]
async fn what_tonic_itself_answers_is_coded() {
    let channel = serve(layer(), Test::new(|_| Script { items: 0, at_once: false, end: End::Ok })).await;

    // A method, and a service, that nobody has.
    for path in ["/test.v1.Test/Nothing", "/nobody.v1.Nothing/At"] {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let status = grpc.unary(request(), path, codec).await.unwrap_err();
        assert_eq!(check(&status).number(), Some(501_000));
        assert_eq!(status.code(), Code::Unimplemented);
    }

    // A request that is no message of the type.
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static(Kind::Unary.path());
    let codec = tonic_prost::ProstCodec::<Vec<u8>, String>::default();
    // google.protobuf.BytesValue with bytes that are not UTF-8, where a StringValue is expected.
    let status = grpc.unary(Request::new(vec![0xff]), path.clone(), codec).await.unwrap_err();
    assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR));

    // A compression that the server does not have.
    let mut compressed = request();
    compressed.metadata_mut().insert("grpc-encoding", "snappy".parse().unwrap());
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    grpc.ready().await.unwrap();
    let status = grpc.unary(compressed, path, codec).await.unwrap_err();
    assert_eq!(check(&status).number(), Some(501_000));
}

#[tokio::test]
async fn a_panic_is_an_unexpected_error_with_nothing_of_its_payload() {
    let log = Log::start();
    let channel = serve(
        layer(),
        Test::new(|text| {
            let end = if text == "fine" { End::Ok } else { End::Panic("secret payload".into()) };
            Script { items: 2, at_once: false, end }
        }),
    )
    .await;
    let before_the_stream = serve(layer(), Test::new(|_| panic!("secret payload"))).await;
    for kind in KINDS {
        for channel in [channel.clone(), before_the_stream.clone()] {
            let (_, end) = call(channel, kind, request()).await;
            let status = end.unwrap_err();
            assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR), "{kind:?}");
            assert!(!format!("{status:?}").contains("secret"));
            assert_eq!(log.take().matches("secret payload").count(), 1);
        }
    }
    // The connection lives on.
    let (_, end) = call(channel, Kind::Unary, Request::new("fine".into())).await;
    assert!(end.is_ok());
}

#[tokio::test]
async fn a_timeout_of_the_server_is_deadline_exceeded() {
    let hang = Test::new(|_| Script { items: 1, at_once: false, end: End::Never });
    let channel = serve(layer().timeout(Duration::from_millis(20)), hang).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, request()).await;
        let status = end.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{kind:?}");
        assert_eq!(check(&status).number(), Some(504_000));
    }
}

/// In process, because tonic's channel has a timer of its own for the same field; the clock is tokio's, which jumps
/// to the next timer.
#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_caller_is_deadline_exceeded() {
    for kind in KINDS {
        let hang = Test::new(|_| Script { items: 1, at_once: false, end: End::Never });
        let start = tokio::time::Instant::now();
        let mut request = request();
        request.metadata_mut().insert("grpc-timeout", "3S".parse().unwrap());
        let (_, end) = call(layer().layer(hang), kind, request).await;
        let status = end.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{kind:?}");
        assert_eq!(check(&status).number(), Some(504_000));
        let waited = start.elapsed();
        assert!((2900..3000).contains(&waited.as_millis()), "before tonic's own timer: {waited:?}");
    }
}

#[tokio::test]
async fn the_caller_gets_the_request_id_that_the_log_has() {
    let log = Log::start();
    let failing = |_: &str| {
        Script::fail(ErrorCode::USER_BANNED.with_cause(std::io::Error::other("row 17 of bans"))).after(1)
    };
    let channel = serve(layer(), Test::new(failing)).await;
    for kind in KINDS {
        for (sent, sane) in [("0af7651916cd43dd", true), ("<script>", false)] {
            let mut request = request();
            request.metadata_mut().insert("x-request-id", sent.parse().unwrap());
            let (_, end) = call(channel.clone(), kind, request).await;
            let status = end.unwrap_err();
            let id = check(&status).detail::<RequestInfo>().unwrap().unwrap().request_id;
            assert_eq!(id == sent, sane, "{id}");
            let log = log.take();
            assert_eq!(log.matches(&id).count(), 1, "{kind:?} {log}");
            assert_eq!(log.matches("row 17 of bans").count(), 1, "{kind:?} {log}");
            assert!(!format!("{status:?}").contains("row 17"));
        }
    }
}

#[tokio::test]
async fn the_message_of_a_5xx_and_debug_info_stay_here() {
    let failing = |_: &str| {
        let debug = DebugInfo { detail: "stack".into(), ..Default::default() };
        let code = ErrorCode::from_u32(503_001).unwrap();
        Script::fail(code.with_message("db-3 is down").with_metadata("zone", "a").with_detail(&debug))
            .after(1)
    };
    let public = serve(layer(), Test::new(failing)).await;
    let internal = serve(layer().boundary(Boundary::internal()), Test::new(failing)).await;
    for kind in KINDS {
        let (_, end) = call(public.clone(), kind, request()).await;
        let error = end.unwrap_err().to_received::<ErrorCode>();
        assert_eq!((error.number(), error.message()), (Some(503_001), "Service Unavailable"));
        assert!(error.detail::<DebugInfo>().is_none());
        let (_, end) = call(internal.clone(), kind, request()).await;
        let error = end.unwrap_err().to_received::<ErrorCode>();
        assert_eq!((error.number(), error.message()), (Some(503_001), "db-3 is down"));
        assert!(error.detail::<DebugInfo>().is_some());
    }
}

#[tokio::test]
async fn a_foreign_error_does_not_leave() {
    let other = codelibra::Catalog::leak("otherhost", "", vec![]);
    let foreign = || {
        let error = ApiError::from_catalog(other, 403_003).unwrap().with_message("of other");
        let mut status = Status::from(error);
        status.metadata_mut().insert("set-cookie", "secret".parse().unwrap());
        status
    };
    let failing = move |_: &str| Script::fail(foreign()).after(1);
    let public = serve(layer(), Test::new(failing)).await;
    let allowed = layer().boundary(Boundary::public().allow_domain("otherhost"));
    let allowed = serve(allowed, Test::new(failing)).await;
    for kind in KINDS {
        let (_, end) = call(public.clone(), kind, request()).await;
        let status = end.unwrap_err();
        assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR));
        assert!(!format!("{status:?}").contains("secret") && !format!("{status:?}").contains("of other"));

        let (_, end) = call(allowed.clone(), kind, request()).await;
        let status = end.unwrap_err();
        let error = status.to_received::<ErrorCode>();
        assert_eq!((error.number(), error.domain()), (Some(403_003), "otherhost"));
        assert!(status.metadata().get("set-cookie").is_none());
    }
}

/// tonic leaves the status in the extensions of its answer. A layer between that changes the fields is heard.
#[tokio::test]
async fn fields_that_an_inner_layer_changed_count() {
    let answer = |change: fn(&mut http::HeaderMap)| async move {
        let service = tower::service_fn(move |_: http::Request<()>| async move {
            let status = ErrorCode::USER_BANNED.with_message("banned for spam").into();
            let mut response: http::Response<()> = Status::into_http(status);
            change(response.headers_mut());
            Ok::<_, std::convert::Infallible>(response)
        });
        let response = tower::ServiceExt::oneshot(layer().layer(service), http::Request::new(()));
        let fields = response.await.unwrap().into_parts().0.headers;
        Status::from_header_map(&fields).unwrap()
    };
    let whole = answer(|_| ()).await;
    assert_eq!((whole.code(), whole.message()), (Code::PermissionDenied, "banned for spam"));
    assert_eq!(whole.error_code(), Some(ErrorCode::USER_BANNED));

    let coded = answer(|fields| {
        let other: Status = ErrorCode::NOT_FOUND.into();
        other.add_header(fields).unwrap();
    });
    assert_eq!(coded.await.error_code(), Some(ErrorCode::NOT_FOUND));
    let bare = answer(|fields| drop(fields.remove("grpc-status-details-bin")));
    assert_eq!(bare.await.error_code(), Some(ErrorCode::USER_UNAUTHORIZED));
}
