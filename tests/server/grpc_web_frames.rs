//! gRPC-Web bodies inside of the server layer that are split, joined, padded, unusual or invalid: each answer ends with one trailer
//! frame, a failure has a code, and nothing private is sent.

use std::convert::Infallible;

use crate::support::{Log, check};
use crate::web::{BINARY, Received, TEXT, encode, frame, receive, request};
use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::server::ServerLayer;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use tonic::Code;
use tonic::body::Body;
use tower::{BoxError, Layer, ServiceExt};

const CANARY: &str = "cAnArY-7f3e";

type Inner = BoxBody<Bytes, BoxError>;
type Frames = Vec<Result<Frame<Bytes>, BoxError>>;

/// Sends an answer of a service through the server layer.
async fn answer_to(request: Request<Body>, response: Response<Inner>) -> Response<Body> {
    let mut response = Some(response);
    let service = tower::service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))
    });
    let response = ServerLayer::new::<ErrorCode>().layer(service).oneshot(request).await.unwrap();
    response.map(Body::new)
}

fn response(content_type: &str, frames: Frames) -> Response<Inner> {
    let body = StreamBody::new(tokio_stream::iter(frames));
    Response::builder().header("content-type", content_type).body(BodyExt::boxed(body)).unwrap()
}

async fn received(content_type: &str, frames: Frames) -> Received {
    let request = request("/test.v1.Test/ServerStream", content_type, "hello");
    receive(answer_to(request, response(content_type, frames)).await).await
}

fn data(pieces: &[&[u8]]) -> Frames {
    pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect()
}

fn trailers(lines: &str) -> Vec<u8> {
    frame(0x80, lines.as_bytes())
}

/// Returns a trailer frame of a failure with a private message.
fn private() -> Vec<u8> {
    trailers(&format!("grpc-status:13\r\ngrpc-message:{CANARY}\r\n"))
}

const OK: &str = "grpc-status:0\r\n";

/// Returns every way to cut a body in two, and into pieces of equal length.
fn cuts(body: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let in_two = (0..=body.len()).map(move |at| vec![&body[..at], &body[at..]]);
    let in_pieces = (1..=body.len()).map(move |len| body.chunks(len).collect());
    in_two.chain(in_pieces)
}

#[tokio::test]
async fn a_body_may_be_cut_at_any_byte() {
    let messages = [frame(0, b"one"), frame(0, b""), frame(0, b"three three")].concat();
    for (end, code) in [(private(), Code::Internal), (trailers(OK), Code::Ok)] {
        let body = [&messages[..], &end].concat();
        let mut bodies: Vec<(&str, Vec<u8>)> = vec![(BINARY, body.clone())];
        // A service may pad its base64 after any number of bytes.
        for piece in [1, 2, 3, 7, body.len()] {
            let text = body.chunks(piece).flat_map(encode).collect();
            bodies.push((TEXT, text));
        }
        for (content_type, body) in &bodies {
            for pieces in cuts(body) {
                let what =
                    || format!("{content_type} {:?}", pieces.iter().map(|it| it.len()).collect::<Vec<_>>());
                let received = received(content_type, data(&pieces)).await;
                assert_eq!(received.messages, [&b"one"[..], b"", b"three three"], "{}", what());
                assert!(!received.contains(CANARY), "{}", what());
                let status = received.status().unwrap();
                assert_eq!(status.code(), code, "{}", what());
                if code != Code::Ok {
                    assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR));
                }
            }
        }
    }
}

/// An invalid body, and the reason in the log.
struct Broken {
    name: &'static str,
    body: Vec<u8>,
    why: &'static str,
}

