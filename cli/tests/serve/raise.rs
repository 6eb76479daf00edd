//! Errors that are asked for, over gRPC and over HTTP, there and back.

use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::{ERROR_INFO, ErrorCode, GOOGLE_ERROR_INFO, GrpcCode, Note, ReceivedError, StatusCodeExt};
use tonic::Status;

use crate::codes::{MESSAGES, check, metadata, raise, received, rows};
use crate::running::{Answer, Serve};

#[tokio::test]
async fn every_code_arrives_over_grpc() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    for row in rows() {
        for message in MESSAGES {
            let status = client.raise_error(raise(row.code, message)).await.unwrap_err();
            check(&row, &received(&status), message);
            assert_eq!(status.error_code::<ErrorCode>().unwrap().as_u32(), row.code);
            assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), &row.code.to_string());
        }
    }
}

/// With `--error-info google` nothing that the process sends contains our type, and every code arrives all the same.
#[tokio::test]
async fn every_code_arrives_with_googles_error_info_alone() {
    let serve = Serve::start(&["--error-info", "google", "--format", "connect"]);
    let mut client = serve.client().await;
    for row in rows() {
        let status = client.raise_error(raise(row.code, "")).await.unwrap_err();
        check(&row, &received(&status), "");
        let raised = serve.get(&format!("/v1/errors/{}:raise", row.code)).await;
        assert_eq!(raised.error().number(), Some(row.code));
        for bytes in [status.details(), &raised.body] {
            let text = String::from_utf8_lossy(bytes);
            assert!(text.contains(GOOGLE_ERROR_INFO) && !text.contains(ERROR_INFO), "{}: {text}", row.code);
        }
    }
}

#[tokio::test]
async fn every_code_arrives_over_http() {
    let serve = Serve::start(&[]);
    let http = reqwest::Client::new();
    for row in rows() {
        for message in MESSAGES {
            let mut query: Vec<(String, String)> = metadata(row.code).into_iter().collect();
            if !message.is_empty() {
                query.push(("message".into(), message.into()));
            }
            let url = format!("{}/v1/errors/{}:raise", serve.http, row.code);
            let by_get = http.get(&url).query(&query).send().await.unwrap();
            let body = serde_json::json!({"message": message, "metadata": metadata(row.code)});
            let by_post = http.post(&url).body(body.to_string()).send().await.unwrap();
            for answer in [by_get, by_post] {
                let answer = Answer::from_response(answer).await;
                assert_eq!(answer.status, row.http_status);
                assert_eq!(answer.header("codelibra-error-code"), row.code.to_string());
                assert_eq!(answer.header("content-type"), "application/json");
                assert_eq!(answer.header("cache-control"), "no-store");
                check(&row, &answer.error(), message);
                assert_eq!(answer.json()["name"], row.name);
            }
        }
    }
}

/// gRPC → HTTP → gRPC, and HTTP → gRPC → HTTP: the gateway's answer is what the service sent, and what is
/// read of it and raised again is the same.
#[tokio::test]
async fn every_code_survives_both_round_trips() {
    let serve = Serve::start(&["--format", "problem"]);
    let mut client = serve.client().await;
    let unlisted = [403_099, 403_000, 400_999, 418_001, 499_999, 599_999];
    for code in rows().iter().map(|row| row.code).chain(unlisted) {
        let first = received(&client.raise_error(raise(code, "once more")).await.unwrap_err());
        for form in Form::ALL {
            let body = write_body(form, &first.assume_trusted(), DetailTypes::standard());
            let read = Reader::new::<ErrorCode>().read_body(&body);
            let back = received(&Status::from(read.assume_trusted()));
            same(&first, &back);
            assert_eq!(write_body(form, &back.assume_trusted(), DetailTypes::standard()), body);
        }

        let query: Vec<(String, String)> =
            metadata(code).into_iter().chain([("message".into(), "once more".into())]).collect();
        let url = format!("{}/v1/errors/{code}:raise", serve.http);
        let answer = reqwest::Client::new().get(url).query(&query).send().await.unwrap();
        let answer = Answer::from_response(answer).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        same(&first, &answer.error());
        let forwarded = answer.error().assume_trusted();
        assert_eq!(write_body(Form::Problem, &forwarded, DetailTypes::standard()), answer.body);
    }
}

fn same(a: &ReceivedError, b: &ReceivedError) {
    assert_eq!(a.number(), b.number());
    assert_eq!(a.domain(), b.domain());
    assert_eq!(a.reason(), b.reason());
    assert_eq!(a.message(), b.message());
    assert_eq!(a.grpc_code(), b.grpc_code());
    assert_eq!(a.http_status(), b.http_status());
    assert_eq!(a.metadata().to_map(), b.metadata().to_map());
}

#[tokio::test]
async fn an_unlisted_code_works_by_its_class() {
    let serve = Serve::start(&[]);
    let status = serve.client().await.raise_error(raise(403_099, "")).await.unwrap_err();
    let error = received(&status);
    assert_eq!(error.number(), Some(403_099));
    assert_eq!(error.grpc_code(), GrpcCode::PermissionDenied);
    assert_eq!(error.notes(), [Note::UnknownCode(403_099)]);
    let answer = serve.get("/v1/errors/403099:raise").await;
    assert_eq!((answer.status, answer.error().number()), (403, Some(403_099)));
}

/// The id in every response is the one that the caller chose, also if the service behind the gateway sent the error.
#[tokio::test]
async fn a_caller_chooses_the_id_of_its_request() {
    let serve = Serve::start(&[]);
    for path in [
        "/v1/errors?class=200",
        "/v1/errors/404404",
        "/v1/errors/403003:raise",
        "/v1/errors/500001:raise",
        "/v1/errors/999:raise",
        "/v1/errors/999:stream",
        "/v1/errors/403003:stream",
        "/v1/errors/abc",
        "/errors/404404",
        "/nowhere",
    ] {
        let request = reqwest::Client::new().get(format!("{}{path}", serve.http));
        let request = request.header("x-request-id", "chosen-7").header("accept", "application/json");
        let answer = Answer::from_response(request.send().await.unwrap()).await;
        assert!(answer.text().contains(r#""requestId":"chosen-7""#), "{path}: {}", answer.text());
    }
}
