//! `codelibra call`.

use std::error::Error;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut, Bytes};
use codelibra::client::{ClientLayer, ClientService, is_marked};
use codelibra::{Catalog, GrpcCode, ReceivedError, StatusCodeExt};
use http::uri::{Authority, PathAndQuery};
use serde::Serialize;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tower_layer::Layer;

use crate::args::{Call, TextFormat};
use crate::decode::{Decoded, text};
use crate::failure::Failure;
use crate::metadata::metadata;
use crate::output;
use crate::params::excerpt;

/// The limit of a header list. hyper's default is 16 KiB, which would cut large details.
const MAX_HEADER_LIST: u32 = 1 << 20;

/// The most bytes that are kept: of one message, or of all messages if they are printed at the end. A server may send any
/// number of messages.
const MAX_MESSAGES: usize = 16 << 20;

/// The largest value of `grpc-timeout`: eight digits of hours.
const MAX_TIMEOUT: Duration = Duration::from_secs(99_999_999 * 60 * 60);

pub(crate) fn run(catalog: &'static Catalog, args: &Call) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::bad_input(format_args!("cannot start: {e}")))?.block_on(call(catalog, args))
}

async fn call(catalog: &'static Catalog, args: &Call) -> Result<(), Failure> {
    let path = path(&args.method)?;
    let timeout = duration("--timeout", &args.timeout)?;
    let data = STANDARD.decode(args.data_base64.as_bytes()).map_err(|e| {
        let (data, e) = (excerpt(&args.data_base64), e.to_string().to_lowercase());
        let e = e.trim_end_matches('.');
        Failure::bad_input(format_args!("--data-base64 `{data}`: {e}; expected standard base64"))
    })?;
    let endpoint = endpoint(&args.url)?.http2_max_header_list_size(MAX_HEADER_LIST);
    let mut request = Request::new(Bytes::from(data));
    *request.metadata_mut() = metadata(&args.headers)?;
    request.set_timeout(timeout);

    let mut messages = Messages::new(args.format);
    let answered = tokio::time::timeout(timeout, async {
        let channel = endpoint.connect().await;
        let channel = channel
            .map_err(|e| Failure::bad_input(format_args!("cannot reach {}: {}", args.url, innermost(&e))))?;
        let client = tonic::client::Grpc::new(ClientLayer::from_catalog(catalog).layer(channel))
            .max_decoding_message_size(MAX_MESSAGES);
        receive(client, request, path, &mut messages, catalog).await
    });
    match answered.await.unwrap_or(Ok(Answer::Late))? {
        Answer::Whole => messages.succeeded(),
        Answer::Failed(error) => messages.failed(&error),
        Answer::Late => {
            let what = if messages.came { "the response did not end" } else { "no response" };
            let message = format!("{what} within {}", args.timeout);
            messages.failed(&ReceivedError::synthesized(GrpcCode::DeadlineExceeded, &message, catalog))
        }
        Answer::TooLong => {
            let text = match args.format {
                TextFormat::Json => "; --format text prints messages as they come, and keeps none",
                TextFormat::Text => " in one message",
            };
            let limit = format!("the response has more than {MAX_MESSAGES} bytes");
            messages.failed(&ReceivedError::synthesized(GrpcCode::ResourceExhausted, &limit, catalog))?;
            Err(Failure::bad_input(format_args!("{limit}{text}")))
        }
    }
}

/// The end of a response.
enum Answer {
    Whole,
    /// An error of the server, or of a connection that broke.
    Failed(ReceivedError),
    /// The deadline passed.
    Late,
    /// The response is larger than the limit.
    TooLong,
}

impl Answer {
    fn failed(status: Status, catalog: &'static Catalog) -> Self {
        let error = status.to_received_with(catalog);
        let synthesized = |message: &str| ReceivedError::synthesized(error.grpc_code(), message, catalog);
        if !is_marked(&status) {
            // tonic made it above the layer, about a message.
            return match status.code() {
                Code::OutOfRange => Self::TooLong,
                _ => Self::Failed(synthesized(status.message())),
            };
        }
        if !error.is_synthesized() {
            Self::Failed(error)
        } else if error.grpc_code() == GrpcCode::DeadlineExceeded {
            // tonic's timer fired first, or the server's: the client layer turns the reset of the server into this status.
            Self::Late
        } else {
            // The message "transport error" does not name the cause.
            let (message, why) = (status.message(), innermost(&status));
            let has_cause = status.source().is_none() || why.contains(message);
            Self::Failed(if has_cause { error } else { synthesized(&format!("{message}: {why}")) })
        }
    }
}

async fn receive(
    mut client: tonic::client::Grpc<ClientService<Channel>>,
    request: Request<Bytes>,
    path: PathAndQuery,
    messages: &mut Messages,
    catalog: &'static Catalog,
) -> Result<Answer, Failure> {
    if let Err(status) = client.ready().await {
        return Ok(Answer::failed(status, catalog));
    }
    // A unary response is read as a stream of one message.
    let mut stream = match client.server_streaming(request, path, BytesCodec).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Answer::failed(status, catalog)),
    };
    loop {
        match stream.message().await {
            Ok(Some(message)) if messages.take(&message)? => {}
            Ok(Some(_)) => return Ok(Answer::TooLong),
            Ok(None) => return Ok(Answer::Whole),
            Err(status) => return Ok(Answer::failed(status, catalog)),
        }
    }
}

/// The messages of a response: rows that are printed when they arrive, or a list that is kept until the end.
struct Messages {
    format: TextFormat,
    came: bool,
    kept: Vec<String>,
    kept_bytes: usize,
}

impl Messages {
    const fn new(format: TextFormat) -> Self {
        Self { format, came: false, kept: Vec::new(), kept_bytes: 0 }
    }