fn broken_bodies() -> Vec<Broken> {
    let case = |name, body: &[&[u8]], why| Broken { name, body: body.concat(), why };
    let message = frame(0, b"one");
    let canary_message = frame(0, CANARY.as_bytes());
    let cut = |frame: &[u8], len: usize| frame[..len].to_vec();
    let compressed = |flag| frame(flag, format!("grpc-status:13\r\ngrpc-message:{CANARY}\r\n").as_bytes());
    vec![
        case("nothing", &[], "without grpc-status"),
        case("messages alone", &[&message], "without grpc-status"),
        case("an empty trailer frame", &[&message, &trailers("")], "without grpc-status"),
        case(
            "a trailer frame without a status",
            &[&trailers(&format!("grpc-message:{CANARY}\r\nx:{CANARY}\r\n"))],
            "without grpc-status",
        ),
        case("a trailer frame of no fields", &[&trailers(CANARY)], "without grpc-status"),
        case("half a head", &[&message, &[0, 0]], "breaks off in a frame"),
        case("half a message", &[&message, &cut(&canary_message, 14)], "breaks off in a frame"),
        case("a length beyond the end", &[&message, &[0, 0, 0x20, 0, 0, 1, 2]], "breaks off in a frame"),
        case("a message of 4 GiB", &[&message, &[0, 0xff, 0xff, 0xff, 0xff, 1, 2]], "breaks off in a frame"),
        case("half a trailer frame", &[&message, &cut(&private(), 40)], "breaks off in a frame"),
        case(
            "a trailer frame but one byte",
            &[&cut(&private(), private().len() - 1)],
            "breaks off in a frame",
        ),
        case("a trailer frame of 4 GiB", &[&[0x80, 0xff, 0xff, 0xff, 0xff], CANARY.as_bytes()], "256 KiB"),
        case("a compressed trailer frame", &[&message, &compressed(0x81)], "compressed trailer frame"),
        case("an unknown flag", &[&compressed(0x82)], "neither a message nor trailers"),
        case(
            "an unknown flag of a message",
            &[&frame(2, CANARY.as_bytes())],
            "neither a message nor trailers",
        ),
        case("a page", &[b"<html><body>", CANARY.as_bytes()], "neither a message nor trailers"),
        case("a message after an OK", &[&trailers(OK), &canary_message], "continues after its trailer frame"),
        case(
            "a message after a failure",
            &[&private(), &canary_message],
            "continues after its trailer frame",
        ),
        case("an OK, then a failure", &[&trailers(OK), &private()], "continues after its trailer frame"),
        case("a failure, then an OK", &[&private(), &trailers(OK)], "continues after its trailer frame"),
        case("two failures", &[&private(), &private()], "continues after its trailer frame"),
        case("one byte after an OK", &[&trailers(OK), &[0]], "continues after its trailer frame"),
    ]
}

#[tokio::test]
async fn an_invalid_body_ends_with_a_coded_failure() {
    let log = Log::start();
    for Broken { name, body, why } in broken_bodies() {
        let text = encode(&body);
        for (content_type, body) in [(BINARY, &body[..]), (TEXT, &text[..])] {
            for pieces in cuts(body) {
                log.take();
                let received = received(content_type, data(&pieces)).await;
                let what = format!(
                    "{name}, {content_type}, {:?}",
                    pieces.iter().map(|it| it.len()).collect::<Vec<_>>()
                );
                assert!(!received.contains(CANARY), "{what}: {received:?}");
                assert!(received.messages.iter().all(|message| message == b"one"), "{what}");
                let status = received.status().unwrap_or_else(|| panic!("{what}: {received:?}"));
                assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR), "{what}");
                let log = log.take();
                assert_eq!(log.matches("a call failed").count(), 1, "{what}: {log}");
                assert!(log.contains(why), "{what}: {log}");
            }
        }
    }
}

