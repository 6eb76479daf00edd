use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::server::ServerLayer;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::answer::Answer;
use crate::cursor::Cursor;
use crate::mutate::Random;
use crate::oracle::{has_canary, names_itself, outcome, outcome_of, public, sent};
use crate::{Target, seeds};

#[path = "../../../tests/web/mod.rs"]
mod web;

use web::Received;

/// For any answer of a service in gRPC-Web, in any pieces, the server layer sends complete frames with one status, which is an OK
/// or a coded failure within the budget. A failure without a code is sent without its message and details; a 5xx is sent without
/// its message. The status does not depend on the lengths of the pieces.
pub const SERVER_WEB: Target = Target { name: "server_web", run, seeds };

/// The `content-type` of the request and of the answer, and the `accept` of the request.
const MEDIA_TYPES: [&str; 4] = [web::BINARY, web::TEXT, "application/grpc", "text/html"];

/// The place of the end of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// In a trailer frame, as fields.
    Frame,
    /// In a trailer frame whose block is the last data of the input.
    RawFrame,
    /// In HTTP trailers.
    HttpTrailers,
    /// In the body, whose bytes are the data of the input, if they contain an end.
    RawBody,
}

const ENDS: [End; 4] = [End::Frame, End::RawFrame, End::HttpTrailers, End::RawBody];

/// A call, with the answer of its service.
struct Call {
    request: &'static str,
    accept: Option<&'static str>,
    /// The answer, whose whole body is one piece of data.
    answer: Answer,
    /// The seed of the lengths of the pieces.
    pieces: u32,
    /// Whether the body can be decoded, if it is text. The layer reads the head of a message that arrives in one piece, and sends
    /// its payload unchanged, even if it is not base64.
    is_base64: bool,
    /// Whether no field of the answer can contain a code.
    is_nameless: bool,
}

impl Call {
    /// Reads any bytes as a call: a byte each for the request, `accept`, the `content-type` of the answer and its end, four
    /// bytes for the pieces, then the [`Answer`].
    fn read(data: &[u8]) -> Self {
        let mut cursor = Cursor::new(data);
        let request = MEDIA_TYPES[cursor.below(4)];
        let accept = MEDIA_TYPES.get(cursor.below(5)).copied();
        let content_type = MEDIA_TYPES[cursor.below(4)];
        let end = ENDS[cursor.below(4)];
        let pieces = cursor.number();
        let mut answer = Answer::read(cursor.rest());
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let is_nameless = !names_itself(&answer.headers)
            && !answer.trailers.as_ref().is_some_and(names_itself)
            && !names_a_code(&answer.data.concat());
        let body = Bytes::from(take_body(&mut answer, end));
        let is_text = content_type == web::TEXT && end != End::RawBody;
        let is_base64 = content_type != web::TEXT
            || is_text
            || body.chunks_exact(4).all(|quad| BASE64_STANDARD.decode(quad).is_ok());
        answer.data = vec![if is_text { web::encode(&body) } else { body }];
        Self { request, accept, answer, pieces, is_base64, is_nameless }
    }

    /// Returns the answer with its body in pieces.
    fn in_pieces(&self) -> Answer {
        let mut random = Random::new(self.pieces.into());
        let mut answer = self.answer.clone();
        let mut rest = answer.data.remove(0);
        while !rest.is_empty() {
            let longest = [1, 8, 64, rest.len()][random.below(4)].min(rest.len());
            answer.data.push(rest.split_to(random.below(longest + 1)));
        }
        answer
    }

    /// Sends an answer through the server layer, and reads the result.
    fn send(&self, answer: Answer) -> Received {
        let service = ServerLayer::new::<ErrorCode>().layer(answer.into_service());
        let request = Request::post("/a.B/C").header(CONTENT_TYPE, self.request).header("x-request-id", "r");
        let mut request = request.body(Empty::<Bytes>::new()).expect("a request");
        if let Some(accept) = self.accept {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
        }
        futures_executor::block_on(async {
            let response = service.oneshot(request).await.expect("no error of the service");
            let media_type = response.headers()[CONTENT_TYPE].as_bytes();
            if self.is_base64 && media_type.starts_with(b"application/grpc-web") {
                return web::receive(response).await;
            }
            let (parts, body) = response.into_parts();
            let headers = parts.headers;
            match body.collect().await {
                Ok(body) => {
                    let trailers = body.trailers().cloned();
                    Received { headers, body: body.to_bytes(), messages: vec![], trailers }
                }
                // An HTTP answer that ends too early has to end with an error.
                Err(_) if !self.request.starts_with("application/grpc") => {
                    Received { headers, body: Bytes::new(), messages: vec![], trailers: None }
                }
                Err(error) => panic!("an error of the body: {error}"),
            }
        })
    }

