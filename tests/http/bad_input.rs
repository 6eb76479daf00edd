//! Bodies that are not what they should be: an error with notes, never a panic.

use codelibra::http::{DetailTypes, Form, MAX_BODY, MAX_DETAIL, Reader, write_body};
use codelibra::{ApiError, ErrorCode, GrpcCode, Note, ReceivedError};
use serde_json::Value;

fn body(body: impl AsRef<[u8]>) -> ReceivedError {
    use_all(Reader::new::<ErrorCode>().read_body(body.as_ref()))
}

fn answer(status: u16, field: Option<&str>, body: impl AsRef<[u8]>) -> ReceivedError {
    let mut response = http::Response::builder().status(status);
    if let Some(field) = field {
        response = response.header("codelibra-error-code", field);
    }
    let (parts, ()) = response.body(()).unwrap().into_parts();
    use_all(Reader::new::<ErrorCode>().read_parts(&parts, body.as_ref()))
}

/// Everything that a user may ask of an error, and every form that it may go on in.
fn use_all(error: ReceivedError) -> ReceivedError {
    assert!(error.http_status().as_u16() >= 400, "nothing leaves as a 200: {error:?}");
    assert_ne!(error.grpc_code(), GrpcCode::Ok, "{error:?}");
    let _ = format!("{error} {error:?} {:?}", error.notes());
    let forwarded = error.assume_trusted();
    for form in Form::ALL {
        let body = write_body(form, &forwarded, DetailTypes::standard());
        let again = Reader::new::<ErrorCode>().read_body(&body);
        assert_eq!(again.number(), Some(forwarded.number()));
    }
    error
}

fn has_invalid_body(error: &ReceivedError) -> bool {
    error.notes().iter().any(|note| matches!(note, Note::InvalidBody(_)))
}

