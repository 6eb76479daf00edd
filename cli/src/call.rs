//! `codelibra call`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut, Bytes};
use codelibra::client::ClientLayer;
use codelibra::{Catalog, GrpcCode, StatusCodeExt};
use http::uri::PathAndQuery;
use serde::Serialize;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower_layer::Layer;

use crate::args::{Call, TextFormat};
use crate::decode::{Decoded, text};
use crate::failure::Failure;
use crate::output;

/// Details of this size still reach the reader; hyper takes 16 KiB unless it is told otherwise.
const MAX_HEADER_LIST: u32 = 1 << 20;

pub(crate) fn run(catalog: &'static Catalog, args: &Call) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::bad_input(format_args!("cannot start: {e}")))?.block_on(call(catalog, args))
}

async fn call(catalog: &'static Catalog, args: &Call) -> Result<(), Failure> {
    let path = path(&args.method)?;
    let timeout = duration(&args.timeout)?;
    let data = STANDARD.decode(args.data_base64.as_bytes()).map_err(|e| {
        Failure::bad_input(format_args!(
            "--data-base64 `{}`: {e}; expected standard base64",
            args.data_base64
        ))
    })?;
    let endpoint = endpoint(&args.url)?.http2_max_header_list_size(MAX_HEADER_LIST).connect_timeout(timeout);
    let channel = endpoint
        .connect()
        .await
        .map_err(|e| Failure::bad_input(format_args!("cannot reach {}: {}", args.url, innermost(&e))))?;

    let mut client = tonic::client::Grpc::new(ClientLayer::of(catalog).layer(channel))
        .max_decoding_message_size(usize::MAX);
    let mut request = Request::new(Bytes::from(data));
    request.set_timeout(timeout);
    let mut messages = Vec::new();
    let ended = tokio::time::timeout(timeout, async {
        client.ready().await.map_err(|e| Status::unavailable(innermost(&e)))?;
        // A unary answer is a stream of one message to this reader.
        let mut stream = client.server_streaming(request, path, BytesCodec).await?.into_inner();
        while let Some(message) = stream.message().await? {
            messages.push(STANDARD.encode(message));
        }
        Ok(())
    });
    match ended.await {
        Ok(Ok(())) => succeeded(args.format, messages),
        Ok(Err(status)) => failed(args.format, &status, catalog),
        Err(_) => failed(
            args.format,
            &Status::deadline_exceeded(format!("no answer within {}", args.timeout)),
            catalog,
        ),
    }
}

fn failed(format: TextFormat, status: &Status, catalog: &'static Catalog) -> Result<(), Failure> {
    let error = status.to_received_of(catalog);
    match format {
        TextFormat::Json => output::json(&Decoded::of(&error)),
        TextFormat::Text => output::text(&text(&error)),
    }
}

/// What a call that did not fail answered.
#[derive(Serialize)]
struct Succeeded {
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    messages_base64: Vec<String>,
}

fn succeeded(format: TextFormat, messages_base64: Vec<String>) -> Result<(), Failure> {
    let code = GrpcCode::Ok;
    match format {
        TextFormat::Json => {
            output::json(&Succeeded { grpc_code: code, grpc_status: code.name(), messages_base64 })
        }
        TextFormat::Text => {
            let mut out = String::from("the call succeeded\n");
            for message in messages_base64 {
                output::row(&mut out, "message", &message);
            }
            output::text(&out)
        }
    }
}

fn path(method: &str) -> Result<PathAndQuery, Failure> {
    let wrong =
        || Failure::bad_input(format_args!("`{method}` is no method; expected /package.Service/Method"));
    let parts: Vec<&str> = method.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        [service, name] if !service.is_empty() && !name.is_empty() => {
            PathAndQuery::try_from(format!("/{service}/{name}")).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

fn endpoint(url: &str) -> Result<Endpoint, Failure> {
    let wrong = |why: &str| {
        Failure::bad_input(format_args!("`{url}` is no URL to call: {why}; expected http://host:port"))
    };
    let uri: http::Uri = url.parse().map_err(|e| wrong(&format!("{e}")))?;
    match uri.scheme_str() {
        Some("http") => Endpoint::from_shared(url.to_owned()).map_err(|e| wrong(&innermost(&e))),
        Some("https") => Err(wrong("TLS is not built in")),
        Some(other) => Err(wrong(&format!("{other} is not HTTP"))),
        None => Err(wrong("it has no scheme")),
    }
}

/// Seconds by default: `500ms`, `2s`, `1.5s`, `1m`.
fn duration(text: &str) -> Result<Duration, Failure> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("", 1.0)];
    let parsed = units.iter().find_map(|(unit, seconds)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Duration::try_from_secs_f64(number * seconds).ok().filter(|duration| !duration.is_zero())
    });
    parsed.ok_or_else(|| {
        Failure::bad_input(format_args!(
            "--timeout `{text}` is no duration; expected such as 500ms, 2s or 1m"
        ))
    })
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Messages as they are.
#[derive(Clone, Copy)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
