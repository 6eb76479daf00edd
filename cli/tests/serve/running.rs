//! A running `serve`, and what it answers over HTTP.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use codelibra::http::Reader;
use codelibra::{ErrorCode, ReceivedError};
use tonic::transport::Channel;

use crate::pb::error_catalog_service_client::ErrorCatalogServiceClient;

/// A running `serve` on free ports.
pub(crate) struct Serve {
    pub(crate) process: Child,
    pub(crate) http: String,
    pub(crate) grpc: String,
    stdout: BufReader<ChildStdout>,
}

impl Serve {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(Self::command(arguments))
    }

    pub(crate) fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
        command.args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]).args(arguments);
        command
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut address = |label: &str| {
            let line = stdout.by_ref().lines().map(Result::unwrap).find(|line| line.starts_with(label));
            let line = line.expect(label);
            line[label.len()..].trim().to_owned()
        };
        let http = address("HTTP gateway");
        let grpc = address("gRPC server");
        Self { process, http, grpc, stdout }
    }

    /// Stops it, and returns what it printed after its addresses.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> String {
        let kill = format!("kill -s TERM {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).unwrap();
        printed
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.grpc)).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> ErrorCatalogServiceClient<Channel> {
        ErrorCatalogServiceClient::new(self.channel().await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    /// The answer to this request itself: no redirect is followed.
    pub(crate) async fn ask(&self, method: &str, path: &str, accept: &str) -> Answer {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let url = format!("{}{path}", self.http);
        let request = client.request(method.parse().unwrap(), url).header("accept", accept);
        Answer::from_response(request.send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), format!("{}{path}", self.http))
            .body(body.to_owned());
        Answer::from_response(request.send().await.unwrap()).await
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An HTTP answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn from_response(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().into() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn error(&self) -> ReceivedError {
        Reader::new::<ErrorCode>().read_body(&self.body)
    }
}
