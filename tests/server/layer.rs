//! The server layer over real sockets: every failure that is sent contains a code, and no private text.

use std::time::Duration;

use crate::support::{End, KINDS, Kind, Log, Script, Test, call, check, connect, serve, serve_bare};
use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::rpc::{BadRequest, DebugInfo, Help, RequestInfo};
use codelibra::server::ServerLayer;
use codelibra::{ApiError, Boundary, Catalog, Entry, ErrorCode, Fallback, GrpcCode, StatusCodeExt};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::body::Body;
use tonic::service::InterceptorLayer;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tower::{ServiceBuilder, ServiceExt};
use tower_layer::Layer;

fn layer() -> ServerLayer {
    ServerLayer::new::<ErrorCode>()
}

fn request() -> Request<String> {
    Request::new(String::new())
}

#[tokio::test]
async fn a_coded_failure_is_received_unchanged_from_every_kind_of_call() {
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
async fn a_success_is_not_changed() {
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
                assert_eq!(error.grpc_code(), grpc, "a class code does not change the gRPC code");
            }
        }
    }
}

#[tokio::test]
async fn a_catalogue_may_define_its_fallback() {
    let taken = Entry {
        code: 409_100,
        name: "Taken",
        reason: "TAKEN",
        domain: "shop.example.com",
        grpc_code: GrpcCode::AlreadyExists,
        ..*ErrorCode::PRICE_CALCULATION_INVALID.entry().unwrap()
    };
    let table = vec![(GrpcCode::AlreadyExists, 409_100)];
    let shop = Catalog::leak("shop.example.com", "", vec![taken], table);
    let failing = |number: &str| Script::fail(Status::new(number.parse::<i32>().unwrap().into(), "private"));
    let channel = serve(ServerLayer::from_catalog(shop), Test::new(failing)).await;
    for (grpc_code, expected) in [
        (GrpcCode::AlreadyExists, 409_100),
        (GrpcCode::Aborted, 409_000),
        (GrpcCode::NotFound, 404_000),
        (GrpcCode::Internal, 500_000),
    ] {
        let (_, end) = call(channel.clone(), Kind::Unary, Request::new(grpc_code.number().to_string())).await;
        let error = end.unwrap_err().to_received_with(shop);
        assert_eq!((error.number(), error.grpc_code()), (Some(expected), grpc_code));
        assert_eq!(error.domain(), "shop.example.com");
    }
}

#[tokio::test]
async fn users_set_the_fallback_and_the_boundary() {
    let fallback = Fallback::new::<ErrorCode>().with(GrpcCode::NotFound, ErrorCode::USER_NOT_FOUND_IN_DB);
    let layer = layer().fallback(fallback).boundary(Boundary::internal());
    let channel = serve(layer, Test::new(|_| Script::fail(Status::not_found("no user 17")).after(1))).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, request()).await;
        let error = check(&end.unwrap_err());
        assert_eq!(error.code(), Some(ErrorCode::USER_NOT_FOUND_IN_DB));
        assert_eq!(error.message(), "no user 17", "the internal boundary sends messages");
    }
}

#[tokio::test]
async fn an_internal_boundary_sends_details_with_any_message() {
    let failing = |message: &str| {
        let detail = prost_types::Any::from_msg(&Help::default()).unwrap();
        let status = tonic_types::Status { code: 5, message: message.into(), details: vec![detail] };
        let details = prost::Message::encode_to_vec(&status);
        Script::fail(Status::with_details(Code::NotFound, message, details.into())).after(1)
    };
    let channel = serve(layer().boundary(Boundary::internal()), Test::new(failing)).await;
    for kind in KINDS {
        // Without a message, the summary of the code is sent.
        for (message, sent) in
            [("no user 17", "no user 17"), ("", "The requested entity could not be found.")]
        {
            let (_, end) = call(channel.clone(), kind, Request::new(message.into())).await;
            let error = check(&end.unwrap_err());
            assert_eq!((error.code(), error.message()), (Some(ErrorCode::NOT_FOUND), sent));
            assert!(error.detail::<Help>().is_some(), "{message:?}");
        }
    }
}