    /// Whether there is room for the message.
    fn take(&mut self, message: &[u8]) -> Result<bool, Failure> {
        let text = STANDARD.encode(message);
        if self.format == TextFormat::Text {
            let mut out = String::new();
            // An empty message counts too.
            output::row(&mut out, "message", if text.is_empty() { "(empty)" } else { &text });
            output::text(&out)?;
        } else {
            self.kept_bytes += message.len() + size_of::<String>();
            if self.kept_bytes > MAX_MESSAGES {
                return Ok(false);
            }
            self.kept.push(text);
        }
        self.came = true;
        Ok(true)
    }

    fn succeeded(self) -> Result<(), Failure> {
        let grpc_code = GrpcCode::Ok;
        match self.format {
            TextFormat::Json => output::json(&Succeeded {
                grpc_code,
                grpc_status: grpc_code.name(),
                messages_base64: self.kept,
            }),
            TextFormat::Text => output::text("the call succeeded\n"),
        }
    }

    fn failed(self, error: &ReceivedError) -> Result<(), Failure> {
        match self.format {
            TextFormat::Json => {
                output::json(&Failed { error: Decoded::new(error), messages_base64: self.kept })
            }
            TextFormat::Text => output::text(&text(error)),
        }
    }
}

/// The output for a call that did not fail.
#[derive(Serialize)]
struct Succeeded {
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    messages_base64: Vec<String>,
}

/// The output for a call that failed: the error, and the messages before it.
#[derive(Serialize)]
struct Failed<'a> {
    #[serde(flatten)]
    error: Decoded<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages_base64: Vec<String>,
}

fn path(method: &str) -> Result<PathAndQuery, Failure> {
    let wrong = || {
        // The spelling of grpcurl, and of the full name of a method.
        let slashed = match method.rsplit_once('.').filter(|_| !method.contains('/')) {
            Some((service, name)) if service.contains('.') => format!("; nearest: /{service}/{name}"),
            _ => String::new(),
        };
        let method = excerpt(method);
        Failure::bad_input(format_args!(
            "`{method}` is not a method; expected /package.Service/Method{slashed}"
        ))
    };
    let parts: Vec<&str> = method.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        [service, name] if !service.is_empty() && !name.is_empty() => {
            PathAndQuery::try_from(format!("/{service}/{name}")).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

fn endpoint(url: &str) -> Result<Endpoint, Failure> {
    let expected = if url.contains("://") || url.is_empty() { "host:port" } else { url };
    let wrong = |why: &str| {
        let (url, expected) = (excerpt(url), excerpt(expected));
        Failure::bad_input(format_args!("`{url}` is no URL to call: {why}; expected http://{expected}"))
    };
    if url.ends_with("://") {
        return Err(wrong("it has no host"));
    }
    let uri: http::Uri = url.parse().map_err(|e| wrong(&format!("{e}")))?;
    // `http` ignores a port that is no u16, and a call would go to port 80.
    let has_port = |authority: &Authority| {
        let host_and_port = authority.as_str().rsplit('@').next();
        host_and_port.is_some_and(|text| text.len() > authority.host().len())
    };
    if uri.authority().is_some_and(has_port) && uri.port_u16().is_none() {
        return Err(wrong("its port is not 0 to 65535"));
    }
    if uri.path_and_query().is_some_and(|path| path != "/") {
        return Err(wrong("it has a path, which METHOD is"));
    }
    match uri.scheme_str() {
        Some("http") => Endpoint::from_shared(url.to_owned()).map_err(|e| wrong(&innermost(&e))),
        Some("https") => Err(wrong("TLS is not built in")),
        Some(other) => Err(wrong(&format!("{other} is not HTTP"))),
        None => Err(wrong("it has no scheme")),
    }
}

/// A number and its unit; seconds without one.
pub(crate) fn duration(option: &str, text: &str) -> Result<Duration, Failure> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    let wrong = |why: &str| Failure::bad_input(format_args!("{option} `{}` {why}", excerpt(text)));
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        let number: f64 = text.trim().strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(number * seconds)
    });
    let seconds = seconds.filter(|seconds| !seconds.is_nan()).ok_or_else(|| {
        wrong(
            "is not a duration; expected a number with ms, s, m or h, such as 500ms; a number alone is seconds",
        )
    })?;
    if seconds <= 0.0 {
        return Err(wrong("is not a time to wait; expected more than 0"));
    }
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= MAX_TIMEOUT);
    let duration = duration.ok_or_else(|| wrong("is too long; expected at most 99999999h"))?;
    if duration.is_zero() { Err(wrong("is less than a nanosecond; expected more")) } else { Ok(duration) }
}

fn innermost(error: &dyn Error) -> String {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn a_timeout_has_a_unit_or_is_seconds() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("5s", 5_000),
            ("1.5s", 1_500),
            ("5", 5_000),
            ("0.25", 250),
            ("2m", 120_000),
            ("1h", 3_600_000),
            (" 5 s ", 5_000),
        ] {
            assert_eq!(duration("--timeout", text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
        for (text, named) in [
            ("soon", "expected a number"),
            ("", "expected a number"),
            ("s", "expected a number"),
            ("5 apples", "expected a number"),
            ("5d", "ms, s, m or h"),
            ("nan", "expected a number"),
            ("0", "more than 0"),
            ("0ms", "more than 0"),
            ("-5s", "more than 0"),
            ("1e-12", "less than a nanosecond"),
            ("inf", "99999999h"),
            ("1e300h", "99999999h"),
            ("4e11", "99999999h"),
        ] {
            let failure = format!("{:?}", duration("--timeout", text).unwrap_err());
            assert!(failure.contains(named) && failure.contains(&format!("`{text}`")), "{text}: {failure}");
        }
    }
}
