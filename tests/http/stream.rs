//! Streaming answers: written and read, whole, failed and cut anywhere.

use codelibra::codes::LockedOut;
use codelibra::http::{
    DetailTypes, MAX_BODY, Reader, Responder, StreamBody, StreamEvent, StreamForm, StreamReader,
};
use codelibra::{ApiError, Boundary, ErrorCode, ReceivedError};
use http::HeaderMap;
use http_body_util::BodyExt;
use prost::Message;
use serde_json::value::RawValue;
use serde_json::{Value, json};

const FORMS: [StreamForm; 2] = [StreamForm::Ndjson, StreamForm::Sse];

/// The body of these items, written to its end.
async fn write(form: StreamForm, items: Vec<Result<Value, ApiError>>) -> Vec<u8> {
    let responder = Responder::new::<ErrorCode>().boundary(Boundary::public());
    let response = StreamBody::new(form, tokio_stream::iter(items), responder).into_response();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], form.media_type());
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

fn items() -> Vec<Result<Value, ApiError>> {
    vec![
        Ok(json!({"error": {"code": 403_003}, "text": "a\nb"})),
        Ok(json!(null)),
        Ok(json!("\r\n\r\nevent: end")),
    ]
}

/// Everything that a reader says of chunks, and how it ends.
fn read<'a>(form: StreamForm, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Value>, Outcome) {
    let mut reader = StreamReader::new(form, Reader::new::<ErrorCode>());
    let (mut items, mut outcome) = (Vec::new(), None);
    for chunk in chunks {
        reader.push(chunk);
        while let Some(event) = reader.next() {
            assert!(outcome.is_none(), "nothing follows an end");
            match event {
                StreamEvent::Item(item) => items.push(serde_json::from_str(&item).unwrap()),
                StreamEvent::Failed(error) => outcome = Some(Outcome::Failed(error)),
                StreamEvent::End => outcome = Some(Outcome::Whole),
                _ => panic!("a new event"),
            }
        }
    }
    match (reader.finish(), outcome) {
        (Ok(()), Some(outcome)) => (items, outcome),
        (Err(error), None) => (items, Outcome::Cut(error)),
        (finish, _) => panic!("{finish:?}"),
    }
}

#[derive(Debug)]
enum Outcome {
    Whole,
    Failed(ReceivedError),
    Cut(ReceivedError),
}

