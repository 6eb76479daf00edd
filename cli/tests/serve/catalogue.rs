//! The catalogue: listed, as pages, another one; health and reflection.

use codelibra::{CatalogCode, ErrorCode, StatusCodeExt};
use tonic::Code;

use crate::codes::{received, rows};
use crate::pb::{GetErrorRequest, ListErrorsRequest, RaiseErrorRequest, RaiseErrorStreamRequest};
use crate::running::{Answer, Serve};

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
async fn another_catalogue_can_be_served() {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop.proto");
    let serve = Serve::start(&["--catalog", catalog]);
    let error = serve.get("/v1/errors/409001:raise").await;
    assert_eq!(error.status, 409);
    assert_eq!(error.json()["domain"], "shop.example.com");
    assert_eq!(error.json()["name"], "SoldOut");
}

/// What `serve` cannot answer is an error of the catalogue that it serves, and not of ours.
#[tokio::test]
async fn the_errors_of_the_service_have_the_domain_of_its_catalogue() {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop.proto");
    let serve = Serve::start(&["--catalog", catalog]);
    for (method, path, code) in [
        ("GET", "/errors/999", 404_000),
        ("GET", "/errors/404404", 404_000),
        ("GET", "/errors/NoSuchName", 404_000),
        ("GET", "/errors?q=a&q=b", 400_000),
        ("POST", "/errors", 405_000),
        ("GET", "/nowhere", 404_000),
        ("GET", "/v1/errors/403003", 404_000),
        ("GET", "/v1/errors/999", 404_000),
        ("GET", "/v1/errors/abc", 400_000),
        ("GET", "/v1/errors/%FF", 400_000),
        ("GET", "/v1/errors/409001:shout", 404_000),
        ("PUT", "/v1/errors/409001", 405_000),
        ("GET", "/v1/errors?class=4xx", 400_000),
        ("GET", "/v1/errors?class=200", 400_000),
        ("GET", "/v1/errors?clas=400", 400_000),
        ("GET", "/v1/errors/999:raise", 400_000),
        ("GET", "/v1/errors/409001:raise?itme=1", 400_000),
        ("GET", "/v1/errors/409001:raise?item=1&item=2", 400_000),
        ("POST", "/v1/errors/409001:raise", 400_000),
        ("GET", "/v1/errors/409001:stream?items=x", 400_000),
        ("GET", "/v1/errors/409001:stream?items=1001", 400_000),
        ("GET", "/v1/errors/999:stream", 400_000),
    ] {
        let body = if method == "POST" && path.ends_with(":raise") { "nonsense" } else { "" };
        let request =
            reqwest::Client::new().request(method.parse().unwrap(), format!("{}{path}", serve.http));
        let request = request.header("accept", "application/json").body(body);
        let answer = Answer::from_response(request.send().await.unwrap()).await;
        assert_eq!(u32::from(answer.status), code / 1000, "{method} {path}: {}", answer.text());
        let error = answer.json();
        assert_eq!((&error["code"], &error["domain"]), (&code.into(), &"shop.example.com".into()), "{path}");
    }
    let unauthorized = serve.get("/v1/errors/401000:raise").await;
    assert_eq!(unauthorized.header("www-authenticate"), "Bearer realm=\"shop.example.com\"");

    let mut client = serve.client().await;
    let (get, list) = (GetErrorRequest { code: 999 }, ListErrorsRequest { http_status: 200 });
    let raise = |code, key: &str| RaiseErrorRequest { code, ..raise_with(key) };
    let too_many = RaiseErrorStreamRequest { code: 409_001, after_items: 1001, ..Default::default() };
    for (status, grpc) in [
        (client.get_error(get).await.unwrap_err(), Code::NotFound),
        (client.list_errors(list).await.unwrap_err(), Code::InvalidArgument),
        (client.raise_error(raise(999, "item")).await.unwrap_err(), Code::InvalidArgument),
        (client.raise_error(raise(409_001, "itme")).await.unwrap_err(), Code::InvalidArgument),
        (client.raise_error_stream(too_many).await.unwrap_err(), Code::InvalidArgument),
    ] {
        let error = received(&status);
        assert_eq!((status.code(), error.domain()), (grpc, "shop.example.com"), "{error}");
        assert!(error.number().is_some_and(|code| code % 1000 == 0), "{error}");
    }
}

fn raise_with(key: &str) -> RaiseErrorRequest {
    RaiseErrorRequest { metadata: [(key.to_owned(), "1".to_owned())].into(), ..Default::default() }
}

/// A catalogue that has the entry of an error of the service, by number and reason, uses it.
#[tokio::test]
async fn an_entry_of_the_catalogue_comes_before_its_class() {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lending.proto");
    let serve = Serve::start(&["--catalog", catalog]);
    let error = serve.get("/v1/errors/999999").await.json();
    assert_eq!((&error["code"], &error["domain"]), (&404_003.into(), &"lending.example.com".into()));
    // This NOT_FOUND has no parameters.
    assert_eq!(error["metadata"], serde_json::json!({}));
    // 400001 is another error there.
    let error = serve.get("/v1/errors/abc").await.json();
    assert_eq!((&error["code"], &error["domain"]), (&400_000.into(), &"lending.example.com".into()));
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

/// grpcurl prints a detail if reflection describes its type.
#[tokio::test]
async fn reflection_describes_every_error_info() {
    use prost::Message;
    use tonic_reflection::pb::{v1, v1alpha};

    let serve = Serve::start(&[]);
    let channel = serve.channel().await;
    macro_rules! describes {
        ($version:ident, $name:expr) => {{
            use $version::server_reflection_client::ServerReflectionClient;
            use $version::server_reflection_request::MessageRequest;
            use $version::server_reflection_response::MessageResponse;
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::FileContainingSymbol($name.into())),
            };
            let mut client = ServerReflectionClient::new(channel.clone());
            let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
            let answer = answers.into_inner().message().await.unwrap().unwrap();
            let Some(MessageResponse::FileDescriptorResponse(files)) = answer.message_response else {
                panic!("{}: {answer:?}", $name)
            };
            let mut names = files.file_descriptor_proto.iter().flat_map(|file| {
                let file = prost_types::FileDescriptorProto::decode(&**file).unwrap();
                let (package, messages) = (file.package().to_owned(), file.message_type);
                messages.into_iter().map(move |message| format!("{package}.{}", message.name()))
            });
            assert!(names.any(|name| name == $name), "{}", $name);
        }};
    }
    for name in [codelibra::ERROR_INFO, codelibra::GOOGLE_ERROR_INFO, "google.rpc.Status"] {
        describes!(v1, name);
        describes!(v1alpha, name);
    }
}
