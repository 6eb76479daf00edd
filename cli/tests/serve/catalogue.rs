//! The catalogue: listed, as pages, another one; health and reflection.

use codelibra::{CatalogCode, ErrorCode, StatusCodeExt};

use crate::codes::rows;
use crate::pb::{GetErrorRequest, ListErrorsRequest};
use crate::running::Serve;

#[tokio::test]
async fn the_catalogue_is_listed() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    let listed = client.list_errors(ListErrorsRequest::default()).await.unwrap().into_inner().errors;
    let over_http = serve.get("/v1/errors").await.json();
    let of_class =
        client.list_errors(ListErrorsRequest { http_status: 404 }).await.unwrap().into_inner().errors;
    assert_eq!((listed.len(), of_class.len()), (39, 4));
    // As `list --class`, and as a transcoder calls it.
    for query in ["class=404", "http_status=404"] {
        let of_class_over_http = serve.get(&format!("/v1/errors?{query}")).await.json();
        assert_eq!(of_class_over_http["errors"], serde_json::to_value(&of_class).unwrap());
    }
    assert_eq!(serve.get("/v1/errors?class=418").await.json()["errors"], serde_json::json!([]));
    let wrong = client.list_errors(ListErrorsRequest { http_status: 200 }).await.unwrap_err();
    assert_eq!(wrong.error_code(), Some(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE));
    for (i, row) in rows().iter().enumerate() {
        let one =
            client.get_error(GetErrorRequest { code: row.code }).await.unwrap().into_inner().entry.unwrap();
        assert_eq!(one, listed[i]);
        assert_eq!((one.code, &one.name, &one.reason), (row.code, &row.name, &row.reason));
        assert_eq!((one.http_status, one.grpc_code), (row.http_status.into(), row.grpc_code.into()));
        let json = serve.get(&format!("/v1/errors/{}", row.code)).await.json();
        assert_eq!(json, over_http["errors"][i]);
        assert_eq!(json, serde_json::to_value(ErrorCode::catalog().by_code(row.code)).unwrap());
    }
}

#[tokio::test]
async fn the_pages_show_every_code() {
    let serve = Serve::start(&[]);
    let list = String::from_utf8(serve.get("/errors").await.body).unwrap();
    for row in rows() {
        assert!(list.contains(&format!("href=\"/errors/{}\"", row.code)), "{}", row.code);
        let page = serve.get(&format!("/errors/{}", row.code)).await;
        assert_eq!(page.status, 200);
        let page = String::from_utf8(page.body).unwrap();
        assert!(page.contains(&row.name) && page.contains("grpc-status-details-bin"), "{}", row.code);
    }
    let found = String::from_utf8(serve.get("/errors?q=passkey+reset").await.body).unwrap();
    assert!(found.contains("WrongPasskeyResetCode") && !found.contains("UserBanned"));
    assert_eq!(serve.get("/errors/403099").await.status, 200, "a page for a number that is not listed");
}

#[tokio::test]
async fn another_catalogue_can_be_served() {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop.proto");
    let serve = Serve::start(&["--catalog", catalog]);
    let error = serve.get("/v1/errors/409001:raise").await;
    assert_eq!(error.status, 409);
    assert_eq!(error.json()["domain"], "shop.example.com");
    assert_eq!(error.json()["name"], "SoldOut");
}

#[tokio::test]
async fn health_and_reflection_answer() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;
    use tonic_reflection::pb::{v1, v1alpha};

    let serve = Serve::start(&[]);
    let channel = serve.channel().await;
    const SERVICE: &str = "codelibra.catalog.v1.ErrorCatalogService";
    let request = HealthCheckRequest { service: SERVICE.into() };
    let health = HealthClient::new(channel.clone()).check(request).await.unwrap().into_inner();
    assert_eq!(health.status, i32::from(ServingStatus::Serving));

    macro_rules! lists_the_service {
        ($version:ident) => {{
            use $version::server_reflection_client::ServerReflectionClient;
            use $version::server_reflection_request::MessageRequest;
            use $version::server_reflection_response::MessageResponse;
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let mut client = ServerReflectionClient::new(channel.clone());
            let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
            let answer = answers.into_inner().message().await.unwrap().unwrap();
            let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
                panic!("{answer:?}")
            };
            assert!(list.service.iter().any(|s| s.name == SERVICE), "{list:?}");
        }};
    }
    lists_the_service!(v1);
    lists_the_service!(v1alpha);
}
