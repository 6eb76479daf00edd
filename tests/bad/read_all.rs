#![allow(dead_code, unreachable_pub, reason = "a test helper; not every test uses all of it")]

use codelibra::{ErrorCode, Note, ReceivedError, StatusCodeExt, rpc};
use prost::Message;
use tonic::Status;

/// Reads every part of a received error, checks the rules that hold for every error, and returns it.
pub(crate) fn read_all(received: ReceivedError) -> ReceivedError {
    let metadata = received.metadata();
    for key in metadata.to_map().keys().take(9) {
        assert!(metadata.get(key).is_some());
    }
    for detail in received.details() {
        let _ = (detail.type_name(), detail.value(), detail.is_intact());
    }
    let _ = received.detail::<rpc::BadRequest>();
    let _ = received.decode::<codelibra::codes::LockedOut>();
    for note in received.notes() {
        assert!(note.to_string().len() < 400, "a note is short, also if the peer sent a long text: {note}");
    }
    assert!(received.notes().len() <= 17, "notes are bounded");
    let _ = (received.to_string(), format!("{received:?}"));
    // An error that is sent on is valid, also if the received one was not.
    let forwarded = received.assume_trusted();
    assert!((400_000..=599_999).contains(&forwarded.number()));
    let strict = tonic_types::pb::Status::decode(forwarded.to_details()).unwrap();
    assert_eq!(strict.message, forwarded.message());
    let again = Status::from(&forwarded).to_received::<ErrorCode>();
    assert_eq!(again.number(), Some(forwarded.number()));
    let unsound = |note: &Note| matches!(note, Note::CorruptStatus | Note::ContradictingErrorInfo { .. });
    assert!(!again.notes().iter().any(unsound), "{:?}", again.notes());
    received
}