#[test]
fn what_is_no_error_object_is_synthesized_by_the_status() {
    let html = "<html><body>502 Bad Gateway</body></html>";
    for (name, text) in [
        ("HTML", html),
        ("text", "upstream connect error"),
        ("empty", ""),
        ("white space", " \r\n"),
        ("array", "[]"),
        ("string", "\"403003\""),
        ("number", "403003"),
        ("null", "null"),
        ("empty object", "{}"),
        ("another object", r#"{"items":[1,2],"ok":true}"#),
        ("null code", r#"{"code":null}"#),
        ("null error", r#"{"error":null}"#),
        ("error is a word", r#"{"error":"invalid_grant"}"#),
        ("nested arrays", &"[".repeat(10_000)),
        ("another object that is cut", r#"{"items":[{"code":403003,"#),
    ] {
        let error = answer(502, None, text);
        assert_eq!(error.grpc_code(), GrpcCode::Unavailable, "{name}");
        assert_eq!(error.number(), None, "{name}");
        assert_eq!(error.number_or_class(), 502_000, "{name}");
        assert!(error.notes().contains(&Note::Synthesized), "{name}: {:?}", error.notes());
        assert_eq!(error.message(), "Bad Gateway", "{name}");
        // Tables differ: a proxy's 404 is no NOT_FOUND of the API's.
        assert_eq!(answer(404, None, text).grpc_code(), GrpcCode::Unimplemented, "{name}");
        assert_eq!(body(text).grpc_code(), GrpcCode::Unknown, "{name}");
    }
}

#[test]
fn an_error_object_without_a_code_is_read_by_its_class() {
    for text in
        [r#"{"code":404,"message":"m"}"#, r#"{"error":{"message":"m"}}"#, r#"{"code":"x","message":"m"}"#]
    {
        let error = answer(404, None, text);
        assert_eq!(error.grpc_code(), GrpcCode::NotFound, "{text}");
        assert_eq!(error.number_or_class(), 404_000, "{text}");
        assert_eq!(error.message(), "m", "{text}");
        assert!(!error.notes().contains(&Note::Synthesized), "{text}");
    }
}

#[test]
fn who_sends_no_message_means_what_the_code_stands_for() {
    for (text, message) in [
        (r#"{"code":403003}"#, "This user has been banned."),
        (r#"{"code":403003,"message":null}"#, "This user has been banned."),
        (r#"{"code":403003,"message":7}"#, "This user has been banned."),
        (r#"{"code":403003,"message":""}"#, ""),
        (r#"{"code":404999}"#, "Not Found"),
        (r#"{"code":404003,"domain":"acme"}"#, "Not Found"),
        (r#"{"error":{"code":404}}"#, "Not Found"),
        (r#"{"code":"permission_denied"}"#, "Forbidden"),
        (r#"{"code":5}"#, "Not Found"),
    ] {
        let error = body(text);
        assert_eq!(error.message(), message, "{text}");
        assert_eq!(error.assume_trusted().message(), message, "{text}");
    }
}

/// `null` is as good as absent.
#[test]
fn an_error_object_with_a_null_code_keeps_the_rest() {
    let rest = r#""message":"m","domain":"codelibra","reason":"USER_BANNED","metadata":{"a":"b"}"#;
    for text in [format!(r#"{{"code":null,{rest}}}"#), format!("{{{rest}}}")] {
        let error = answer(403, None, &text);
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "domain and reason name it: {text}");
        assert_eq!((error.message(), error.reason(), error.domain()), ("m", "USER_BANNED", "codelibra"));
        assert_eq!(error.metadata().get("a"), Some("b"), "{text}");
        assert!(!error.is_synthesized(), "{text}");
    }
    for (text, is_error) in [
        (r#"{"code":null,"message":"m","reason":"R"}"#, true),
        (r#"{"code":null,"message":"m","domain":"d"}"#, true),
        (r#"{"code":null,"reason":"R","domain":"d"}"#, true),
        (r#"{"code":null,"message":"m"}"#, false),
        (r#"{"code":null,"reason":"R"}"#, false),
        (r#"{"code":null,"domain":"d"}"#, false),
        (r#"{"message":"m","reason":7,"domain":null}"#, false),
    ] {
        assert_eq!(answer(403, None, text).is_synthesized(), !is_error, "{text}");
    }
    let error = body(r#"{"code":403003,"code":null}"#);
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert!(has_invalid_body(&error), "it stands there twice");
}

#[test]
fn codes_of_the_wrong_type_are_noted() {
    for code in [
        r#""x""#,
        "1e99",
        "-1",
        "403.5",
        "-403003",
        "true",
        "[403003]",
        r#"{"a":1}"#,
        r#""""#,
        "1e-99",
        "99999999999999999999999",
    ] {
        let error = answer(403, None, format!(r#"{{"code":{code},"message":"m","domain":"codelibra"}}"#));
        assert!(has_invalid_body(&error), "{code}: {:?}", error.notes());
        assert_eq!(error.number(), None, "{code}");
        assert_eq!(error.grpc_code(), GrpcCode::PermissionDenied, "{code}");
        assert_eq!(error.message(), "m", "{code}");
    }
    for code in [399_999_u64, 600_000, 17, 999, 4_030_030] {
        let error = answer(403, None, format!(r#"{{"code":{code}}}"#));
        assert_eq!(error.notes(), [Note::InvalidCode(code)]);
        assert_eq!(error.number_or_class(), 403_000);
    }
    for code in ["403003", "403003.0", "4.03003e5", r#""403003""#] {
        let error = answer(403, None, format!(r#"{{"code":{code}}}"#));
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{code}");
        assert_eq!(error.notes(), [], "{code}");
    }
}

#[test]
fn members_of_the_wrong_type_hide_nothing() {
    for other in ["1", "null", "[]", "{}", "true", r#""text""#] {
        for member in
            ["message", "domain", "reason", "metadata", "details", "requestId", "status", "error", "type"]
        {
            if (member, other) == ("domain", r#""text""#) {
                continue;
            }
            let error = answer(403, None, format!(r#"{{"{member}":{other},"code":403003}}"#));
            assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{member}: {other}");
        }
    }
    let error = body(r#"{"code":403003,"metadata":{"a":1,"b":"2","c":null,"d":{"e":[]}}}"#);
    assert_eq!(error.metadata().get("a"), Some("1"));
    assert_eq!(error.metadata().get("b"), Some("2"));
    assert_eq!(error.metadata().get("d"), Some(r#"{"e":[]}"#));
    assert!(has_invalid_body(&error));
}

#[test]
fn broken_json_keeps_what_stands_before_the_fault() {
    let whole = r#"{"code":403003,"message":"banned","metadata":{"a":"1"},"details":[]}"#;
    for len in 0..whole.len() {
        let error = answer(403, None, &whole[..len]);
        assert!(!error.notes().is_empty(), "{len}");
        // The number is whole once its comma is there.
        if len > 14 {
            assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{}", &whole[..len]);
        }
        if len > 33 {
            assert_eq!(error.message(), "banned", "{}", &whole[..len]);
        }
    }
    // However much of the rest is lost: here is the number of each form, once it is there.
    let error = ErrorCode::USER_BANNED
        .with_message("m")
        .with_metadata("a", "1")
        .with_detail(&codelibra::rpc::RequestInfo { request_id: "r-1".into(), serving_data: String::new() });
    for form in Form::ALL {
        let whole = String::from_utf8(write_body(form, &error, DetailTypes::standard())).unwrap();
        let number = match form {
            Form::Native | Form::Problem => whole.find("403003,").unwrap() + 7,
            _ => {
                // The ErrorInfo is the first of the details.
                let start = whole.find("\"details\":[").unwrap() + 11;
                let mut details = serde_json::Deserializer::from_str(&whole[start..]).into_iter::<Value>();
                details.next().unwrap().unwrap();
                start + details.byte_offset()
            }
        };
        for len in number..whole.len() {
            let error = answer(403, None, &whole[..len]);
            assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{form}: {}", &whole[..len]);
            assert!(has_invalid_body(&error), "{form}: {len}");
        }
    }
    let large = error.with_raw_detail("type.googleapis.com/acme.v1.Large", &[7; 900_000]);
    for form in Form::ALL {
        let body = write_body(form, &large, DetailTypes::standard());
        assert!(body.len() > MAX_BODY, "{form}");
        let error = answer(403, None, body);
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{form}");
        assert_eq!(error.message(), "m", "{form}");
        assert_eq!(error.metadata().get("a"), Some("1"), "{form}");
        assert_eq!(error.request_id(), Some("r-1"), "{form}");
        assert!(error.notes().contains(&Note::BodyTooLong(MAX_BODY)), "{form}");
    }
    // A part of a text or of a value is none.
    let error = answer(403, None, r#"{"code":403003,"metadata":{"a":"1","b":{"c":1,"d"#);
    assert_eq!(error.metadata().to_map().into_iter().collect::<Vec<_>>(), [("a", "1")]);
    for text in [
        r#"{"code":403003,}"#,
        r#"{"code":403003} trailing"#,
        "{\"code\":403003}\n{\"code\":1}",
        r#"{"code":403003,'a':1}"#,
    ] {
        let error = answer(403, None, text);
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{text}");
        assert!(has_invalid_body(&error), "{text}");
    }
}

#[test]
fn depth_does_not_reach_the_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for text in [
            deep.clone(),
            format!(r#"{{"code":403003,"metadata":{{"a":{deep}}}}}"#),
            format!(r#"{{"code":403003,"details":{deep}}}"#),
            format!(r#"{{"code":403003,"details":[{deep}]}}"#),
            format!(r#"{{"code":403003,"details":[{{"@type":"a/google.rpc.Help","links":{deep}}}]}}"#),
            format!(r#"{{"code":403003,"details":[{{"links":{deep},"@type":"a/google.rpc.Help"}}]}}"#),
            format!(r#"{{"code":403003,"details":[{{"@type":"a/google.protobuf.Value","value":{deep}}}]}}"#),
            format!(r#"{{"error":{{"code":403,"details":{deep}}}}}"#),
        ] {
            assert_ne!(body(&text).notes(), [], "{:.60}", text);
        }
        for member in ["other", "error"] {
            let error = body(format!(r#"{{"{member}":{deep},"code":403003}}"#));
            assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
        }
    }
    let any = r#"{"@type":"a/google.protobuf.Any","value":"#;
    let deep = format!("{}{{}}{}", any.repeat(2_000), "}".repeat(2_000));
    assert_ne!(body(format!(r#"{{"code":403003,"details":[{deep}]}}"#)).notes(), []);
}

#[test]
fn of_a_member_that_stands_there_twice_the_last_counts() {
    let error = body(r#"{"code":404003,"code":403003,"metadata":{"a":"1","a":"2"}}"#);
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert!(has_invalid_body(&error));
    assert_eq!(error.metadata().get("a"), Some("2"));
}

#[test]
fn byte_order_marks_and_utf_16_are_read() {
    let text = r#"{"code":403003,"message":"gesperrt ☃ 🎿"}"#;
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, bytes, notes) in [
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat(), 0),
        ("UTF-16LE", little.clone(), 1),
        ("UTF-16BE", big.clone(), 1),
        ("UTF-16LE with a mark", [&b"\xff\xfe"[..], &little].concat(), 1),
        ("UTF-16BE with a mark", [&b"\xfe\xff"[..], &big].concat(), 1),
    ] {
        let error = body(bytes);
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{name}");
        assert_eq!(error.message(), "gesperrt ☃ 🎿", "{name}");
        assert_eq!(error.notes().len(), notes, "{name}");
    }
    body(&little[..little.len() - 1]);
    body(b"\xff\xfe");
    body(b"\xff\xfe\x00\xd8{\x00");
}

#[test]
fn text_that_is_not_unicode_is_read_lossily() {
    let error = body(b"{\"code\":403003,\"message\":\"a\xff\xc3b\",\"metadata\":{\"k\xff\":\"v\"}}");
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(error.message(), "a??b");
    assert_eq!(error.metadata().get("k?"), Some("v"));
    assert!(has_invalid_body(&error));
    // Half a surrogate pair.
    let error = body(r#"{"code":403003,"message":"a\ud800b","metadata":{"\udc00":"\ud800"}}"#);
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert!(error.message().starts_with('a') && error.message().ends_with('b'));
    assert_eq!(error.metadata().to_map().len(), 1);
}

#[test]
fn long_bodies_are_read_to_the_limit() {
    let noise: Vec<u8> =
        (0_u32..).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).take(MAX_BODY).collect();
    let error = answer(503, None, &noise);
    assert!(error.notes().contains(&Note::Synthesized));
    assert_eq!(error.grpc_code(), GrpcCode::Unavailable);

    let pad = "x".repeat(10 * 1024 * 1024);
    let error = answer(403, None, format!(r#"{{"code":403003,"message":"banned","pad":"{pad}"}}"#));
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(error.message(), "banned");
    assert!(error.notes().contains(&Note::BodyTooLong(MAX_BODY)));

    let error = answer(403, Some("403003"), format!(r#"{{"pad":"{pad}","code":404003}}"#));
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "the field is what is left");
    assert!(error.notes().contains(&Note::BodyTooLong(MAX_BODY)));
}

#[test]
fn the_code_of_the_body_wins() {
    let error = answer(404, None, r#"{"code":403003}"#);
    assert_eq!(error.notes(), [Note::HttpStatusContradiction { class: 403, received: 404 }]);
    assert_eq!(error.http_status(), 403);
    assert_eq!(error.grpc_code(), GrpcCode::PermissionDenied);

    let error = answer(200, None, r#"{"code":403003}"#);
    assert_eq!(error.notes(), [Note::HttpStatusContradiction { class: 403, received: 200 }]);

    let error = answer(403, None, r#"{"type":"about:blank","status":500,"code":403003}"#);
    assert_eq!(error.notes(), [Note::HttpStatusContradiction { class: 403, received: 500 }]);
    assert_eq!(error.http_status(), 403);

    let error = answer(403, Some("404003"), r#"{"code":403003}"#);
    assert_eq!(error.notes(), [Note::CodeContradiction { taken: 403_003, other: 404_003 }]);

    let error = answer(500, None, r#"{"code":404,"message":"m"}"#);
    assert_eq!(error.notes(), [Note::HttpStatusContradiction { class: 404, received: 500 }]);
    assert_eq!(error.number_or_class(), 404_000);

    let rpc_status = String::from_utf8(write_body(
        Form::RpcStatus,
        &ApiError::new(ErrorCode::USER_BANNED),
        DetailTypes::standard(),
    ));
    let error = body(rpc_status.unwrap().replace("\"code\":7", "\"code\":5"));
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    let (expected, received) = (GrpcCode::PermissionDenied, GrpcCode::NotFound);
    assert_eq!(error.notes(), [Note::ClassContradiction { code: 403_003, expected, received }]);
}

#[test]
fn the_field_comes_before_the_status() {
    for text in ["", "<html>"] {
        let error = answer(403, Some("403003"), text);
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(error.grpc_code(), GrpcCode::PermissionDenied);
        assert_eq!(error.message(), "This user has been banned.");
        assert!(!error.notes().contains(&Note::Synthesized), "{:?}", error.notes());
    }
    let error = answer(404, Some("403003"), r#"{"code":404,"message":"m"}"#);
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    let error = answer(502, Some("nonsense"), "");
    assert_eq!(error.notes(), [Note::Synthesized, Note::InvalidCodeField]);
}

#[test]
fn one_bad_detail_hides_no_other() {
    let good = r#"{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"r-1"}"#;
    for (name, bad) in [
        ("null", "null"),
        ("number", "7"),
        ("array", "[]"),
        ("no type", r#"{"a":1}"#),
        ("no colon", r#"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","a"}"#),
        ("empty type", r#"{"@type":""}"#),
        ("type is a number", r#"{"@type":7}"#),
        ("unknown type in ProtoJSON", r#"{"@type":"type.googleapis.com/acme.v1.Foo","a":1}"#),
        ("wrong field type", r#"{"@type":"type.googleapis.com/google.rpc.Help","links":7}"#),
        ("unknown field", r#"{"@type":"type.googleapis.com/google.rpc.Help","linkz":[]}"#),
        ("bad base64", r#"{"@type":"type.googleapis.com/acme.v1.Foo","value":"**"}"#),
        ("value is a number", r#"{"@type":"type.googleapis.com/acme.v1.Foo","value":7}"#),
        ("Connect without a value", r#"{"type":"acme.v1.Foo"}"#),
        ("Connect with a bad value", r#"{"type":"acme.v1.Foo","value":"*"}"#),
        ("bad duration", r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"soon"}"#),
    ] {
        let error = body(format!(r#"{{"code":7,"message":"m","details":[{bad},{good},{bad}]}}"#));
        assert_eq!(error.request_id(), Some("r-1"), "{name}");
        assert!(error.notes().len() >= 2, "{name}: {:?}", error.notes());
    }
}

#[test]
fn a_detail_over_the_limit_is_noted() {
    let url = "x".repeat(MAX_DETAIL);
    let help = format!(r#"{{"@type":"type.googleapis.com/google.rpc.Help","links":[{{"url":"{url}"}}]}}"#);
    let error = body(format!(r#"{{"code":403003,"details":[{help}]}}"#));
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    assert!(matches!(error.notes(), [Note::UnreadDetail { index: 0, .. }]), "{:?}", error.notes());
}

#[test]
fn every_cut_and_every_flipped_byte_of_every_form_is_read() {
    let error = ErrorCode::USER_BANNED
        .with_message("m")
        .with_metadata("a", "1")
        .with_detail(&codelibra::rpc::RequestInfo { request_id: "r-1".into(), serving_data: String::new() })
        .with_raw_detail("type.googleapis.com/acme.v1.Unknown", &[8, 1]);
    for form in Form::ALL {
        let whole = write_body(form, &error, DetailTypes::standard());
        for at in 0..whole.len() {
            body(&whole[..at]);
            for byte in [b'"', b'9', 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                body(&bytes);
            }
        }
    }
}

/// A note about JSON that is cut names the place where the text ends, and what is missing there.
#[test]
fn a_fault_of_json_is_named_with_its_place() {
    for (text, fault) in [
        ("{", "it ends at byte 1; expected a member's name"),
        (r#"{"code"#, "it ends at byte 6; expected the end of a string"),
        (r#"{"code""#, "it ends at byte 7; expected a colon"),
        (r#"{"code":"#, "it ends at byte 8; expected a value"),
        (r#"{"code":4030"#, "it ends at byte 12; expected the end of a value"),
        (r#"{"code":403003"#, "it ends at byte 14; expected the end of a value"),
        (r#"{"code":403003 "#, "it ends at byte 15; expected a comma or the end"),
        (r#"{"code":403003,"#, "it ends at byte 15; expected a member's name"),
        (r#"{"code":403003,"message":"x"#, "it ends at byte 27; expected the end of a string"),
        (r#"{"code":403003,"message":nul"#, "it ends at byte 28; expected the end of a value"),
        (r#"{"code":403003,"metadata":{"a":"b"#, "it ends at byte 33; expected the end of a string"),
        (r#"{"code":403003,"metadata":{"a":"b""#, "it ends at byte 34; expected the end of a value"),
        (r#"{"code":403003,"metadata":{"a":"b"}"#, "it ends at byte 35; expected a comma or the end"),
        // Wrong before the end: the fault stands where it is.
        (r#"{"code":x"#, "expected a value at byte 8"),
        (r#"{"code":40300x}"#, "expected a value at byte 8"),
        (r#"{"code":403003,"a":nul}"#, "expected a value at byte 19"),
        (r#"{"code":403003 "a":1}"#, "expected a comma or the end at byte 15"),
        (r#"{"code" 403003}"#, "expected a colon at byte 8"),
        (r#"{"code":403003}}"#, "expected nothing more at byte 15"),
    ] {
        let error = answer(403, None, text);
        let note = Note::InvalidBody(format!("the body is not valid JSON: {fault}"));
        assert!(error.notes().contains(&note), "{text}: {:?}", error.notes());
    }
}
