//! Streaming answers whose items panic: when the stream is polled or dropped, and when an item is serialized or dropped.
//! The last line is an error with a code, nothing of the payload is sent, and the panic is logged.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::support::Log;
use codelibra::http::{Reader, Responder, StreamBody, StreamEvent, StreamForm, StreamReader};
use codelibra::{ApiError, ErrorCode, Fallback, GrpcCode, ReceivedError};
use http_body_util::BodyExt;
use serde::{Serialize, Serializer};
use tokio_stream::Stream;

const CANARY: &str = "cAnArY-password=hunter2";
const FORMS: [StreamForm; 2] = [StreamForm::Ndjson, StreamForm::Sse];
const ID: &str = "r-7";

/// Where the items panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Poll,
    PollThenDrop,
    ItemSerialize,
    ItemDrop,
    DropAfterEnd,
    DropAfterError,
    CauseDropAfterError,
    Nowhere,
}

/// How an answer ends: with a code, or whole. Logged panics are counted.
const TABLE: [(Place, Option<u32>, usize); 8] = [
    (Place::Poll, Some(500_001), 1),
    // The drop is reported by the panic hook; the first panic is the one that counts.
    (Place::PollThenDrop, Some(500_001), 1),
    (Place::ItemSerialize, Some(500_001), 1),
    (Place::ItemDrop, Some(500_001), 1),
    (Place::DropAfterEnd, None, 1),
    (Place::DropAfterError, Some(403_003), 1),
    (Place::CauseDropAfterError, Some(403_003), 1),
    (Place::Nowhere, None, 0),
];

impl Place {
    fn explode_at(self, places: &[Self], payload: Payload) {
        if places.contains(&self) {
            match payload {
                Payload::Str => std::panic::panic_any(CANARY),
                Payload::String => std::panic::panic_any(String::from(CANARY)),
                Payload::Other => std::panic::panic_any([CANARY]),
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    Str,
    String,
    Other,
}

/// A number of sound items, then a panic at the place.
struct Items {
    place: Place,
    payload: Payload,
    sound: usize,
}

struct Item {
    place: Place,
    payload: Payload,
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.place.explode_at(&[Place::ItemSerialize], self.payload);
        serializer.serialize_u8(7)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.place.explode_at(&[Place::ItemDrop], self.payload);
        }
    }
}

#[derive(Debug)]
struct Cause(Place, Payload);

impl Drop for Cause {
    fn drop(&mut self) {
        self.0.explode_at(&[Place::CauseDropAfterError], self.1);
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cause")
    }
}

impl Error for Cause {}

impl Stream for Items {
    type Item = Result<Item, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { place, payload, sound } = *self;
        if sound > 0 {
            self.sound -= 1;
            return Poll::Ready(Some(Ok(Item { place: Place::Nowhere, payload })));
        }
        place.explode_at(&[Place::Poll, Place::PollThenDrop], payload);
        Poll::Ready(match place {
            Place::ItemSerialize | Place::ItemDrop => Some(Ok(Item { place, payload })),
            Place::DropAfterError | Place::CauseDropAfterError => {
                Some(Err(ErrorCode::USER_BANNED.with_cause(Cause(place, payload))))
            }
            _ => None,
        })
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        let places = [Place::PollThenDrop, Place::DropAfterEnd, Place::DropAfterError];
        self.place.explode_at(&places, self.payload);
    }
}

fn body(form: StreamForm, items: Items, responder: Responder) -> StreamBody<Items> {
    let request = http::Request::get("/").header("x-request-id", ID).body(()).unwrap();
    StreamBody::new(form, items, responder).caller(&request)
}

/// How many items a reader finds, and how they end.
fn read(form: StreamForm, body: &[u8]) -> (usize, Option<ReceivedError>) {
    let mut reader = StreamReader::new(form, Reader::new::<ErrorCode>());
    reader.push(body);
    let mut items = 0;
    loop {
        match reader.next().unwrap_or_else(|| panic!("cut: {}", String::from_utf8_lossy(body))) {
            StreamEvent::Item(_) => items += 1,
            StreamEvent::Failed(error) => return (items, Some(error)),
            StreamEvent::End => return (items, None),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn every_panic_ends_with_a_coded_line() {
    for (place, code, panics) in TABLE {
        for (form, sound) in FORMS.iter().flat_map(|form| [0, 3].map(|sound| (*form, sound))) {
            for payload in [Payload::Str, Payload::String, Payload::Other] {
                let at = format!("{place:?} {form:?} {sound} {payload:?}");
                let log = Log::start();
                let items = Items { place, payload, sound };
                let answer = body(form, items, Responder::new::<ErrorCode>()).into_response();
                let bytes = answer.into_body().collect().await.unwrap().to_bytes();
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                assert!(!text.contains(CANARY), "{at}: {text}");
                let (items, error) = read(form, &bytes);
                assert_eq!(items, sound, "{at}: {text}");
                assert_eq!(error.as_ref().and_then(ReceivedError::number), code, "{at}: {text}");
                if let Some(error) = &error {
                    assert_eq!((error.request_id(), error.notes()), (Some(ID), &[][..]), "{at}: {text}");
                    assert_eq!(error.message(), error.entry().unwrap().summary, "{at}");
                }
                let log = log.take();
                let text = if payload == Payload::Other { "the payload is not a text" } else { CANARY };
                assert_eq!(log.matches(text).count(), panics, "{at}: {log}");
                assert_eq!(log.matches(ID).count(), log.lines().count(), "{at}: {log}");
            }
        }
    }
}

#[tokio::test]
async fn the_code_is_the_one_of_the_fallback_table() {
    let responder = || {
        let fallback = Fallback::new::<ErrorCode>().with(GrpcCode::Internal, ErrorCode::USER_BANNED);
        Responder::new::<ErrorCode>().fallback(fallback)
    };
    for form in FORMS {
        let items = Items { place: Place::Poll, payload: Payload::Str, sound: 1 };
        let bytes = body(form, items, responder()).collect().await.unwrap().to_bytes();
        let (_, error) = read(form, &bytes);
        assert_eq!(error.unwrap().code(), Some(ErrorCode::USER_BANNED), "{form:?}");
    }
}

/// The caller goes away: what the drop does reaches neither it nor the connection's task.
#[tokio::test]
async fn a_body_that_is_dropped_early_does_not_panic() {
    for form in FORMS {
        for polled in [false, true] {
            let items = Items { place: Place::DropAfterEnd, payload: Payload::Str, sound: 9 };
            let mut body = body(form, items, Responder::new::<ErrorCode>());
            if polled {
                assert!(body.frame().await.unwrap().unwrap().is_data());
            }
            drop(body);
        }
    }
}

/// After its last line the body has ended, and the stream is not polled again.
#[tokio::test]
async fn nothing_follows_the_last_line() {
    use http_body::Body;
    for (place, ..) in TABLE {
        let items = Items { place, payload: Payload::Str, sound: 0 };
        let mut body = body(StreamForm::Ndjson, items, Responder::new::<ErrorCode>());
        assert!(body.frame().await.unwrap().unwrap().is_data());
        assert!(body.is_end_stream(), "{place:?}");
        assert!(body.frame().await.is_none(), "{place:?}");
    }
}
