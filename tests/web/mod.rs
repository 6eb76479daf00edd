//! A small gRPC-Web client, which reads responses itself: frames, base64, and the trailer frame.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test helper; not every test uses all of it"
)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::Status;
use tonic::body::Body;

pub const BINARY: &str = "application/grpc-web+proto";
pub const TEXT: &str = "application/grpc-web-text+proto";

/// A response as the caller received it.
#[derive(Debug)]
pub struct Received {
    pub headers: HeaderMap,
    /// The body, as it was sent.
    pub body: Bytes,
    pub messages: Vec<Vec<u8>>,
    /// The fields of the trailer frame.
    pub trailers: Option<HeaderMap>,
}

impl Received {
    /// Returns the status in the trailer frame, or in the headers if there is no trailer frame.
    pub fn status(&self) -> Option<Status> {
        Status::from_header_map(self.trailers.as_ref().unwrap_or(&self.headers))
    }

    /// Returns whether any part of the response contains a text, encoded or decoded.
    pub fn contains(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let fields = |fields: &HeaderMap| {
            fields.iter().any(|(name, value)| {
                let encoded = value.as_bytes().trim_ascii_end();
                let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(encoded);
                name.as_str().contains(text)
                    || within(value.as_bytes())
                    || within(&decoded.unwrap_or_default())
            })
        };
        let decoded = if self.is_text() { decode(&self.body) } else { self.body.to_vec() };
        within(&self.body)
            || within(&decoded)
            || fields(&self.headers)
            || self.trailers.as_ref().is_some_and(fields)
            || self.messages.iter().any(|message| within(message))
    }

    fn is_text(&self) -> bool {
        self.headers["content-type"].to_str().unwrap().starts_with("application/grpc-web-text")
    }
}

/// Decodes base64 that may be padded after any four digits.
pub fn decode(text: &[u8]) -> Vec<u8> {
    assert_eq!(
        text.len() % 4,
        0,
        "the length of base64 is a multiple of four: {}",
        String::from_utf8_lossy(text)
    );
    text.chunks(4).flat_map(|quad| STANDARD.decode(quad).unwrap()).collect()
}

pub fn encode(bytes: &[u8]) -> Bytes {
    STANDARD.encode(bytes).into()
}

/// Writes one frame.
pub fn frame(flag: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    frame
}

/// Returns a request with a string as its message.
pub fn request(path: &'static str, content_type: &str, text: &str) -> Request<Body> {
    let message = frame(0, &prost::Message::encode_to_vec(&text.to_owned()));
    let is_text = content_type.starts_with("application/grpc-web-text");
    let body = if is_text { encode(&message) } else { Bytes::from(message) };
    Request::post(http::Uri::from_static(path))
        .header("content-type", content_type)
        .header("accept", content_type)
        .header("x-grpc-web", "1")
        .body(Body::new(Full::new(body)))
        .unwrap()
}

/// Reads a response as strictly as a client does: only complete frames, one trailer frame at the end, no HTTP trailers.
pub async fn receive<B>(response: Response<B>) -> Received
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    assert!(collected.trailers().is_none(), "a gRPC-Web client cannot read {:?}", collected.trailers());
    let body = collected.to_bytes();
    if let Some(length) = parts.headers.get("content-length") {
        assert_eq!(length.to_str().unwrap(), body.len().to_string());
    }
    let mut received = Received { headers: parts.headers, body, messages: vec![], trailers: None };
    let bytes = if received.is_text() { decode(&received.body) } else { received.body.to_vec() };
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        assert!(received.trailers.is_none(), "data after the trailer frame");
        let (head, after) = rest.split_at(5);
        let len = u32::from_be_bytes(head[1..].try_into().unwrap());
        let (payload, after) = after.split_at(len.try_into().unwrap());
        rest = after;
        match head[0] {
            0 | 1 => received.messages.push(payload.to_vec()),
            0x80 => received.trailers = Some(fields(payload)),
            flag => panic!("flag {flag:x}"),
        }
    }
    received
}

/// Reads the lines of a trailer frame. A value may contain any bytes that HTTP allows.
fn fields(block: &[u8]) -> HeaderMap {
    let lines = block.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\r\n").expect("PROTOCOL-WEB.md: a line ends with CRLF");
        let colon =
            line.iter().position(|byte| *byte == b':').expect("PROTOCOL-WEB.md: a name, then a colon");
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        assert_eq!(name, name.to_ascii_lowercase(), "PROTOCOL-WEB.md: lower-case names");
        (HeaderName::from_bytes(name).unwrap(), HeaderValue::from_bytes(value).unwrap())
    });
    lines.collect()
}