#[tokio::test]
async fn invalid_base64_ends_with_a_coded_failure() {
    let ok = [frame(0, b"one"), trailers(OK)].concat();
    let text = encode(&ok);
    let text = std::str::from_utf8(&text).unwrap();
    for (name, body, why) in [
        ("not base64", format!("{CANARY}!!!"), "the service's gRPC-Web response"),
        ("a page", format!("<html>{CANARY}"), "the service's gRPC-Web response"),
        ("a digit too few", text.trim_end_matches('=')[..text.len() - 3].to_owned(), "breaks off in a frame"),
        ("a digit too many", format!("{text}A"), "continues after its trailer frame"),
        ("padding first", format!("=AAA{text}"), "is not base64"),
        ("padding alone", format!("===={text}"), "is not base64"),
        ("padding after one digit", format!("A==={text}"), "is not base64"),
    ] {
        let log = Log::start();
        for pieces in cuts(body.as_bytes()) {
            let received = received(TEXT, data(&pieces)).await;
            let status = received.status().unwrap_or_else(|| panic!("{name}: {received:?}"));
            assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR), "{name}");
            assert!(log.take().contains(why), "{name}");
        }
    }
}

#[tokio::test]
async fn fields_of_the_trailer_frame_are_read_as_clients_read_them() {
    let details = "codelibra-cause:1\r\ncodelibra-received:\r\n";
    for (lines, code) in [
        ("grpc-status: 5\r\ngrpc-message: gone\r\n", Code::NotFound),
        ("grpc-status:5", Code::NotFound),
        ("grpc-status:5\n", Code::NotFound),
        ("GRPC-Status:5\r\n", Code::NotFound),
        (" grpc-status :\t5 \r\n", Code::NotFound),
        ("x:y\r\n\r\ngrpc-status:5\r\n", Code::NotFound),
        ("no field\r\n:\r\nx y:z\r\ngrpc-status:5\r\n", Code::NotFound),
        ("grpc-status:0\r\ngrpc-status:5\r\n", Code::NotFound),
        ("grpc-status:5\r\ngrpc-status:0\r\n", Code::Unknown),
        ("grpc-status:0\r\ngrpc-status:0\r\n", Code::Unknown),
        ("grpc-status:five\r\n", Code::Unknown),
        ("grpc-status:99\r\n", Code::Unknown),
        ("grpc-status:\r\n", Code::Unknown),
    ] {
        for own in ["", details] {
            let lines = format!("{own}{lines}");
            let received = received(BINARY, data(&[&trailers(&lines)])).await;
            let status = received.status().unwrap();
            let expected = if code == Code::Unknown || !own.is_empty() { Code::Internal } else { code };
            assert!(status.code() == code || status.code() == expected, "{lines:?}: {status:?}");
            check(&status);
            assert!(!received.contains("codelibra-cause") && !received.contains("codelibra-received"));
        }
    }
}

/// A service may send the status as HTTP trailers, which a gRPC-Web client cannot read.
#[tokio::test]
async fn http_trailers_become_a_trailer_frame() {
    let http = |grpc_status: &str| {
        let mut fields = HeaderMap::new();
        fields.insert("grpc-status", grpc_status.parse().unwrap());
        fields.insert("grpc-message", CANARY.parse().unwrap());
        Ok(Frame::trailers(fields))
    };
    for (content_type, message) in
        [(BINARY, Bytes::from(frame(0, b"one"))), (TEXT, encode(&frame(0, b"one")))]
    {
        let message = || Ok(Frame::data(message.clone()));
        let alone = received(content_type, vec![message(), http("5")]).await;
        assert_eq!(check(&alone.status().unwrap()).number(), Some(404_003));
        assert!(!alone.contains(CANARY));
        let own = trailers(OK);
        let own = if content_type == TEXT { encode(&own) } else { own.into() };
        let both = received(content_type, vec![message(), Ok(Frame::data(own)), http("13")]).await;
        assert_eq!(both.status().unwrap().code(), Code::Ok, "the trailer frame has priority");
        assert!(!both.contains(CANARY));
    }
}