/// Returns the failures of tonic itself, with the code that is sent for each.
async fn failures_of_tonic(channel: Channel) -> Vec<(Status, u32)> {
    let fail = async |path, message: Vec<u8>, encoding: Option<&str>| {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let mut request = Request::new(message);
        if let Some(encoding) = encoding {
            request.metadata_mut().insert("grpc-encoding", encoding.parse().unwrap());
        }
        let codec = tonic_prost::ProstCodec::<Vec<u8>, String>::default();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        grpc.unary(request, path, codec).await.unwrap_err()
    };
    let unary = Kind::Unary.path();
    vec![
        // A method and a service that do not exist.
        (fail("/test.v1.Test/Nothing", vec![], None).await, 501_000),
        (fail("/nobody.v1.Nothing/At", vec![], None).await, 501_000),
        // A google.protobuf.BytesValue whose bytes are not UTF-8, instead of a StringValue.
        (fail(unary, vec![0xff], None).await, 500_001),
        // A compression that the server does not support.
        (fail(unary, vec![], Some("snappy")).await, 501_000),
    ]
}

#[tokio::test]
async fn failures_of_tonic_itself_are_coded() {
    let fine = || Test::new(|_| Script { items: 0, at_once: false, end: End::Ok });
    for (status, number) in failures_of_tonic(serve(layer(), fine()).await).await {
        assert_eq!(check(&status).number(), Some(number));
        assert_eq!(status.code() == Code::Unimplemented, number == 501_000);
    }
    // The control, without the layer.
    for (status, _) in failures_of_tonic(serve_bare(fine()).await).await {
        assert_eq!(status.error_code::<ErrorCode>(), None, "{status:?}");
    }
}

type Interceptor = fn(Request<()>) -> Result<Request<()>, Status>;

/// Returns an interceptor that is a layer. It panics in `call`, and not in the future.
fn panicking_interceptor() -> InterceptorLayer<Interceptor> {
    InterceptorLayer::new(|_| panic!("secret payload"))
}

#[tokio::test]
async fn a_panic_becomes_an_unexpected_error_without_its_payload() {
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
    let before_the_service = connect(|incoming| {
        let mut server = Server::builder().layer(layer()).layer(panicking_interceptor());
        server.add_service(Test::new(|_| unreachable!())).serve_with_incoming(incoming)
    })
    .await;
    for kind in KINDS {
        for channel in [&channel, &before_the_stream, &before_the_service] {
            let (_, end) = call(channel.clone(), kind, request()).await;
            let status = end.unwrap_err();
            assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR), "{kind:?}");
            assert!(!format!("{status:?}").contains("secret"));
            assert_eq!(log.take().matches("secret payload").count(), 1);
        }
    }
    // The connection is still usable.
    let (_, end) = call(channel, Kind::Unary, Request::new("fine".into())).await;
    assert!(end.is_ok());
}

/// The control, without the layer.
#[tokio::test]
async fn without_the_layer_a_panic_closes_the_stream_without_a_code() {
    let panicking = Test::new(|_| Script { items: 2, at_once: false, end: End::Panic("secret".into()) });
    let channel = serve_bare(panicking).await;
    let before_the_service = connect(|incoming| {
        let mut server = Server::builder().layer(panicking_interceptor());
        server.add_service(Test::new(|_| unreachable!())).serve_with_incoming(incoming)
    })
    .await;
    for kind in KINDS {
        for channel in [&channel, &before_the_service] {
            let (_, end) = call(channel.clone(), kind, request()).await;
            let status = end.unwrap_err();
            assert_eq!(status.error_code::<ErrorCode>(), None, "{kind:?} {status:?}");
            assert!(status.metadata().is_empty(), "no trailers: {status:?}");
        }
    }
}

