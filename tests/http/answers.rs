//! Whole HTTP answers: the status, the form that the caller takes, every field.

use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::http::{Caller, DetailTypes, EXPOSED_HEADERS, Form, Reader, Responder, write_body};
use codelibra::{ApiError, Boundary, CATALOG, CodeNumber, ErrorCode, ReceivedError, RetryAdvice, rpc};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use prost_types::Duration;

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

fn any(error: impl Into<ApiError>) -> Response<Bytes> {
    responder().respond(&HeaderMap::new(), &error.into())
}

fn of_class(class: u32) -> ApiError {
    ApiError::from_catalog(&CATALOG, class * 1000).unwrap()
}

fn retry(error: ApiError, seconds: i64, nanos: i32) -> ApiError {
    error.with_detail(&rpc::RetryInfo { retry_delay: Some(Duration { seconds, nanos }) })
}

fn received(answer: Response<Bytes>) -> ReceivedError {
    let (parts, body) = answer.into_parts();
    Reader::new::<ErrorCode>().read_parts(&parts, &body)
}

#[test]
fn the_status_is_the_class_of_every_code() {
    let numbers = CATALOG.entries().iter().map(|entry| entry.code);
    for number in numbers.chain((400..600).flat_map(|class| [class * 1000, class * 1000 + 999])) {
        for form in Form::ALL {
            let error = ApiError::from_catalog(&CATALOG, number).unwrap();
            let answer = responder().form(form).respond(&HeaderMap::new(), &error);
            assert_eq!(answer.status().as_u16(), CodeNumber::from_u32(number).unwrap().class());
            assert_eq!(answer.headers()["codelibra-error-code"], number.to_string());
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.headers()["vary"], "accept");
            assert_eq!(answer.headers()["content-type"], form.media_type());
            assert_eq!(*answer.body(), write_body(form, &error, DetailTypes::standard()));
            assert_eq!(received(answer).number(), Some(number));
        }
    }
}

#[test]
fn the_caller_gets_the_form_that_it_takes() {
    let (problem, native) = (Form::Problem, Form::Native);
    let rows = [
        ("", native, problem),
        ("*/*", native, problem),
        ("application/*", native, problem),
        ("text/html", native, problem),
        ("application/json", native, native),
        ("application/problem+json", problem, problem),
        ("Application/Problem+JSON ; charset=utf-8", problem, problem),
        ("application/json, application/problem+json", problem, problem),
        ("application/problem+json;q=0.9, application/json", native, native),
        ("application/problem+json;q=0.9, application/json;q=0.89", problem, problem),
        ("application/problem+json;q=0", native, problem),
        ("application/problem+json;q=0, */*;q=0.1", native, native),
        ("application/json;q=0, */*", problem, problem),
        ("application/problem+json;q=nonsense", problem, problem),
        ("application/problem+json;q=0.1234, application/json", problem, problem),
        ("text/html, application/xhtml+xml;q=0.9, */*;q=0.8", native, problem),
        ("application/problem+jsonp, xapplication/problem+json", native, problem),
    ];
    for (accept, of_native, of_problem) in rows {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert("accept", accept.parse().unwrap());
        }
        assert_eq!(Caller::from(&headers).form(native), of_native, "{accept}");
        assert_eq!(Caller::from(&headers).form(problem), of_problem, "{accept}");
        headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
        assert_eq!(Caller::from(&headers).form(native), Form::Connect, "{accept}");
    }
    let mut lines = HeaderMap::new();
    lines.append("accept", HeaderValue::from_static("text/html"));
    lines.append("accept", HeaderValue::from_static("application/problem+json"));
    assert_eq!(Caller::from(&lines).form(Form::Aip193), problem);
}

/// "Unary-Get-Request", Connect Protocol.
#[test]
fn a_connect_client_says_so_in_its_query() {
    for (method, uri, form) in [
        (Method::GET, "/a.B/C?connect=v1&encoding=json&message=%7B%7D", Form::Connect),
        (Method::GET, "/a.B/C?message=%7B%7D&connect=v1", Form::Connect),
        (Method::HEAD, "/a.B/C?connect=v1", Form::Connect),
        (Method::POST, "/a.B/C?connect=v1", Form::Native),
        (Method::GET, "/a.B/C?connect=v10", Form::Native),
        (Method::GET, "/a.B/C?reconnect=v1", Form::Native),
        (Method::GET, "/connect=v1", Form::Native),
    ] {
        let request = Request::builder().method(method.clone()).uri(uri).body(()).unwrap();
        assert_eq!(Caller::from(&request).form(Form::Native), form, "{method} {uri}");
        let (parts, ()) = request.into_parts();
        assert_eq!(Caller::from(&parts).form(Form::Native), form, "{method} {uri}");
    }
}

