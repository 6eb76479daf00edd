//! `codelibra serve`, over real sockets: every code, over gRPC and over HTTP, there and back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use codelibra::http::{DetailTypes, Form, StreamEvent, StreamForm, StreamReader, read_body, write_body};
use codelibra::{CatalogCode, ErrorCode, GrpcCode, Note, ParamKind, ReceivedError, StatusCodeExt};
use pb::error_catalog_service_client::ErrorCatalogServiceClient;
use pb::{GetErrorRequest, ListErrorsRequest, RaiseErrorRequest, RaiseErrorStreamRequest};
use tonic::Status;
use tonic::transport::Channel;

#[allow(unreachable_pub, clippy::all, clippy::as_conversions, reason = "generated")]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.catalog.v1.rs"));
}

/// A running `serve` on free ports.
struct Serve {
    process: Child,
    http: String,
    grpc: String,
}

impl Serve {
    fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_codelibra"))
            .args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut address = |label: &str| {
            let line = lines.find(|line| line.starts_with(label)).expect(label);
            line[label.len()..].trim().to_owned()
        };
        let http = address("HTTP gateway");
        let grpc = address("gRPC server");
        Self { process, http, grpc }
    }

    async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap()
    }

    async fn client(&self) -> ErrorCatalogServiceClient<Channel> {
        ErrorCatalogServiceClient::new(self.channel().await)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(reqwest::get(format!("{}{path}", self.http)).await.unwrap()).await
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An HTTP answer, read to its end.
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().into() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn error(&self) -> ReceivedError {
        read_body(&self.body, ErrorCode::catalog(), DetailTypes::standard())
    }
}

/// A row of the real catalogue.
struct Row {
    code: u32,
    name: String,
    reason: String,
    http_status: u16,
    grpc_code: u8,
}

fn rows() -> Vec<Row> {
    let csv = include_str!("../../tests/data/codes.csv");
    let rows: Vec<Row> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Row {
                code: cells[0].parse().unwrap(),
                name: cells[1].into(),
                reason: cells[2].into(),
                http_status: cells[3].parse().unwrap(),
                grpc_code: cells[4].parse().unwrap(),
            }
        })
        .collect();
    assert_eq!(rows.len(), 39);
    rows
}

/// A value for every declared parameter of a code.
fn metadata(code: u32) -> HashMap<String, String> {
    let params = ErrorCode::catalog().by_code(code).map_or(&[][..], |entry| entry.params);
    let value = |kind| match kind {
        ParamKind::Int64 => "-9223372036854775808",
        ParamKind::Timestamp => "2026-01-31T09:30:00Z",
        ParamKind::Bool => "true",
        ParamKind::Duration => "1.5s",
        _ => "a \"quoted\", ünïcode & 100% value\n",
    };
    params.iter().map(|p| (p.name.to_owned(), value(p.kind).to_owned())).collect()
}

fn raise(code: u32, message: &str) -> RaiseErrorRequest {
    RaiseErrorRequest { code, message: message.into(), metadata: metadata(code) }
}

fn raise_stream(code: u32, message: &str, after_items: u32) -> RaiseErrorStreamRequest {
    RaiseErrorStreamRequest { code, message: message.into(), metadata: metadata(code), after_items }
}

fn received(status: &Status) -> ReceivedError {
    status.to_received::<ErrorCode>()
}

fn check(row: &Row, error: &ReceivedError, message: &str) {
    let code = row.code;
    assert_eq!(error.number(), Some(code));
    assert_eq!(error.entry().unwrap().name, row.name, "{code}");
    assert_eq!(error.reason(), row.reason, "{code}");
    assert_eq!(error.domain(), "codelibra", "{code}");
    assert_eq!(error.http_status(), row.http_status, "{code}");
    assert_eq!(error.grpc_code().number(), row.grpc_code, "{code}");
    let summary = error.entry().unwrap().summary;
    assert_eq!(error.message(), if message.is_empty() { summary } else { message }, "{code}");
    let params: HashMap<String, String> =
        error.metadata().to_map().into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    assert_eq!(params, metadata(code), "{code}");
    assert_eq!(error.notes(), [], "{code}");
}