#[tokio::test]
async fn a_timeout_of_the_server_becomes_deadline_exceeded() {
    let hang = Test::new(|_| Script { items: 1, at_once: false, end: End::Never });
    let channel = serve(layer().timeout(Duration::from_millis(20)), hang).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, request()).await;
        let status = end.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{kind:?}");
        assert_eq!(check(&status).number(), Some(504_000));
    }
}

/// The control, without the layer: tonic's own timer gives CANCELLED.
#[tokio::test]
async fn without_the_layer_a_timeout_is_cancelled() {
    let hang = Test::new(|_| Script { items: 0, at_once: true, end: End::Never });
    let channel = connect(|incoming| {
        let mut server = Server::builder().timeout(Duration::from_millis(20));
        server.add_service(hang).serve_with_incoming(incoming)
    })
    .await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, request()).await;
        let status = end.unwrap_err();
        assert_eq!((status.code(), status.error_code::<ErrorCode>()), (Code::Cancelled, None), "{kind:?}");
    }
}

/// The call is in process, because tonic's channel has its own timer for the same field. tokio's paused clock advances to the next
/// timer.
#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_caller_becomes_deadline_exceeded() {
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

/// The call is in process, so that only the deadline can end it. The test advances tokio's paused clock.
#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_stream_that_always_has_a_message_ready() {
    for kind in [Kind::ServerStream, Kind::Bidi] {
        for (layer, timeout) in [(layer().timeout(Duration::from_secs(3)), "1H"), (layer(), "3S")] {
            let endless = Test::new(|_| Script { items: usize::MAX, at_once: false, end: End::Ok });
            let request = http::Request::post(kind.path()).header("content-type", "application/grpc");
            let message = Full::new(Bytes::from_static(&[0; 5]));
            let request = request.header("grpc-timeout", timeout).body(Body::new(message)).unwrap();
            let mut body = Box::pin(layer.layer(endless).oneshot(request).await.unwrap().into_body());
            for _ in 0..3 {
                assert!(body.frame().await.unwrap().unwrap().is_data());
            }
            tokio::time::advance(Duration::from_secs(3)).await;
            let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
            let status = Status::from_header_map(&trailers).unwrap();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{kind:?}");
            assert_eq!(check(&status).number(), Some(504_000));
            assert!(body.frame().await.is_none());
        }
    }
}