#[tokio::test]
async fn an_error_of_the_body_ends_with_a_coded_failure() {
    let log = Log::start();
    for (content_type, half) in [(BINARY, Bytes::from_static(b"\0\0\0")), (TEXT, Bytes::from_static(b"AAAA"))]
    {
        for before in [vec![], vec![Ok(Frame::data(half.clone()))]] {
            log.take();
            let mut frames: Frames = before;
            frames.push(Err(std::io::Error::other(CANARY).into()));
            let received = received(content_type, frames).await;
            assert_eq!(check(&received.status().unwrap()).code(), Some(ErrorCode::UNEXPECTED_ERROR));
            assert!(!received.contains(CANARY) && received.messages.is_empty());
            assert_eq!(log.take().matches(CANARY).count(), 1);
        }
    }
}

/// A trailers-only failure has no body. A body that the service sends is dropped.
#[tokio::test]
async fn nothing_follows_a_failure_in_the_headers() {
    let log = Log::start();
    let request = request("/test.v1.Test/Unary", BINARY, "hello");
    let mut response = response(BINARY, data(&[&private()]));
    response.headers_mut().insert("grpc-status", "5".parse().unwrap());
    response.headers_mut().insert("content-length", "99".parse().unwrap());
    let received = receive(answer_to(request, response).await).await;
    assert_eq!(received.body, "");
    assert_eq!(check(&received.status().unwrap()).number(), Some(404_003));
    assert_eq!(log.take().matches("a call failed").count(), 1);
}

/// A client of gRPC-Web reads the fields only if the `content-type` is gRPC-Web or gRPC.
#[tokio::test]
async fn a_failure_in_the_headers_has_the_content_type_of_its_caller() {
    for (content_type, sent, expected) in [
        (BINARY, "text/plain", BINARY),
        (TEXT, "", TEXT),
        (TEXT, BINARY, BINARY),
        (TEXT, "application/grpc", "application/grpc"),
        (TEXT, "application/grpc; x=private", TEXT),
        (TEXT, "application/grpc-web-text; x=private", TEXT),
        (BINARY, "application/grpc-web+proto;x=private", BINARY),
        (BINARY, "application/grpc-webprivate", BINARY),
    ] {
        let request = request("/test.v1.Test/Unary", content_type, "hello");
        let mut response = response(sent, vec![]);
        response.headers_mut().insert("grpc-status", "5".parse().unwrap());
        let response = answer_to(request, response).await;
        assert_eq!(response.headers()["content-type"], expected, "{content_type} {sent}");
        assert_eq!(response.headers()["codelibra-error-code"], "404003");
    }
}

#[tokio::test]
async fn a_compressed_body_is_a_failure() {
    let log = Log::start();
    for (encoding, is_read) in [("gzip", false), ("identity", true)] {
        let request = request("/test.v1.Test/Unary", TEXT, "hello");
        let mut response = response(TEXT, data(&[&encode(&trailers(OK))]));
        response.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        let received = receive(answer_to(request, response).await).await;
        let status = received.status().unwrap();
        assert_eq!(status.code() == Code::Ok, is_read);
        if !is_read {
            assert_eq!(received.headers["content-type"], TEXT);
            assert!(received.headers.get("content-encoding").is_none());
            check(&status);
            assert!(log.take().contains("put the layer that compresses outside of it"));
        }
    }
}

/// The caller's `accept` names the encoding of an answer that the layer creates. Without one, its `content-type` does.
#[tokio::test]
async fn an_answer_of_the_layer_is_in_the_encoding_that_the_caller_reads() {
    for (content_type, accept, expected) in [
        (BINARY, None, BINARY),
        (TEXT, None, TEXT),
        (TEXT, Some("*/*"), TEXT),
        (BINARY, Some(TEXT), TEXT),
        (TEXT, Some(BINARY), BINARY),
        (BINARY, Some("application/grpc"), BINARY),
        ("application/grpc", Some(TEXT), "application/grpc"),
    ] {
        let mut request = request("/test.v1.Test/Unary", content_type, "hello");
        request.headers_mut().remove("accept");
        if let Some(accept) = accept {
            request.headers_mut().insert("accept", accept.parse().unwrap());
        }
        let mut response = response("text/html", data(&[CANARY.as_bytes()]));
        *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        let response = answer_to(request, response).await;
        assert_eq!(response.headers()["content-type"], expected, "{content_type} {accept:?}");
        assert_eq!(response.headers()["codelibra-error-code"], "503000");
    }
}

