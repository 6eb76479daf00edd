//! Errors at the end of streams.

use codelibra::http::{Reader, StreamEvent, StreamForm, StreamReader};
use codelibra::{ErrorCode, StatusCodeExt};

use crate::codes::{check, metadata, raise_stream, received, rows};
use crate::running::{Answer, Serve};

#[tokio::test]
async fn a_stream_fails_with_its_code_after_its_items() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    for row in rows() {
        for after_items in [0, 1, 3] {
            let request = raise_stream(row.code, "", after_items);
            let mut stream = client.raise_error_stream(request).await.unwrap().into_inner();
            for item in 1..=after_items {
                assert_eq!(stream.message().await.unwrap().unwrap().item, item);
            }
            let status = stream.message().await.unwrap_err();
            check(&row, &received(&status), "");
            assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), &row.code.to_string());
        }
    }
    let status = client.raise_error_stream(raise_stream(403_003, "", 1001)).await.unwrap_err();
    assert_eq!(status.error_code(), Some(ErrorCode::LIMIT_TOO_LARGE));
}

#[tokio::test]
async fn every_code_ends_a_stream_over_http() {
    let serve = Serve::start(&[]);
    let http = reqwest::Client::new();
    for row in rows() {
        for (accept, form) in [
            ("*/*", StreamForm::Ndjson),
            ("application/x-ndjson", StreamForm::Ndjson),
            ("text/event-stream", StreamForm::Sse),
        ] {
            let url = format!("{}/v1/errors/{}:stream?items=3", serve.http, row.code);
            let query: Vec<(String, String)> = metadata(row.code).into_iter().collect();
            let answer = http.get(&url).query(&query).header("accept", accept).send().await.unwrap();
            let answer = Answer::from_response(answer).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, form.media_type()));
            let mut reader = StreamReader::new(form, Reader::new::<ErrorCode>());
            reader.push(&answer.body);
            for item in 1..=3 {
                let Some(StreamEvent::Item(json)) = reader.next() else { panic!("{:?}", answer.body) };
                assert_eq!(json, format!("{{\"item\":{item}}}"));
            }
            let Some(StreamEvent::Failed(error)) = reader.next() else { panic!("{:?}", answer.body) };
            check(&row, &error, "");
            reader.finish().unwrap();
        }
    }
    let too_many = serve.get("/v1/errors/403003:stream?items=1001").await;
    assert_eq!(too_many.error().code(), Some(ErrorCode::LIMIT_TOO_LARGE));
    let wrong = serve.get("/v1/errors/403003:stream?items=x").await;
    assert_eq!(wrong.status, 400);
}

/// The name is the one that the caller used.
#[tokio::test]
async fn too_many_items_are_refused_by_the_name_of_the_parameter() {
    let serve = Serve::start(&[]);
    for items in [1001, 99_999_999, u32::MAX] {
        let over_http = serve.get(&format!("/v1/errors/403003:stream?items={items}")).await.error();
        assert_eq!(over_http.message(), format!("items is {items}; expected at most 1000"));
        let request = raise_stream(403_003, "", items);
        let over_grpc = received(&serve.client().await.raise_error_stream(request).await.unwrap_err());
        assert_eq!(over_grpc.message(), format!("after_items is {items}; expected at most 1000"));
        for error in [over_http, over_grpc] {
            assert_eq!(error.code(), Some(ErrorCode::LIMIT_TOO_LARGE));
            assert_eq!(error.metadata().get("max_limit"), Some("1000"));
        }
    }
}
