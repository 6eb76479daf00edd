//! `codelibra call` against real servers.

use std::process::Command;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::pb::error_catalog_service_server::{ErrorCatalogService, ErrorCatalogServiceServer};
use crate::pb::*;
use crate::running::Serve;

pub(crate) const RAISE: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseError";
const STREAM: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseErrorStream";
const GET: &str = "/codelibra.catalog.v1.ErrorCatalogService/GetError";
const LIST: &str = "/codelibra.catalog.v1.ErrorCatalogService/ListErrors";
/// `{code: 403003}`.
const BANNED: &str = "CLvMGA==";
/// `{code: 403003, after_items: 3}`.
const BANNED_AFTER_3: &str = "CLvMGCAD";

/// The note of an error that no server answered with.
const MADE_HERE: &str = "the API did not send this error; it was made on this side";

/// How a `codelibra call` ended, and what it printed.
pub(crate) struct Printed {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn call(arguments: &[&str]) -> Printed {
    call_with(arguments, &[])
}

/// A call by a process that has these environment variables, too.
pub(crate) fn call_with(arguments: &[&str], variables: &[(&str, &str)]) -> Printed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
    let output = command.arg("call").args(arguments).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Printed { exit: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Printed {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect(&self.stderr)
    }

    /// No answer, or no whole one: exit 2, and one line that names what there is to know.
    pub(crate) fn is_no_answer(&self, named: &[&str]) {
        assert_eq!((self.exit, self.stderr.lines().count()), (2, 1), "{}", self.stderr);
        for named in named {
            assert!(self.stderr.contains(named), "{named}: {}", self.stderr);
        }
    }
}

#[test]
fn it_prints_the_error_that_a_server_answers() {
    let serve = Serve::start(&[]);
    let url = format!("http://{}", serve.grpc);
    let json = |arguments: &[&str]| {
        let printed = call(&[arguments, &["--format", "json"]].concat());
        assert_eq!(printed.exit, 0, "{}", printed.stderr);
        printed.json()
    };
    for (method, data) in [(RAISE, BANNED), (STREAM, BANNED_AFTER_3)] {
        let error = json(&[&url, method, "--data-base64", data]);
        assert_eq!((&error["code"], &error["grpc_code"]), (&403_003.into(), &7.into()), "{error}");
        assert_eq!((&error["name"], &error["notes"]), (&"UserBanned".into(), &json!([])));
        let id = &error["details"][0];
        assert_eq!(id["type"], "google.rpc.RequestInfo");
    }
    assert_eq!(json(&[&url, "/nobody.v1.Nothing/At"])["code"], 501_000);
    let printed = call(&[&url, RAISE, "--data-base64", BANNED]);
    assert!(printed.exit == 0 && printed.stdout.starts_with("403003 UserBanned\n"), "{}", printed.stdout);

    // The gateway serves no gRPC, but its error layer answers a gRPC request in gRPC.
    let error = json(&[&serve.http, RAISE]);
    assert_eq!((&error["code"], &error["notes"]), (&404_003.into(), &json!([])), "{error}");
}

#[test]
fn it_prints_the_messages_of_an_answer() {
    let serve = Serve::start(&[]);
    let url = format!("http://{}", serve.grpc);
    let printed = call(&[&url, GET, "--data-base64", BANNED, "--format", "json"]).json();
    assert_eq!((&printed["grpc_code"], &printed["grpc_status"]), (&0.into(), &"OK".into()));
    assert_eq!(printed["messages_base64"].as_array().unwrap().len(), 1);
    let printed = call(&[&url, GET, "--data-base64", BANNED]);
    assert_eq!(printed.exit, 0);
    let lines: Vec<&str> = printed.stdout.lines().collect();
    assert!(matches!(&*lines, [message, "the call succeeded"] if message.starts_with("  message     ")));

    // {item: 1} to {item: 3}, then the error.
    let arguments = [&*url, STREAM, "--data-base64", BANNED_AFTER_3];
    let printed = call(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(printed.exit, 0);
    let error = printed.json();
    assert_eq!(error["messages_base64"], json!(["CAE=", "CAI=", "CAM="]));
    let members = |error: &Value| error.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut without = members(&call(&[&url, RAISE, "--data-base64", BANNED, "--format", "json"]).json());
    without.push("messages_base64".into());
    assert_eq!(members(&error), without, "as `decode` prints it, and the messages last");
    let printed = call(&arguments);
    let rows = "  message     CAE=\n  message     CAI=\n  message     CAM=\n403003 UserBanned\n";
    assert!(printed.exit == 0 && printed.stdout.starts_with(rows), "{}", printed.stdout);
}

#[test]
fn a_deprecated_code_is_shown_with_its_replacement() {
    let catalog = ["--catalog", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lending.proto")];
    let serve = Serve::start(&catalog);
    let url = format!("http://{}", serve.grpc);
    // `{code: 404004}`.
    let arguments = [&[&url, RAISE, "--data-base64", "CKTUGA=="], &catalog[..]].concat();
    let printed = call(&arguments);
    assert!(printed.stdout.contains("\n  deprecated  since 2.1; use NOT_FOUND\n"), "{}", printed.stdout);
    let error = call(&[&*arguments, &["--format", "json"]].concat()).json();
    assert_eq!(
        (&error["deprecated"], &error["replaced_by"]),
        (&"2.1".into(), &"NOT_FOUND".into()),
        "{error}"
    );
}

#[test]
fn what_cannot_be_called_is_said_in_one_line() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    for (arguments, named) in [
        (vec!["nowhere", RAISE], "nowhere"),
        (vec!["https://127.0.0.1:1", RAISE], "https"),
        (vec!["http://127.0.0.1:1/v1", RAISE], "path"),
        (vec!["http://127.0.0.1:99999", RAISE], "its port is not 0 to 65535"),
        (vec!["http://127.0.0.1:", RAISE], "its port is not 0 to 65535"),
        (vec!["http://", RAISE], "it has no host"),
        (vec!["localhost:1", RAISE], "expected http://localhost:1"),
        (vec![&url, "Nothing"], "Nothing"),
        (vec![&url, "a.v1.Service.Method"], "nearest: /a.v1.Service/Method"),
        (vec![&url, RAISE, "--data-base64", "%"], "%"),
        (vec![&url, RAISE, "--timeout", "soon"], "soon"),
        (vec![&url, RAISE, "--timeout", "4e11"], "4e11"),
        (vec![&url, RAISE], &free.to_string()),
    ] {
        let printed = call(&arguments);
        printed.is_no_answer(&[named]);
        assert_eq!(printed.stdout, "");
    }
}

/// A server that sends too much: a stream without an end, and a message of 17 MiB.
struct Endless;

type Items = std::pin::Pin<Box<dyn Stream<Item = Result<RaiseErrorStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ErrorCatalogService for Endless {
    async fn list_errors(
        &self,
        _: Request<ListErrorsRequest>,
    ) -> Result<Response<ListErrorsResponse>, Status> {
        let long = ErrorEntry { summary: "x".repeat(17 << 20), ..Default::default() };
        Ok(Response::new(ListErrorsResponse { errors: vec![long] }))
    }

    async fn get_error(&self, _: Request<GetErrorRequest>) -> Result<Response<GetErrorResponse>, Status> {
        Ok(Response::new(GetErrorResponse::default()))
    }

    async fn raise_error(
        &self,
        _: Request<RaiseErrorRequest>,
    ) -> Result<Response<RaiseErrorResponse>, Status> {
        Err(Status::out_of_range("the server's own"))
    }

    type RaiseErrorStreamStream = Items;

    async fn raise_error_stream(
        &self,
        _: Request<RaiseErrorStreamRequest>,
    ) -> Result<Response<Items>, Status> {
        let item = RaiseErrorStreamResponse { item: u32::MAX };
        Ok(Response::new(Box::pin(tokio_stream::iter(std::iter::repeat(Ok(item))))))
    }
}

/// Where it listens.
async fn endless() -> String {
    let incoming = tonic::transport::server::TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    let server = tonic::transport::Server::builder().add_service(ErrorCatalogServiceServer::new(Endless));
    tokio::spawn(server.serve_with_incoming(incoming));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_ended() {
    let url = endless().await;
    let printed = call(&[&url, STREAM, "--timeout", "60s", "--format", "json"]);
    printed.is_no_answer(&["16777216 bytes", "--format text"]);
    let error = printed.json();
    assert_eq!((&error["grpc_code"], &error["notes"]), (&8.into(), &json!([MADE_HERE])));
    assert_eq!(error["messages_base64"][0], "CP////8P");

    let printed = call(&[&url, STREAM, "--timeout", "2s"]);
    assert_eq!(printed.exit, 0, "{}", printed.stderr);
    let (messages, error) = printed.stdout.split_once("504000").unwrap();
    assert!(messages.lines().all(|line| line == "  message     CP////8P"));
    assert!(messages.lines().count() > 1);
    assert!(error.contains("did not end within 2s") && error.contains(MADE_HERE), "{error}");

    for format in ["text", "json"] {
        let printed = call(&[&url, LIST, "--format", format]);
        printed.is_no_answer(&["16777216 bytes"]);
        assert!(printed.stdout.contains("RESOURCE_EXHAUSTED"), "{}", printed.stdout);
        // What a server says of a range is its own.
        let printed = call(&[&url, RAISE, "--format", format]);
        assert!(printed.exit == 0 && printed.stdout.contains("the server's own"), "{}", printed.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_in_time_is_the_same_wherever_the_time_went() {
    // Connections that are not accepted, until none is taken any more: the call waits for its own.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let addr = full.local_addr().unwrap();
    let waiting: Vec<_> = (0..8).map(|_| tokio::spawn(tokio::net::TcpStream::connect(addr))).collect();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for url in [format!("http://{addr}"), format!("http://{}", silent.local_addr().unwrap())] {
        let arguments = [&*url, RAISE, "--timeout", "300ms"];
        let printed = call(&[&arguments[..], &["--format", "json"]].concat());
        assert_eq!((printed.exit, &*printed.stderr), (0, ""));
        let error = printed.json();
        assert_eq!((&error["code"], &error["grpc_code"]), (&Value::Null, &4.into()), "{error}");
        assert_eq!(error["message"], "no response within 300ms");
        assert_eq!(error["notes"], json!([MADE_HERE]));
        let printed = call(&arguments);
        assert!(printed.exit == 0 && printed.stdout.starts_with("504000 "), "{}", printed.stdout);
    }
    drop(waiting);
}

/// A server whose answers no server of tonic's would make.
async fn odd(headers: &'static [(&'static str, &'static str)], message: &'static [u8]) -> String {
    let answer = move || async move {
        let trailers = HeaderMap::from_iter([(HeaderName::from_static("grpc-status"), "7".parse().unwrap())]);
        let frames = [Frame::data(Bytes::from_static(message)), Frame::trailers(trailers)];
        let frames = tokio_stream::iter(frames.map(Ok::<_, std::convert::Infallible>));
        let mut response = http::Response::new(axum::body::Body::new(StreamBody::new(frames)));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response
    };
    let incoming = tonic::transport::server::TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    let routes = tonic::service::Routes::from(axum::Router::new().fallback(answer));
    tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_answer_is_told_from_a_good_one() {
    let url = odd(&[("grpc-status", "0")], b"\0\0\0\0\x01x").await;
    let error = call(&[&url, RAISE, "--format", "json"]).json();
    assert_eq!((&error["grpc_code"], &error["messages_base64"]), (&7.into(), &json!(["eA=="])), "{error}");

    // A compressed message of no compression: nobody sent the error of that.
    let url = odd(&[], b"\x01\0\0\0\x01x").await;
    let error = call(&[&url, RAISE, "--format", "json"]).json();
    assert_eq!(error["notes"], json!([MADE_HERE]), "{error}");

    let closes = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closes.local_addr().unwrap());
    std::thread::spawn(move || closes.incoming().take(1).for_each(drop));
    let printed = call(&[&url, RAISE, "--timeout", "60s", "--format", "json"]);
    // The connection is refused, or broken: either way there is more to say than that.
    let said = format!("{}{}", printed.stdout, printed.stderr);
    assert!(!said.contains("\"transport error\"") && said.len() > 40, "{said}");
}