/// Complete messages are sent as the bytes of the service, without a copy.
#[tokio::test]
async fn messages_are_sent_without_a_copy() {
    let messages = [frame(0, &[7; 100]), frame(1, &[8; 5])].concat();
    for (content_type, bytes, end) in [
        (BINARY, Bytes::from(messages.clone()), Bytes::from(trailers(OK))),
        (TEXT, encode(&messages), encode(&trailers(OK))),
    ] {
        let frames = vec![Ok(Frame::data(bytes.clone())), Ok(Frame::data(end.clone()))];
        let request = request("/test.v1.Test/ServerStream", content_type, "hello");
        let mut body = answer_to(request, response(content_type, frames)).await.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.as_ptr(), first.len()), (bytes.as_ptr(), bytes.len()), "{content_type}");
        let last = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(last, end);
        if content_type == BINARY {
            assert_eq!(last.as_ptr(), end.as_ptr());
        }
        assert!(body.frame().await.is_none() && body.is_end_stream());
    }
}

/// A message that is longer than the buffer is sent piece by piece. If it ends too early, a status can no longer be sent: the caller
/// sees an incomplete message, and the log contains the failure.
#[tokio::test]
async fn a_long_message_is_sent_piece_by_piece() {
    const LEN: usize = 5 << 20;
    let message = frame(0, &vec![7; LEN]);
    let whole = [&message[..], &trailers(OK)].concat();
    let pieces: Vec<&[u8]> = whole.chunks(1 << 20).collect();
    let passed = received(BINARY, data(&pieces)).await;
    assert_eq!((passed.messages[0].len(), passed.status().unwrap().code()), (LEN, Code::Ok));

    let held = received(BINARY, data(&pieces[..3])).await;
    assert_eq!(held.messages.len(), 0);
    assert_eq!(check(&held.status().unwrap()).code(), Some(ErrorCode::UNEXPECTED_ERROR));

    let log = Log::start();
    let request = request("/test.v1.Test/ServerStream", BINARY, "hello");
    let response = response(BINARY, data(&pieces[..5]));
    let body = answer_to(request, response).await.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), &whole[..5 << 20]);
    assert!(log.take().contains("breaks off in a frame"));
}

/// A body of any bytes ends with a status, and never causes a panic.
#[tokio::test]
async fn any_body_ends_with_a_status() {
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let whole = [&frame(0, b"one")[..], &frame(1, &[]), &private(), &trailers(OK)].concat();
    for _ in 0..2_000 {
        let mut body = whole.clone();
        for _ in 0..=random(4) {
            let at = random(body.len());
            match random(4) {
                0 => body[at] = u8::try_from(random(256)).unwrap(),
                1 => body[at] ^= 1 << random(8),
                2 => body.truncate(at + 1),
                _ => body.extend_from_within(at..),
            }
        }
        let text: Vec<u8> = body.chunks(1 + random(body.len())).flat_map(encode).collect();
        let mut odd = text.clone();
        let at = random(odd.len());
        odd[at] = u8::try_from(random(256)).unwrap();
        for (content_type, body) in [(BINARY, &body), (TEXT, &text), (TEXT, &odd)] {
            let pieces: Vec<&[u8]> = body.chunks(1 + random(body.len())).collect();
            let received = received(content_type, data(&pieces)).await;
            let status = received.status().unwrap_or_else(|| panic!("{body:?}: {received:?}"));
            if status.code() != Code::Ok {
                check(&status);
            }
        }
    }
}