const MESSAGES: [&str; 2] = ["", "line one\nline two, 100% \"öffentlich\""];

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
                let answer = Answer::of(answer).await;
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
            let answer = Answer::of(answer).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, form.media_type()));
            let mut reader = StreamReader::new(form, ErrorCode::catalog());
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
            let body = write_body(form, &first.forward(), DetailTypes::standard());
            let read = read_body(&body, ErrorCode::catalog(), DetailTypes::standard());
            let back = received(&Status::from(read.forward()));
            same(&first, &back);
            assert_eq!(write_body(form, &back.forward(), DetailTypes::standard()), body);
        }

        let query: Vec<(String, String)> =
            metadata(code).into_iter().chain([("message".into(), "once more".into())]).collect();
        let url = format!("{}/v1/errors/{code}:raise", serve.http);
        let answer = reqwest::Client::new().get(url).query(&query).send().await.unwrap();
        let answer = Answer::of(answer).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        same(&first, &answer.error());
        let forwarded = answer.error().forward();
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
        ("/v1/errors/abc:raise", 400_001),
        ("/v1/errors/99999999999:raise", 400_001),
        ("/v1/errors/17:raise", 400_001),
        ("/v1/errors/403099", 404_003),
        ("/v1/errors/403003:shout", 404_003),
        ("/v1", 404_003),
        ("/errors/abc", 400_001),
        ("/v1/errors/%FF", 400_002),
        ("/errors?q=a&q=b", 400_002),
    ] {
        let answer = serve.get(path).await;
        assert_eq!(answer.error().number(), Some(code), "{path}");
        assert_eq!(u32::from(answer.status), code / 1000, "{path}");
    }
    let http = reqwest::Client::new();
    let url = format!("{}/v1/errors/403003:raise", serve.http);
    let answer = Answer::of(http.post(&url).body("{\"message\": 1}").send().await.unwrap()).await;
    assert_eq!((answer.status, answer.error().number()), (400, Some(400_001)));
    let answer = Answer::of(http.delete(&url).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.error().number()), (405, Some(405_000)));
}

#[tokio::test]
async fn the_catalogue_is_listed() {
    let serve = Serve::start(&[]);
    let mut client = serve.client().await;
    let listed = client.list_errors(ListErrorsRequest::default()).await.unwrap().into_inner().errors;
    let over_http = serve.get("/v1/errors").await.json();
    let of_class =
        client.list_errors(ListErrorsRequest { http_status: 404 }).await.unwrap().into_inner().errors;
    assert_eq!((listed.len(), of_class.len()), (39, 4));
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

#[test]
fn a_taken_port_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for (option, other) in [("--http", "--grpc"), ("--grpc", "--http")] {
        let output = Command::new(env!("CARGO_BIN_EXE_codelibra"))
            .args(["serve", option, &addr, other, "127.0.0.1:0"])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(&addr) && error.contains(option), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn sigterm_and_ctrl_c_end_it_well() {
    for signal in ["TERM", "INT"] {
        let mut serve = Serve::start(&[]);
        let pid = serve.process.id().to_string();
        let kill = Command::new("sh").args(["-c", &format!("kill -s {signal} {pid}")]).status().unwrap();
        assert!(kill.success());
        assert_eq!(serve.process.wait().unwrap().code(), Some(0), "SIG{signal}");
    }
}

/// `codelibra call` against the running server: what `decode` would print.
#[test]
fn call_prints_the_error_that_a_server_answers() {
    let serve = Serve::start(&[]);
    let url = format!("http://{}", serve.grpc);
    let call = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_codelibra")).arg("call").args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let json = |arguments: &[&str]| {
        let (status, stdout, stderr) = call(&[arguments, &["--format", "json"]].concat());
        assert_eq!(status, 0, "{stderr}");
        serde_json::from_str::<serde_json::Value>(&stdout).unwrap()
    };
    const RAISE: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseError";
    const STREAM: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseErrorStream";
    const GET: &str = "/codelibra.catalog.v1.ErrorCatalogService/GetError";
    // {code: 403003}, and {code: 403003, after_items: 3}.
    for (method, data) in [(RAISE, "CLvMGA=="), (STREAM, "CLvMGCAD")] {
        let error = json(&[&url, method, "--data-base64", data]);
        assert_eq!((&error["code"], &error["grpc_code"]), (&403_003.into(), &7.into()), "{error}");
        assert_eq!((&error["name"], &error["notes"]), (&"UserBanned".into(), &serde_json::json!([])));
        let id = &error["details"][0];
        assert_eq!(id["type"], "google.rpc.RequestInfo");
    }
    assert_eq!(json(&[&url, "/nobody.v1.Nothing/At"])["code"], 501_000);
    assert_eq!(json(&[&url, GET, "--data-base64", "CLvMGA=="])["grpc_code"], 0);
    let (status, stdout, _) = call(&[&url, RAISE, "--data-base64", "CLvMGA=="]);
    assert!(status == 0 && stdout.starts_with("403003 UserBanned\n"), "{stdout}");

    // The gateway is no gRPC server, but it says its code in the ASCII field all the same.
    let error = json(&[&serve.http, RAISE]);
    assert_eq!(error["code"], 404_003);
    assert!(error["notes"].to_string().contains("grpc-status did not arrive"), "{error}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (arguments, named) in [
        (vec!["nowhere", RAISE], "nowhere"),
        (vec!["https://127.0.0.1:1", RAISE], "https"),
        (vec![&url, "Nothing"], "Nothing"),
        (vec![&url, RAISE, "--data-base64", "%"], "%"),
        (vec![&url, RAISE, "--timeout", "soon"], "soon"),
        (vec![&format!("http://{free}"), RAISE], &free.to_string()),
    ] {
        let (status, stdout, stderr) = call(&arguments);
        assert_eq!((status, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{stderr}");
        assert!(stderr.contains(named), "{stderr}");
    }
}
