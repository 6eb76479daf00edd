use std::error::Error;
use std::time::Duration;

use codelibra::rpc::{DebugInfo, Help, help::Link};
use codelibra::{ErrorCode, StatusCodeExt};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming, TimeoutExpired};
use tonic_prost::ProstCodec;

use crate::support::{End, Kind, Script};

/// A text that must not be sent.
const CANARY: &str = "cAnArY-7f3e /srv/db-3.internal";

/// A fault of a handler.
pub(crate) struct Misdeed {
    pub(crate) name: &'static str,
    pub(crate) script: fn() -> Script,
    pub(crate) reader: Reader,
    /// The deadline that the caller sends.
    pub(crate) timeout: Option<Duration>,
}

/// How the caller reads the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    All,
    /// The caller drops the call while it runs.
    Cancels,
    /// The caller opens a stream and does not read it for a time.
    Stalls,
}

impl Misdeed {
    const fn new(name: &'static str, script: fn() -> Script) -> Self {
        Self { name, script, reader: Reader::All, timeout: None }
    }

    const fn late(self) -> Self {
        Self { timeout: Some(Duration::from_millis(20)), ..self }
    }

    const fn reader(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }

    pub(crate) fn request(&self) -> Request<String> {
        let mut request = Request::new(self.name.to_owned());
        if let Some(timeout) = self.timeout {
            request.set_timeout(timeout);
        }
        request
    }
}

pub(crate) static MISDEEDS: [Misdeed; 13] = [
    Misdeed::new("a panic", || ends(End::Panic(CANARY.into()))),
    Misdeed::new("a panic in a stream", || ends(End::Panic(CANARY.into())).after(3)),
    Misdeed::new("a panic in a drop", || ends(End::PanicInDrop(CANARY.into()))).late(),
    Misdeed::new("a panic in the drop of a stream", || ends(End::PanicInDrop(CANARY.into())).after(2)).late(),
    Misdeed::new("no end", || ends(End::Never)).late(),
    Misdeed::new("details of 100 kB", || {
        let link = Link { url: "https://docs.example.com/".repeat(4000), ..Default::default() };
        Script::fail(ErrorCode::USER_BANNED.with_detail(&Help { links: vec![link] })).after(1)
    }),
    Misdeed::new("a private message", || {
        Script::fail(ErrorCode::UNEXPECTED_ERROR.with_message(CANARY)).after(1)
    }),
    Misdeed::new("DebugInfo and a cause", || {
        let debug = DebugInfo { detail: CANARY.into(), ..Default::default() };
        let cause = std::io::Error::other(CANARY);
        Script::fail(ErrorCode::NOT_FOUND.with_detail(&debug).with_cause(cause)).after(2)
    }),
    Misdeed::new("a status without a code", || Script::fail(Status::not_found(CANARY))),
    Misdeed::new("an io::Error", || Script::fail(std::io::Error::other(CANARY)).after(4)),
    Misdeed::new("forged fields", || Script::fail(forged()).after(1)),
    Misdeed::new("a call that is cancelled", || ends(End::Never).after(3)).reader(Reader::Cancels),
    Misdeed::new("a stream that is not read", || Script::fail(ErrorCode::USER_BANNED).after(50_000))
        .reader(Reader::Stalls),
];

fn ends(end: End) -> Script {
    Script { items: 0, at_once: false, end }
}

/// Returns a status that contains fields of the layers, of gRPC and of HTTP.
fn forged() -> Status {
    let mut status = Status::from(ErrorCode::USER_BANNED);
    let long = "9".repeat(6000);
    let fields = [
        ("codelibra-cause", "18446744073709551615"),
        ("codelibra-error-code", "999999"),
        ("grpc-retry-pushback-ms", &long),
        ("grpc-encoding", CANARY),
        ("set-cookie", CANARY),
        ("authorization", CANARY),
    ];
    for (name, value) in fields {
        status.metadata_mut().append(name, value.parse().expect("ASCII"));
    }
    status
}

/// Opens a stream without reading it.
pub(crate) async fn open(channel: Channel, request: Request<String>) -> Result<Streaming<String>, Status> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static(Kind::ServerStream.path());
    let codec = ProstCodec::<String, String>::default();
    grpc.server_streaming(request, path, codec).await.map(tonic::Response::into_inner)
}

/// Returns whether a status that a caller received contains the canary.
pub(crate) fn has_canary(status: &Status) -> bool {
    let is_match = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("cAnArY");
    let fields = status.metadata().clone().into_headers();
    is_match(status.message().as_bytes())
        || is_match(status.details())
        || fields.values().any(|value| is_match(value.as_bytes()))
}

/// Returns whether both places contain the code.
pub(crate) fn is_coded(status: &Status) -> bool {
    let error = status.to_received::<ErrorCode>();
    let number = error.number().map(|number| number.to_string());
    let field = status.metadata().get("codelibra-error-code").and_then(|field| field.to_str().ok());
    number.is_some() && number.as_deref() == field && error.request_id().is_some()
}

/// Returns whether the client's own timer created the status. No other status has the error of that timer as a source.
pub(crate) fn is_of_client_timer(status: &Status) -> bool {
    let mut next = status.source();
    while let Some(error) = next {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_received_status_is_not_from_the_client_timer() {
        assert!(is_of_client_timer(&Status::from_error(TimeoutExpired(()).into())));
        for received in [Status::cancelled("Timeout expired"), Status::deadline_exceeded("")] {
            assert!(!is_of_client_timer(&received), "{received:?}");
        }
    }
}
