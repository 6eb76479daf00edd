//! What `serve` cannot answer.

use std::collections::HashMap;

use codelibra::{ErrorCode, ReceivedError, StatusCodeExt};

use crate::codes::{raise, received};
use crate::pb::{ListErrorsRequest, RaiseErrorRequest, RaiseErrorStreamRequest};
use crate::running::Serve;

#[tokio::test]
async fn what_cannot_be_answered_is_a_coded_error_too() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    for code in [0, 17, 200_000, 399_999, 600_000, u32::MAX] {
        let status = client.raise_error(raise(code, "")).await.unwrap_err();
        assert_eq!(status.error_code(), Some(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE), "{code}");
    }
    for (path, code) in [
        ("/v1/errors/abc", 400_001),
        ("/v1/errors/+403003", 400_001),
        ("/v1/errors/abc:raise", 400_001),
        ("/v1/errors/99999999999:raise", 400_001),
        ("/v1/errors/17:raise", 400_001),
        ("/v1/errors/403099", 404_003),
        ("/v1/errors/403003:shout", 404_003),
        ("/v1", 404_003),
        ("/v1/errors/%FF", 400_002),
        ("/errors?q=a&q=b", 400_002),
    ] {
        let answer = serve.get(path).await;
        assert_eq!(answer.error().number(), Some(code), "{path}");
        assert_eq!(u32::from(answer.status), code / 1000, "{path}");
    }
    for body in ["nonsense", "[]", "{}x", r#"{"message":1}"#, r#"{"metadata":{"a":1}}"#, r#"{"massage":""}"#]
    {
        let answer = serve.send("POST", "/v1/errors/403003:raise", body).await;
        assert_eq!((answer.status, answer.error().number()), (400, Some(400_001)), "{body}");
        assert!(!answer.error().message().contains("struct"), "{}", answer.error());
    }
}

/// RFC 9110 §15.5.6: 405 says which methods there are. §9.3.2: HEAD is GET without the body.
#[tokio::test]
async fn a_method_that_is_not_served_is_refused_with_those_that_are() {
    const READ: &str = "GET,HEAD";
    let serve = Serve::start(&[]);
    for (path, allowed) in [
        ("/v1/errors", READ),
        ("/v1/errors/403003", READ),
        ("/v1/errors/abc", READ),
        ("/v1/errors/403003:stream", READ),
        ("/v1/errors/403003:raise", "GET,HEAD,POST"),
        ("/errors", READ),
        ("/errors/403003", READ),
    ] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            if allowed.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let answer = serve.send(method, path, "").await;
            assert_eq!((answer.status, answer.error().number()), (405, Some(405_000)), "{method} {path}");
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
        let (get, head) = (serve.get(path).await, serve.send("HEAD", path, "").await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
        assert!(head.headers.get("allow").is_none(), "{path}");
    }
    assert_eq!(serve.send("POST", "/v1/errors/403003:shout", "").await.status, 404);
}

