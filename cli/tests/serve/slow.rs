//! Clients that begin and do not go on, and a process without free file descriptors.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::http::Reader;
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use crate::codes::raise;
use crate::running::Serve;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// HEADERS without END_HEADERS.
const HALF_A_HEADER_BLOCK: &[u8] = &[0, 0, 3, 1, 1, 0, 0, 0, 1, 0x82, 0x86, 0x84];

/// Sends `sent`, and reads until the server closes the connection.
async fn until_closed(address: &str, sent: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(sent).await.unwrap();
    let mut read = Vec::new();
    // A reset is an end, too.
    let _ = connection.read_to_end(&mut read).await;
    read
}

/// Without a timeout, this test does not end.
#[tokio::test(flavor = "multi_thread")]
async fn slow_connections_are_closed() {
    let serve = Serve::start(&["--read-timeout", "1s"]);
    let http = serve.http.strip_prefix("http://").unwrap();
    let half_a_preface = &PREFACE[..20];
    let half_a_frame = [PREFACE, SETTINGS, &[0, 0]].concat();
    let half_a_header_block = [PREFACE, SETTINGS, HALF_A_HEADER_BLOCK].concat();
    let mut connections = tokio::task::JoinSet::new();
    for address in [http, &serve.grpc] {
        for sent in
            [b"".as_slice(), b"G", half_a_preface, PREFACE, &half_a_frame, &half_a_header_block].repeat(20)
        {
            let (address, sent) = (address.to_owned(), sent.to_vec());
            connections.spawn(async move { until_closed(&address, &sent).await });
        }
    }
    for sent in ["GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nhost: x\r\nx: "].repeat(20) {
        let address = http.to_owned();
        connections.spawn(async move { until_closed(&address, sent.as_bytes()).await });
    }
    connections.join_all().await;

    // What is in time is answered.
    assert_eq!(serve.get("/v1/errors/403003:raise").await.status, 403);
    serve.client().await.raise_error(raise(403_003, "")).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_is_refused_with_a_code() {
    let serve = Serve::start(&["--read-timeout", "1s"]);
    let http = serve.http.strip_prefix("http://").unwrap();
    for (path, form) in [("/v1/errors/403003:raise", "content-length: 10"), ("/v1/errors/1:raise", CHUNKED)] {
        let sent = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{form}\r\n\r\n1");
        let read = String::from_utf8(until_closed(http, sent.as_bytes()).await).unwrap();
        let (head, body) = read.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
        assert!(
            head.contains("codelibra-error-code: 408000") && head.contains("connection: close"),
            "{head}"
        );
        let error = Reader::new::<ErrorCode>().read_body(body.as_bytes());
        assert_eq!(error.number(), Some(408_000));
        assert!(error.message().contains("500 bytes a second"), "{error}");
    }

    // Over HTTP/2 only the stream ends.
    let stalled = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let request = Request::post(format!("{}/v1/errors/403003:raise", serve.http)).body(Box::pin(stalled));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let answer = client.request(request.unwrap()).await.unwrap();
    assert_eq!(answer.headers()["codelibra-error-code"], "408000");
    assert_eq!(serve.send("POST", "/v1/errors/403003:raise", "").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_message_that_stalls_is_refused_with_a_code() {
    let serve = Serve::start(&["--read-timeout", "1s"]);
    // A stream of reflection is older, and is not ended.
    let (sender, requests) = tokio::sync::mpsc::channel(1);
    let mut client = ServerReflectionClient::new(serve.channel().await);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut reflected = client.server_reflection_info(requests).await.unwrap().into_inner();

    let stalled = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let method = "/codelibra.catalog.v1.ErrorCatalogService/RaiseError";
    let request = Request::post(format!("http://{}{method}", serve.grpc))
        .header("content-type", "application/grpc")
        .body(Box::pin(stalled));
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let answer = client.request(request.unwrap()).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "4");
    assert_eq!(answer.headers()["codelibra-error-code"], "408000");

    let list = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    sender.send(list).await.unwrap();
    assert!(reflected.message().await.unwrap().is_some());
}

const CHUNKED: &str = "transfer-encoding: chunked";

/// At the limit of open files both listeners report it once and go on when there is room again.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_free_file_descriptors_recovers() {
    let template = Serve::command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 48 && exec \"$0\" \"$@\""]).arg(template.get_program());
    command.args(template.get_args()).stderr(Stdio::piped());
    let mut serve = Serve::spawn(command);
    let http = serve.http.strip_prefix("http://").unwrap().to_owned();
    let mut lines = BufReader::new(serve.process.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut taken = Vec::new();
    for address in [http, serve.grpc.clone()] {
        // The kernel completes a connection before the process accepts it.
        for _ in 0..64 {
            taken.push(TcpStream::connect(&address).await.unwrap());
        }
    }
    // In any order: the gateway may connect to the gRPC server while no file is free.
    let mut reported = [lines.next().unwrap(), lines.next().unwrap()];
    reported.sort();
    for (line, listener) in reported.iter().zip(["HTTP gateway", "gRPC server"]) {
        assert!(line.starts_with(&format!("warning: the {listener} cannot accept a connection")), "{line}");
        assert!(line.contains("ulimit -n"), "{line}");
    }
    drop(taken);
    assert_eq!(serve.get("/v1/errors/403003").await.status, 200);
    serve.client().await.raise_error(raise(403_003, "")).await.unwrap_err();
    serve.process.kill().unwrap();
    assert_eq!(lines.next(), None, "one line for each listener");
}