fn values() -> Vec<Value> {
    items().into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_whole_stream_says_so() {
    for form in FORMS {
        let body = write(form, items()).await;
        for size in [1, 2, 7, body.len()] {
            let (read, outcome) = read(form, body.chunks(size));
            assert_eq!(read, values());
            assert!(matches!(outcome, Outcome::Whole));
        }
    }
    assert_eq!(write(StreamForm::Ndjson, vec![]).await, b"{\"end\":{}}\n");
    assert_eq!(write(StreamForm::Sse, vec![]).await, b"event: end\ndata: {}\n\n");
}

#[tokio::test]
async fn a_failed_stream_says_the_error() {
    for form in FORMS {
        let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
        let error = locked.with_message("line\nbreak\r\n\r\nevent: end\ndata: {}\n\n");
        let mut all = items();
        all.extend([Err(error), Ok(json!("never"))]);
        let body = write(form, all).await;
        for size in [1, 5, body.len()] {
            let (read, outcome) = read(form, body.chunks(size));
            assert_eq!(read, values());
            let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
            assert_eq!(error.message(), "line\nbreak\r\n\r\nevent: end\ndata: {}\n\n");
            assert!(error.decode::<LockedOut>().unwrap().locked_until.is_some());
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_never_whole() {
    for form in FORMS {
        for end in [None, Some(Err(ErrorCode::USER_BANNED.into()))] {
            let body = write(form, items().into_iter().chain(end).collect()).await;
            for len in 0..body.len() {
                let (read, outcome) = read(form, [&body[..len]]);
                assert!(values().starts_with(&read));
                let Outcome::Cut(error) = outcome else { panic!("{len}: {outcome:?}") };
                assert!(error.is_synthesized());
                assert_eq!(error.number(), None);
            }
        }
    }
}

/// Whatever ends the lines, and however the chunks fall.
#[tokio::test]
async fn a_cut_is_told_in_every_chunking() {
    for (form, end) in [
        (StreamForm::Ndjson, "\n"),
        (StreamForm::Ndjson, "\r\n"),
        (StreamForm::Sse, "\n"),
        (StreamForm::Sse, "\r"),
        (StreamForm::Sse, "\r\n"),
    ] {
        for mark in ["", "\u{feff}"] {
            let text = String::from_utf8(write(form, items()).await).unwrap();
            let body = [mark, &text.replace('\n', end)].concat().into_bytes();
            for size in [1, 2, 3, 7, body.len()] {
                let (items, outcome) = read(form, body.chunks(size));
                assert_eq!(items, values(), "{form:?} {end:?} {size}");
                assert!(matches!(outcome, Outcome::Whole), "{form:?} {end:?} {size}");
                // Of the last end of a line, the first byte says it all to server-sent events.
                for len in 0..=body.len() - end.len() {
                    let (items, outcome) = read(form, body[..len].chunks(size));
                    assert!(values().starts_with(&items), "{form:?} {end:?} {size} {len}");
                    assert!(matches!(outcome, Outcome::Cut(_)), "{form:?} {end:?} {size} {len}");
                }
            }
        }
    }
}

#[test]
fn line_breaks_of_a_raw_item_are_spaces() {
    let raw: Box<RawValue> = serde_json::from_str("{\n\"a\":\r\n[1,\r2]\n}").unwrap();
    for form in FORMS {
        let line = form.write_item(&raw).unwrap();
        let (items, outcome) = read(form, [&*line, &form.write_end()]);
        assert_eq!(items, [json!({"a": [1, 2]})], "{form:?}");
        assert!(matches!(outcome, Outcome::Whole), "{form:?}");
    }
    let line = StreamForm::Sse.write_item(&raw).unwrap();
    assert_eq!(line, "data: { \"a\":  [1, 2] }\n\n");
}

#[test]
fn an_error_of_a_stream_has_details_of_ones_own_types() {
    const NAMED: &str = "type.googleapis.com/acme.v1.Named";
    let set = protox::compile(["acme/v1/acme.proto"], ["tests/proto"]).unwrap();
    let types = DetailTypes::standard().with_descriptor_set(&set.encode_to_vec()).unwrap();
    let error = ApiError::new(ErrorCode::USER_BANNED).with_raw_detail(NAMED, b"\x0a\x01v");
    for form in FORMS {
        let body = form.write_error(&error, &types);
        assert!(!String::from_utf8_lossy(&body).contains("base64"), "it is ProtoJSON");
        let mut reader = StreamReader::new(form, Reader::new::<ErrorCode>().detail_types(types.clone()));
        reader.push(&body);
        let Some(StreamEvent::Failed(read)) = reader.next() else { panic!("{form:?}") };
        assert_eq!(read.notes(), [], "{form:?}");
        assert_eq!(read.details().next().unwrap().value(), b"\x0a\x01v");
    }
}

#[tokio::test]
async fn the_boundary_holds_in_a_stream() {
    for form in FORMS {
        let fault = ErrorCode::UNEXPECTED_ERROR.with_message("select * from users");
        let body = write(form, vec![Err(fault)]).await;
        assert!(!String::from_utf8(body.clone()).unwrap().contains("select"));
        let (_, Outcome::Failed(error)) = read(form, [&*body]) else { panic!() };
        assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR));
    }
}

#[test]
fn what_is_no_stream_is_no_end() {
    let rows = [
        (StreamForm::Ndjson, "<html>\n"),
        (StreamForm::Ndjson, "{}\n"),
        (StreamForm::Ndjson, "{\"other\":1}\n"),
        (StreamForm::Ndjson, "end\n"),
    ];
    for (form, text) in rows {
        let (_, outcome) = read(form, [text.as_bytes()]);
        assert!(matches!(outcome, Outcome::Failed(error) if error.is_synthesized()), "{text}");
    }
    for text in ["<html>\n\n", ": ping\n\n", "event: end\n\n", "event: other\ndata: 1\n\n", "data: 1\n"] {
        let (items, outcome) = read(StreamForm::Sse, [text.as_bytes()]);
        assert!(items.is_empty() && matches!(outcome, Outcome::Cut(_)), "{text}");
    }
    for form in FORMS {
        let chunk = [b'x'; 1 << 16];
        let (_, outcome) = read(form, (0..=MAX_BODY >> 16).map(|_| &chunk[..]));
        assert!(matches!(outcome, Outcome::Failed(_)), "an endless line");
    }
}

#[test]
fn server_sent_events_of_other_servers_are_read() {
    let text = "\u{feff}:hello\r\nid: 7\r\nretry: 10\r\nevent: message\r\ndata:{\"a\":\r\ndata: 1}\r\n\r\nevent: end\ndata\n\n";
    let (items, outcome) = read(StreamForm::Sse, [text.as_bytes()]);
    assert_eq!(items, [json!({"a": 1})]);
    assert!(matches!(outcome, Outcome::Whole));
}

#[test]
fn marks_and_returns_of_other_servers_are_read() {
    for text in [
        "\u{feff}data: 1\n\ndata: 2\n\nevent: end\ndata: {}\n\n",
        "data: 1\r\rdata: 2\r\revent: end\rdata: {}\r\r",
        "data: 1\r\n\rdata: 2\n\revent: end\r\ndata: {}\n\r\n",
    ] {
        for size in 1..=text.len() {
            let (items, outcome) = read(StreamForm::Sse, text.as_bytes().chunks(size));
            assert_eq!(items, [json!(1), json!(2)], "{text:?} {size}");
            assert!(matches!(outcome, Outcome::Whole), "{text:?} {size}");
        }
    }
    for (form, text) in [
        (StreamForm::Sse, "\u{feff}event: error\ndata: {\"code\":403003}\n\n"),
        (StreamForm::Ndjson, "\u{feff}{\"error\":{\"code\":403003}}\n"),
    ] {
        let (_, outcome) = read(form, text.as_bytes().chunks(1));
        let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    }
    // One mark, and at the very start.
    for text in ["\u{feff}\u{feff}data: 1\n\n", "\n\u{feff}data: 1\n\n"] {
        let (items, _) = read(StreamForm::Sse, [text.as_bytes()]);
        assert!(items.is_empty(), "{text:?}");
    }
}

/// What Google's REST servers answer to a streaming call: an array, printed over many lines.
fn google_stream(end: &str) -> String {
    let items = ["{\n  \"text\": \"a, ]\\\"\",\n  \"error\": {\"code\": 403003}\n}", "{}", "[1]"];
    format!("[{}{end}", items.join("\n,\r\n"))
}

#[test]
fn googles_array_is_read_in_every_chunking() {
    let expected = [json!({"text": "a, ]\"", "error": {"code": 403_003}}), json!({}), json!([1])];
    let error = r#"
,
{
  "error": {
    "code": 403,
    "message": "banned",
    "status": "PERMISSION_DENIED",
    "details": [{
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      "reason": "USER_BANNED", "domain": "codelibra", "metadata": {"code": "403003"}
    }]
  }
}"#;
    for mark in ["", "\u{feff}", "\n "] {
        let whole = [mark, &google_stream("\n]")].concat();
        let failed = [mark, &google_stream(error), "\n]\n"].concat();
        for size in 1..=failed.len() {
            let (items, outcome) = read(StreamForm::Ndjson, whole.as_bytes().chunks(size));
            assert_eq!(items, expected, "{size}");
            assert!(matches!(outcome, Outcome::Whole), "{size}: {outcome:?}");
            let (items, outcome) = read(StreamForm::Ndjson, failed.as_bytes().chunks(size));
            assert_eq!(items, expected, "{size}");
            let Outcome::Failed(error) = outcome else { panic!("{size}: {outcome:?}") };
            assert_eq!((error.code(), error.message()), (Some(ErrorCode::USER_BANNED), "banned"));
            assert_eq!(error.notes(), [], "{size}");
        }
        // Cut anywhere it is never whole; cut in the error, that error is read as far as it is there.
        let mut with_code = 0;
        for len in 0..failed.len() - "}\n]\n".len() {
            let (items, outcome) = read(StreamForm::Ndjson, failed.as_bytes()[..len].chunks(7));
            assert!(expected.starts_with(&items), "{len}");
            let Outcome::Cut(error) = outcome else { panic!("{len}: {outcome:?}") };
            assert!(!error.notes().is_empty(), "{len}");
            with_code += usize::from(error.code() == Some(ErrorCode::USER_BANNED));
        }
        assert!(with_code > 5, "{with_code}");
    }
}

#[test]
fn an_array_that_is_none_to_its_end_fails_the_stream() {
    for text in ["[1 2]", "[,]", "[nonsense]", "[{\"a\" 1}]", "[1,]"] {
        let (_, outcome) = read(StreamForm::Ndjson, [text.as_bytes()]);
        assert!(matches!(outcome, Outcome::Failed(error) if error.is_synthesized()), "{text}");
    }
    // A line that is an array later on is no stream of Google's.
    let (items, outcome) =
        read(StreamForm::Ndjson, [&b"{\"result\":1}\n[{\"error\":{\"code\":403003}}]\n"[..]]);
    assert_eq!(items, [json!(1)]);
    assert!(matches!(outcome, Outcome::Failed(error) if error.is_synthesized()));
}

#[test]
fn the_caller_takes_its_form() {
    for (accept, form) in [
        ("", StreamForm::Ndjson),
        ("*/*", StreamForm::Ndjson),
        ("text/event-stream", StreamForm::Sse),
        ("Text/Event-Stream; charset=utf-8", StreamForm::Sse),
        ("text/html, text/event-stream;q=0.5, application/x-ndjson", StreamForm::Ndjson),
        ("text/event-stream;q=0.501, application/x-ndjson;q=0.5", StreamForm::Sse),
        ("application/x-ndjson, text/event-stream", StreamForm::Ndjson),
        ("text/event-stream, application/x-ndjson", StreamForm::Sse),
        ("text/event-stream;q=0, application/x-ndjson", StreamForm::Ndjson),
        ("text/event-stream;q=0, */*", StreamForm::Ndjson),
        ("text/event-stream;q=0", StreamForm::Ndjson),
        ("application/x-ndjson;q=0, */*;q=0.1", StreamForm::Sse),
        ("*/*, text/event-stream", StreamForm::Sse),
        ("*/*, text/event-stream;q=0.9", StreamForm::Ndjson),
        ("text/*", StreamForm::Sse),
        ("text/html, application/xhtml+xml, */*;q=0.8", StreamForm::Ndjson),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("accept", accept.parse().unwrap());
        assert_eq!(StreamForm::from_accept(&headers), form, "{accept}");
    }
    let body = StreamForm::Ndjson.write_error(&ErrorCode::USER_BANNED.into(), DetailTypes::standard());
    assert!(body.starts_with(b"{\"error\":{\"code\":403003,"));
}