#[tokio::test]
async fn a_parameter_that_cannot_be_sent_is_refused_by_its_name() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    let too_long = "a".repeat(65);
    let is_refused = |error: ReceivedError, key: &str, right: &str| {
        assert_eq!(error.code(), Some(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE), "{key}: {error}");
        assert!(error.metadata().get("argument").unwrap().contains(key), "{error:?}");
        assert!(error.message().contains(key) && error.message().contains(right), "{error}");
    };
    for (code, key, value, right) in [
        (403_003, "code", "1", "carries the number"),
        (403_003, "Code", "1", "[a-z][a-z0-9_]{0,63}"),
        (403_003, "a-b", "1", "[a-z][a-z0-9_]{0,63}"),
        (403_003, "", "1", "[a-z][a-z0-9_]{0,63}"),
        (403_099, &*too_long, "1", "[a-z][a-z0-9_]{0,63}"),
        (400_005, "limit", "many", "a decimal 64-bit integer"),
        (403_005, "locked_until", "tomorrow", "RFC 3339"),
    ] {
        let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
        let request = RaiseErrorRequest { code, metadata: metadata.clone(), ..Default::default() };
        is_refused(received(&client.raise_error(request).await.unwrap_err()), key, right);
        let request = RaiseErrorStreamRequest {
            code,
            metadata: metadata.clone(),
            after_items: 2,
            ..Default::default()
        };
        is_refused(received(&client.raise_error_stream(request).await.unwrap_err()), key, right);

        for verb in ["raise", "stream"] {
            let answer = serve.get(&format!("/v1/errors/{code}:{verb}?{key}={value}")).await;
            assert_eq!(answer.status, 400);
            is_refused(answer.error(), key, right);
        }
        let body = serde_json::json!({ "metadata": metadata }).to_string();
        let answer = serve.send("POST", &format!("/v1/errors/{code}:raise"), &body).await;
        is_refused(answer.error(), key, right);
    }

    let (raise, body) = ("/v1/errors/403099:raise", r#"{"message":"a","metadata":{"a":"1"}}"#);
    for (method, query, body, key) in [
        ("GET", "?a=1&a=2", "", "a"),
        ("GET", "?message=1&message=2", "", "message"),
        ("POST", "?a=1", body, "a"),
        ("POST", "?message=1", body, "message"),
        ("POST", "", r#"{"metadata":{"a":"1","b":"","a":"2"}}"#, "a"),
    ] {
        let answer = serve.send(method, &format!("{raise}{query}"), body).await;
        is_refused(answer.error(), key, "each once");
    }
    let answer = serve.get("/v1/errors/403003:stream?items=1&items=2").await;
    is_refused(answer.error(), "items", "each once");
    // A code that is not listed takes any key.
    let answer = serve.send("POST", &format!("{raise}?b=2"), body).await;
    assert_eq!(answer.error().metadata().to_map(), [("a", "1"), ("b", "2")].into());
}

#[tokio::test]
async fn a_query_that_is_not_known_is_not_ignored() {
    let serve = Serve::start(&[]);
    for (path, argument, named) in [
        ("/v1/errors?class=4xx", "class", "class is \"4xx\""),
        ("/v1/errors?class=", "class", "class is \"\""),
        ("/v1/errors?class=-1", "class", "class is \"-1\""),
        ("/v1/errors?class=42", "class", "class is 42; expected 400 to 599"),
        ("/v1/errors?class=200", "class", "class is 200"),
        ("/v1/errors?class=600", "class", "class is 600"),
        ("/v1/errors?http_status=4xx", "http_status", "http_status is \"4xx\""),
        ("/v1/errors?http_status=42", "http_status", "http_status is 42"),
        ("/v1/errors?class=403&class=404", "class", "class"),
        ("/v1/errors?class=403&http_status=404", "class", "expected one"),
        ("/v1/errors?clas=403", "clas", "clas"),
        ("/v1/errors/403003?message=x", "message", "message"),
        ("/v1/errors/403003:raise?zzz=x", "zzz", "parameter `zzz` is not declared"),
        ("/v1/errors/403003:stream?items=-1", "items", "-1"),
        ("/v1/errors/403003:stream?items=1&zzz=x", "zzz", "parameter `zzz` is not declared"),
    ] {
        let answer = serve.get(path).await;
        assert_eq!((answer.status, answer.error().number()), (400, Some(400_001)), "{path}");
        assert!(answer.error().message().contains(named), "{path}: {}", answer.error());
        assert_eq!(answer.error().metadata().get("argument"), Some(argument), "{path}");
    }
    // The client of gRPC wrote `http_status`.
    let request = ListErrorsRequest { http_status: 42 };
    let refused = received(&serve.client().await.list_errors(request).await.unwrap_err());
    assert_eq!(refused.metadata().get("argument"), Some("http_status"));
    assert!(refused.message().contains("http_status is 42"), "{refused}");
}

/// A client of Connect that sends GET says so in its query, and that is no parameter of the error.
#[tokio::test]
async fn a_connect_client_gets_its_form() {
    let serve = Serve::start(&[]);
    for path in ["/v1/errors/403003:raise?connect=v1", "/v1/nowhere?connect=v1", "/v1/errors/x?connect=v1"] {
        let answer = serve.get(path).await;
        assert!(answer.json()["code"].is_string(), "{path}: {}", answer.json());
    }
    let answer = serve.get("/v1/errors/403099:raise?connect=v2").await;
    assert_eq!(answer.json()["metadata"]["connect"], "v2");
}