#[test]
fn head_has_the_fields_and_no_body() {
    let error = ErrorCode::USER_BANNED.into();
    let get = responder().respond(&Request::get("/").body(()).unwrap(), &error);
    let head = responder().respond(Caller::new(&Method::HEAD, &HeaderMap::new()), &error);
    assert!(head.body().is_empty());
    assert_eq!(head.headers()["content-length"], get.body().len().to_string());
    let mut fields = head.headers().clone();
    fields.remove("content-length");
    assert_eq!(fields, *get.headers());
}

#[test]
fn retry_after_is_whole_seconds_rounded_up() {
    let field =
        |error: ApiError| any(error).headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
    for (seconds, nanos, expected) in [
        (30, 0, "30"),
        (1, 1, "2"),
        (0, 999_999_999, "1"),
        (0, 0, "0"),
        (2, -500_000_000, "2"),
        (i64::MAX, 1, "9223372036854775807"),
    ] {
        for error in [of_class(429), of_class(503), ErrorCode::LOCKED_OUT.into()] {
            assert_eq!(field(retry(error, seconds, nanos)).as_deref(), Some(expected), "{seconds} {nanos}");
        }
    }
    assert_eq!(field(retry(of_class(429), -1, 0)), None);
    assert_eq!(field(retry(of_class(400), 1, 0)), None);
    assert_eq!(field(retry(ErrorCode::USER_BANNED.into(), 1, 0)), None);
    assert_eq!(field(of_class(503)), None);
}

#[test]
fn retry_after_is_read_back() {
    let read_field = |body: &[u8], value: &str| {
        let answer = Response::builder().status(503).header("retry-after", value);
        let (parts, ()) =
            answer.header("date", "Sun, 06 Nov 1994 08:49:07 GMT").body(()).unwrap().into_parts();
        let error = Reader::new::<ErrorCode>().read_parts(&parts, body);
        (error.detail::<rpc::RetryInfo>().map(|info| info.unwrap().retry_delay.unwrap()), error)
    };
    let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
    for body in [&b""[..], b"<html>busy</html>", br#"{"code":503000,"message":"busy","domain":"codelibra"}"#]
    {
        assert_eq!(read_field(body, "120").0, seconds(120));
        for date in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(read_field(body, date).0, seconds(30), "{date}");
        }
        assert_eq!(read_field(body, "Sun, 06 Nov 1994 08:00:00 GMT").0, seconds(0));
        assert_eq!(read_field(body, "99999999999999999999999").0, seconds(315_576_000_000));
        for wrong in ["", "-1", "1.5", "soon", "1 2"] {
            assert_eq!(read_field(body, wrong).0, None, "{wrong}");
        }
        let (_, error) = read_field(body, "30");
        assert_eq!(error.retry_advice(), RetryAdvice::After(std::time::Duration::from_secs(30)));
    }
    let exact = write_body(Form::Native, &retry(of_class(503), 1, 500_000_000), DetailTypes::standard());
    let (delay, error) = read_field(&exact, "2");
    assert_eq!(delay, Some(Duration { seconds: 1, nanos: 500_000_000 }));
    assert_eq!(error.notes(), []);
}

#[test]
fn the_advice_over_http_is_the_one_over_grpc() {
    let listed = CATALOG.entries().iter().map(|entry| entry.code);
    for number in listed.chain([429_000, 503_000, 504_000, 400_000, 409_777]) {
        let plain = ApiError::from_catalog(&CATALOG, number).unwrap();
        let delays = [(1, 500_000_000), (30, 0), (0, 0), (100_000, 0)];
        let errors = delays.map(|(seconds, nanos)| retry(plain.clone(), seconds, nanos));
        for error in errors.into_iter().chain([plain]) {
            let over_grpc = ReceivedError::from_details(error.to_details(), &CATALOG).retry_advice();
            for form in Form::ALL {
                let answer = responder().form(form).respond(&HeaderMap::new(), &error);
                assert_eq!(received(answer).retry_advice(), over_grpc, "{number} {form}");
            }
        }
    }
    // A proxy may say more than the error, and gRPC's own field counts before both.
    let mut answer = any(retry(of_class(503), 1, 0));
    answer.headers_mut().insert("retry-after", HeaderValue::from_static("60"));
    let minute = RetryAdvice::After(std::time::Duration::from_secs(60));
    assert_eq!(received(answer.clone()).retry_advice(), minute);
    answer.headers_mut().insert("grpc-retry-pushback-ms", HeaderValue::from_static("-1"));
    assert_eq!(received(answer).retry_advice(), RetryAdvice::Never);
}