#[tokio::test]
async fn the_answer_and_the_log_contain_the_same_request_id() {
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

/// One layer is around all services and one around a single service. Both events contain the id of the answer, and one of them
/// contains the cause.
#[tokio::test]
async fn two_layers_log_one_request_id() {
    let log = Log::start();
    let failures: [fn() -> Status; 3] = [
        || ErrorCode::UNEXPECTED_ERROR.with_cause(std::io::Error::other("row 17 of bans")).into(),
        || ErrorCode::USER_BANNED.with_cause(std::io::Error::other("row 17 of bans")).into(),
        || Status::from_error(std::io::Error::other("row 17 of bans").into()),
    ];
    for failure in failures {
        let service = Test::new(move |_| Script::fail(failure()).after(1));
        let channel = connect(|incoming| {
            let server = Server::builder().layer(layer()).layer(layer()).add_service(service);
            server.serve_with_incoming(incoming)
        })
        .await;
        for kind in KINDS {
            let (_, end) = call(channel.clone(), kind, request()).await;
            let id = check(&end.unwrap_err()).detail::<RequestInfo>().unwrap().unwrap().request_id;
            let log = log.take();
            assert_eq!(log.matches(&id).count(), 2, "{kind:?} {log}");
            assert_eq!(log.matches("row 17 of bans").count(), 1, "{kind:?} {log}");
        }
    }
}

/// The request id in a failure without a code is written to the log only.
#[tokio::test]
async fn the_request_id_of_a_failure_without_a_code_is_not_sent() {
    let info = RequestInfo { request_id: "cAnArY".into(), serving_data: String::new() };
    let error = codelibra::ApiError::from(ErrorCode::USER_BANNED).with_detail(&info);
    let coded = Status::from(error);
    let mut embedded = tonic_types::pb::Status::decode(coded.details()).unwrap();
    embedded.details.retain(|detail| detail.type_url.ends_with("RequestInfo"));
    let nameless = Status::with_details(Code::NotFound, "", embedded.encode_to_vec().into());
    for (status, is_sent) in [(coded, true), (nameless, false)] {
        let channel = serve(layer(), Test::new(move |_| Script::fail(status.clone()))).await;
        let (_, end) = call(channel, Kind::Unary, request()).await;
        let id = check(&end.unwrap_err()).detail::<RequestInfo>().unwrap().unwrap().request_id;
        assert_eq!(id == "cAnArY", is_sent, "{id}");
    }
}

#[tokio::test]
async fn the_message_of_a_5xx_and_debug_info_are_not_sent() {
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
async fn an_error_of_another_domain_is_not_sent() {
    let other = Catalog::leak("otherhost", "", vec![], vec![]);
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

/// The layer is around one service of several, and the router still knows the paths of that service.
#[tokio::test]
async fn one_service_of_a_router_has_the_layer() {
    let test = Test::new(|_| Script::fail(Status::not_found("a row")));
    let service = ServiceBuilder::new().layer(layer()).service(test);
    let (_, health) = tonic_health::server::health_reporter();
    let channel = connect(|incoming| {
        Server::builder().add_service(health).add_service(service).serve_with_incoming(incoming)
    })
    .await;
    for kind in KINDS {
        let (_, result) = call(channel.clone(), kind, request()).await;
        assert_eq!(check(&result.unwrap_err()).number(), Some(404_003), "{kind:?}");
    }
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let unknown = tonic_health::pb::HealthCheckRequest { service: "unknown".into() };
    let status = health.check(unknown).await.unwrap_err();
    assert_eq!((status.code(), status.error_code::<ErrorCode>()), (Code::NotFound, None));
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}

/// A catalogue of run time may have a fallback that is no code. A failure without a code has one all the same.
#[tokio::test]
async fn a_fallback_that_is_no_code_is_not_sent() {
    for number in [0, 200_000, 999_999, u32::MAX] {
        let catalogue = Catalog::leak("shop.example.com", "", vec![], vec![(GrpcCode::Internal, number)]);
        let failing = |_: &str| Script::fail(Status::internal("private"));
        let channel = serve(ServerLayer::from_catalog(catalogue), Test::new(failing)).await;
        let (_, end) = call(channel, Kind::Unary, request()).await;
        let status = end.unwrap_err();
        assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), "500000", "{number}");
        assert_eq!(status.to_received_with(catalogue).number(), Some(500_000), "{number}");
    }
}

/// A domain that is too long for gRPC's fields is left out, whether or not the error has to be encoded again.
#[tokio::test]
async fn the_limit_of_a_domain_holds_for_an_error_that_is_sent_as_it_is() {
    let domain: &'static str = "d".repeat(300).leak();
    let entry = Entry { domain, ..*ErrorCode::USER_BANNED.entry().unwrap() };
    let catalogue = Catalog::leak(domain, "", vec![entry], vec![]);
    let failing = move |encoded_again: &str| {
        let error = ApiError::from_catalog(catalogue, 403_003).unwrap();
        let status = Status::from(error);
        let mut details = status.details().to_vec();
        // A field that no reader knows.
        details.extend_from_slice(if encoded_again.is_empty() { &[] } else { &[0x22, 0] });
        Script::fail(Status::with_details(status.code(), status.message(), details.into()))
    };
    let channel = serve(ServerLayer::from_catalog(catalogue), Test::new(failing)).await;
    for encoded_again in ["", "x"] {
        let (_, end) = call(channel.clone(), Kind::Unary, Request::new(encoded_again.to_owned())).await;
        assert_eq!(end.unwrap_err().to_received_with(catalogue).domain(), "", "{encoded_again:?}");
    }
}
