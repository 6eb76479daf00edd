use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio_stream::Stream;

use crate::cursor::{Cursor, put_bytes};

/// The names of the fields that an [`Answer`] can have.
const NAMES: [&str; 16] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "codelibra-error-code",
    "content-type",
    "grpc-encoding",
    "codelibra-received",
    "codelibra-cause",
    "grpc-retry-pushback-ms",
    "retry-after",
    "set-cookie",
    "x-request-id",
    "grpc-accept-encoding",
    "content-length",
    "transfer-encoding",
    "vary",
];

const HTTP_STATUSES: [u16; 16] =
    [200, 200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503];

const HEADER: u8 = 0;
const DATA: u8 = 1;
const TRAILER: u8 = 2;
const BREAK: u8 = 3;

/// An answer of a peer or of a service, with any fields and frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) http_status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) data: Vec<Bytes>,
    pub(crate) trailers: Option<HeaderMap>,
    /// Whether the body ends with an error.
    pub(crate) breaks: bool,
}

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Frames = StreamBody<FrameStream>;
type FrameStream = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, BoxError>> + Send>>;

impl Answer {
    /// Reads any bytes as an answer: a byte that selects the HTTP status, then fields and frames. The byte before a field or a
    /// frame names its kind.
    pub(crate) fn read(data: &[u8]) -> Self {
        let mut cursor = Cursor::new(data);
        let mut answer = Self { http_status: HTTP_STATUSES[cursor.below(16)], ..Self::default() };
        while !cursor.is_empty() {
            match cursor.byte() % 4 {
                HEADER => put_field(&mut answer.headers, &mut cursor),
                TRAILER => put_field(answer.trailers.get_or_insert_default(), &mut cursor),
                DATA => answer.data.push(Bytes::copy_from_slice(cursor.bytes())),
                _ => answer.breaks = true,
            }
        }
        answer
    }

    /// Returns the bytes that [`read`](Self::read) reads as this answer, for a seed.
    pub(crate) fn write(&self) -> Vec<u8> {
        let status = HTTP_STATUSES.iter().position(|status| *status == self.http_status).unwrap_or(0);
        let mut data = vec![u8::try_from(status).unwrap_or(0)];
        write_fields(&mut data, HEADER, &self.headers);
        for frame in &self.data {
            data.push(DATA);
            put_bytes(&mut data, frame);
        }
        write_fields(&mut data, TRAILER, self.trailers.as_ref().unwrap_or(&HeaderMap::new()));
        if self.breaks {
            data.push(BREAK);
        }
        data
    }

    pub(crate) fn header(mut self, name: &'static str, value: &[u8]) -> Self {
        put(&mut self.headers, name, value);
        self
    }

    pub(crate) fn trailer(mut self, name: &'static str, value: &[u8]) -> Self {
        put(self.trailers.get_or_insert_default(), name, value);
        self
    }

    pub(crate) fn into_response(self) -> Response<Frames> {
        let data = self.data.into_iter().map(|data| Ok(Frame::data(data)));
        let end = match (self.breaks, self.trailers) {
            (true, _) => Some(Err(std::io::Error::other("cAnArY: the connection broke").into())),
            (false, trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
        };
        let frames: Vec<_> = data.chain(end).collect();
        let frames: FrameStream = Box::pin(tokio_stream::iter(frames));
        let mut response = Response::new(StreamBody::new(frames));
        *response.status_mut() = http::StatusCode::from_u16(self.http_status).unwrap();
        *response.headers_mut() = self.headers;
        response
    }

    /// Returns a service that sends this answer.
    pub(crate) fn into_service<B>(
        self,
    ) -> impl tower::Service<
        http::Request<B>,
        Response = Response<Frames>,
        Error = Infallible,
        Future = std::future::Ready<Result<Response<Frames>, Infallible>>,
    > + Clone {
        tower::service_fn(move |_| std::future::ready(Ok(self.clone().into_response())))
    }
}

fn put_field(fields: &mut HeaderMap, cursor: &mut Cursor<'_>) {
    let name = NAMES[cursor.below(NAMES.len())];
    put(fields, name, cursor.bytes());
}

/// Adds a field, unless HTTP does not allow its value.
fn put(fields: &mut HeaderMap, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        fields.append(HeaderName::from_static(name), value);
    }
}

fn write_fields(data: &mut Vec<u8>, kind: u8, fields: &HeaderMap) {
    for (name, value) in fields {
        if let Some(name) = NAMES.iter().position(|known| *known == name.as_str()) {
            data.extend([kind, u8::try_from(name).unwrap_or(0)]);
            put_bytes(data, value.as_bytes());
        }
    }
}