#[test]
fn configured_fields_stand_on_their_status_alone() {
    let responder = responder()
        .challenge(HeaderValue::from_static("Bearer realm=\"shop\""))
        .blocked_by(&Uri::from_static("https://authority.example/?a=1"))
        .terms(&Uri::from_static("https://shop.example/terms"));
    let field = |error: ApiError, name: &str| {
        let answer = responder.respond(&HeaderMap::new(), &error.with_message("Basic realm=\"evil\""));
        let values = answer.headers().get_all(name).iter();
        values.map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (challenge, link) = ("www-authenticate", "link");
    assert_eq!(field(ErrorCode::AUTHENTICATION_REQUIRED.into(), challenge), ["Bearer realm=\"shop\""]);
    assert_eq!(field(of_class(401), challenge), ["Bearer realm=\"shop\""]);
    assert!(field(of_class(407), challenge).is_empty());
    assert!(field(of_class(403), challenge).is_empty());
    let blocked = "<https://authority.example/?a=1>; rel=\"blocked-by\"";
    let terms = "<https://shop.example/terms>; rel=\"terms-of-service\"";
    assert_eq!(field(ErrorCode::ACCOUNT_TERMS_ACCEPTANCE_REQUIRED.into(), link), [blocked, terms]);
    assert_eq!(field(of_class(451), link), [blocked]);
    assert!(field(of_class(403), link).is_empty());
    assert!(any(ErrorCode::AUTHENTICATION_REQUIRED).headers().get(challenge).is_none());
}

#[test]
fn no_field_says_what_a_message_contains() {
    let evil = "x\r\nset-cookie: a=b\r\n\r\n<html>\0\u{1b}";
    for entry in CATALOG.entries() {
        let plain = ApiError::from_catalog(&CATALOG, entry.code).unwrap();
        let error = plain.clone().with_message(evil).with_metadata(evil, evil).with_raw_detail(evil, b"\r\n");
        for form in Form::ALL {
            let responder = responder().form(form).boundary(Boundary::internal());
            let answer = responder.respond(&HeaderMap::new(), &error);
            let usual = responder.respond(&HeaderMap::new(), &plain);
            assert_eq!(answer.headers(), usual.headers());
            assert!(answer.headers().values().all(|value| value.to_str().is_ok()));
            assert_eq!(received(answer).message(), evil);
        }
    }
}

#[test]
fn the_boundary_says_what_leaves() {
    let debug = rpc::DebugInfo { detail: "stack".into(), ..Default::default() };
    let error = ErrorCode::UNEXPECTED_ERROR.with_message("select * from users").with_detail(&debug);
    let text = |answer: &Response<Bytes>| String::from_utf8(answer.body().to_vec()).unwrap();
    let answer = any(error.clone());
    assert!(!text(&answer).contains("select") && !text(&answer).contains("stack"));
    let answer = responder().boundary(Boundary::internal()).respond(&HeaderMap::new(), &error);
    assert!(text(&answer).contains("select") && text(&answer).contains("stack"));

    let foreign = br#"{"code":403001,"reason":"X","message":"theirs","domain":"elsewhere.example","metadata":{"k":"v"}}"#;
    let foreign = Reader::new::<ErrorCode>().read_body(foreign);
    let headers = HeaderMap::new();
    assert_eq!(received(responder().respond_received(&headers, &foreign)).number(), Some(500_001));
    assert_eq!(received(responder().respond(&headers, &foreign.assume_trusted())).number(), Some(500_001));
    let allowed = responder().boundary(Boundary::public().allow_domain("elsewhere.example"));
    let answer = allowed.respond_received(&headers, &foreign);
    assert!(!text(&answer).contains("theirs"));
    let error = received(answer);
    assert_eq!((error.number(), error.domain(), error.reason()), (Some(403_001), "elsewhere.example", ""));
    let inside = responder().boundary(Boundary::internal());
    assert_eq!(received(inside.respond_received(&headers, &foreign)).message(), "theirs");

    let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    let locked = locked.with_message("theirs").with_metadata("extra", "secret");
    let locked = ReceivedError::from_details(locked.to_details(), &CATALOG);
    let answer = responder().respond_received(&headers, &locked);
    assert!(!text(&answer).contains("theirs") && !text(&answer).contains("secret"));
    assert!(received(answer).decode::<LockedOut>().unwrap().locked_until.is_some());
    let uncoded = Reader::new::<ErrorCode>().read_body(b"<html>");
    assert_eq!(received(responder().respond_received(&headers, &uncoded)).number(), Some(500_001));
}

#[test]
fn browsers_are_let_see_what_grpc_web_needs() {
    let names = EXPOSED_HEADERS.map(|name| name.as_str().to_owned());
    assert_eq!(names, ["grpc-status", "grpc-message", "grpc-status-details-bin", "codelibra-error-code"]);
}
