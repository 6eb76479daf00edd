//! Parameters that a code does not declare: refused for a listed code, however they arrive.

use std::collections::HashMap;

use codelibra::{ErrorCode, ReceivedError};

use crate::codes::received;
use crate::pb::{RaiseErrorRequest, RaiseErrorStreamRequest};
use crate::running::Serve;

/// What `serve` answers to a raise with one parameter, by every way that there is.
async fn by_every_way(
    serve: &Serve,
    code: u32,
    key: &str,
    value: &str,
) -> Vec<(&'static str, ReceivedError)> {
    let metadata = HashMap::from([(key.to_owned(), value.to_owned())]);
    let raise = RaiseErrorRequest { code, metadata: metadata.clone(), ..Default::default() };
    let stream = RaiseErrorStreamRequest { code, metadata: metadata.clone(), ..Default::default() };
    let mut client = serve.client().await;
    let unary = received(&client.raise_error(raise).await.unwrap_err());
    // A refused stream fails before it begins, another one with its end.
    let stream = match client.raise_error_stream(stream).await {
        Ok(answer) => answer.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    };
    let (raise, query) = (format!("/v1/errors/{code}:raise"), format!("?{key}={value}"));
    let body = serde_json::json!({ "metadata": metadata }).to_string();
    let over_http_stream = serve.get(&format!("/v1/errors/{code}:stream{query}")).await;
    let over_http_stream = match over_http_stream.status {
        // One line: `{"error":{…}}`.
        200 => {
            let line: serde_json::Value = serde_json::from_slice(&over_http_stream.body).unwrap();
            codelibra::http::Reader::new::<codelibra::ErrorCode>()
                .read_body(line["error"].to_string().as_bytes())
        }
        _ => over_http_stream.error(),
    };
    vec![
        ("gRPC unary", unary),
        ("gRPC stream", received(&stream)),
        ("HTTP query", serve.get(&format!("{raise}{query}")).await.error()),
        ("HTTP query of a POST", serve.send("POST", &format!("{raise}{query}"), "").await.error()),
        ("HTTP body", serve.send("POST", &raise, &body).await.error()),
        ("HTTP stream", over_http_stream),
    ]
}

fn written_as_metadata(way: &str) -> bool {
    way.starts_with("gRPC") || way == "HTTP body"
}

#[tokio::test]
async fn a_listed_code_takes_its_declared_parameters_only() {
    let serve = Serve::start(&[]);
    for (code, key, value, named) in [
        (403_005, "lockd_until", "x", "nearest: locked_until"),
        (403_005, "locked", "2026-01-31T09:30:00Z", "nearest: locked_until"),
        (400_005, "max_limits", "1", "nearest: max_limit"),
        (400_005, "limits", "1", "nearest: limit"),
        (403_003, "a", "1", "403003 UserBanned declares none"),
        (451_001, "locked_until", "1", "nearest: terms_version"),
    ] {
        for (way, error) in by_every_way(&serve, code, key, value).await {
            let expected = Some(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE);
            assert_eq!(error.code(), expected, "{way} {code} {key}: {error}");
            // As the caller wrote it.
            let argument = if written_as_metadata(way) { format!("metadata.{key}") } else { key.to_owned() };
            assert_eq!(error.metadata().get("argument"), Some(&*argument), "{way} {key}: {error:?}");
            assert!(error.message().contains(key), "{way} {key}: {error}");
            assert!(error.message().contains(named), "{way} {key}: {error}");
        }
    }
}

#[tokio::test]
async fn an_unlisted_code_takes_any_parameter() {
    let serve = Serve::start(&[]);
    for code in [403_099, 403_000, 599_999] {
        for key in ["lockd_until", "a", "locked_until"] {
            for (way, error) in by_every_way(&serve, code, key, "x").await {
                assert_eq!(error.number(), Some(code), "{way} {key}: {error}");
                assert_eq!(error.metadata().get(key), Some("x"), "{way} {key}: {error:?}");
            }
        }
    }
}