    fn check(&self, fields: &HeaderMap) -> u64 {
        let error = sent(fields);
        public(&error);
        assert!(
            !self.is_nameless || !has_canary(fields),
            "a failure without a code is sent with its text: {fields:?}"
        );
        outcome_of(&error)
    }
}

fn run(data: &[u8]) -> u64 {
    let call = Call::read(data);
    let [whole, pieces] = [call.answer.clone(), call.in_pieces()].map(|answer| call.send(answer));
    if !call.is_base64 {
        return outcome(pieces.headers.get("grpc-status").map(HeaderValue::as_bytes));
    }
    assert_eq!(whole.headers, pieces.headers, "the headers depend on the pieces");
    assert_eq!(whole.trailers, pieces.trailers, "the trailers depend on the pieces");
    let trailers = pieces.trailers.unwrap_or_default();
    let ended = [&pieces.headers, &trailers].map(|fields| {
        let is_failure = fields.get("grpc-status").is_some_and(|status| status != "0");
        is_failure.then(|| call.check(fields))
    });
    let has_status = |fields: &HeaderMap| fields.contains_key("grpc-status");
    if call.request.starts_with("application/grpc") {
        assert!(has_status(&pieces.headers) || has_status(&trailers), "an answer contains its status");
    }
    for internal in ["codelibra-cause", "codelibra-received"] {
        assert!(!trailers.contains_key(internal), "{internal} is sent");
    }
    outcome((ended, pieces.messages.len().min(4)))
}

/// Removes the body of an answer, and returns it with its end.
fn take_body(answer: &mut Answer, end: End) -> Vec<u8> {
    let block = match end {
        End::Frame => answer.trailers.take().map(|fields| {
            let line = |(name, value): (&HeaderName, &HeaderValue)| {
                [name.as_str().as_bytes(), b":", value.as_bytes(), b"\r\n"].concat()
            };
            fields.iter().flat_map(line).collect()
        }),
        End::RawFrame => answer.data.pop().map(Vec::from),
        End::HttpTrailers | End::RawBody => None,
    };
    let trailers = block.map(|block| web::frame(0x80, &block));
    [answer.data.concat(), trailers.unwrap_or_default()].concat()
}

/// Returns whether raw bytes may contain a field with a code.
fn names_a_code(raw: &[u8]) -> bool {
    let raw = raw.to_ascii_lowercase();
    let names = [&b"codelibra-error-code"[..], b"grpc-status-details-bin"];
    names.iter().any(|name| raw.windows(name.len()).any(|window| window == *name))
}

/// Returns the answers of the other targets, alternately in binary and as text, each with two kinds of end.
fn seeds() -> Vec<Vec<u8>> {
    let answers = seeds::answers().into_iter();
    answers
        .enumerate()
        .flat_map(|(at, answer)| {
            let encoding = u8::try_from(at % 2).unwrap_or(0);
            let ends = [End::Frame, End::HttpTrailers].into_iter();
            ends.map(move |end| {
                let end = ENDS.iter().position(|known| *known == end).unwrap_or(0);
                let head = [encoding, encoding, encoding, u8::try_from(end).unwrap_or(0), 1, 2, 3, 4];
                [&head[..], &answer].concat()
            })
        })
        .chain(raw())
        .collect()
}

/// Returns answers whose trailer block is not a list of fields, and answers whose body does not consist of frames.
fn raw() -> Vec<Vec<u8>> {
    let blocks = [
        "grpc-status:13\r\ngrpc-message:cAnArY\r\n",
        "grpc-status:13\rgrpc-message:cAnArY\r\n",
        "Grpc-Status : 13\nGRPC-MESSAGE:cAnArY\n\n",
        "grpc-status:0\r\ngrpc-message:cAnArY\r\ngrpc-status:5\r\n",
        "cAnArY",
    ];
    let bodies = ["AAAAAAA=", "AA=A", "cAnArY", "gAAAAA9ncnBjLXN0YXR1czoxMw0K"];
    let seed = |end: u8, encoding: u8, data: &str| {
        let mut answer = Answer { http_status: 200, ..Answer::default() };
        answer.data.push(Bytes::copy_from_slice(data.as_bytes()));
        [&[encoding, encoding, encoding, end, 1, 2, 3, 4][..], &answer.write()].concat()
    };
    let blocks = blocks.map(|block| [seed(1, 0, block), seed(1, 1, block)]);
    let bodies = bodies.map(|body| [seed(3, 0, body), seed(3, 1, body)]);
    blocks.into_iter().chain(bodies).flatten().collect()
}
