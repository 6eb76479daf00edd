use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use codelibra::{CATALOG, ErrorCode, GrpcCode, ReceivedError, StatusCodeExt, rpc};
use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, RpcStatusExt, pb};

use crate::cursor::Cursor;
use crate::oracle::{outcome_of, read_all};
use crate::{Target, seeds};

/// A valid status is read as prost and tonic-types read it.
pub const DIFFERENTIAL: Target = Target { name: "differential", run, seeds: seeds::noise };

const OURS: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
const GOOGLE: &str = "type.googleapis.com/google.rpc.ErrorInfo";

fn run(data: &[u8]) -> u64 {
    let mut cursor = Cursor::new(data);
    let code = Code::from_i32(i32::try_from(cursor.below(16)).unwrap_or(0) + 1);
    let message = cursor.text();
    let info = error_info(&mut cursor);
    let mut details = Vec::new();
    let has_ours = cursor.below(4) != 0;
    if has_ours {
        details.push(any(OURS, &info));
    }
    for _ in 0..cursor.below(5) {
        details.push(detail(&mut cursor));
    }
    let status = pb::Status { code: code.into(), message: message.clone(), details };
    let encoded = status.encode_to_vec();

    let received = read_all(ReceivedError::from_details(encoded.clone(), &CATALOG));
    assert_eq!(received.message(), message);
    if has_ours {
        let is_code = (400_000..=599_999).contains(&info.code);
        if is_code {
            assert_eq!(received.number(), Some(info.code));
            assert_eq!(received.metadata().to_map().len(), info.metadata.len());
            for (key, value) in &info.metadata {
                assert_eq!(received.metadata().get(key), Some(value.as_str()));
            }
        }
    }
    for detail in received.details() {
        let same = |any: &&Any| any.type_url == detail.type_url() && any.value == detail.value();
        assert!(status.details.iter().any(|any| same(&any)), "{detail:?} was not sent");
    }
    let tonic = Status::with_details(code, message, encoded.into());
    let ours = tonic.to_received::<ErrorCode>();
    assert_eq!(ours.grpc_code(), GrpcCode::from(tonic.code()));
    if let Some(theirs) = only_google_info(&status) {
        same_as_google(&ours, &theirs);
    }
    same_detail::<rpc::RetryInfo, pb::RetryInfo, _>(
        (&ours, &status),
        |ours| ours.retry_delay.map(|delay| (delay.seconds, delay.nanos)),
        |theirs| theirs.retry_delay.map(|delay| (delay.seconds, delay.nanos)),
    );
    same_detail::<rpc::RequestInfo, pb::RequestInfo, _>(
        (&ours, &status),
        |ours| (ours.request_id, ours.serving_data),
        |theirs| (theirs.request_id, theirs.serving_data),
    );
    outcome_of(&received)
}

/// Reads google.rpc.ErrorInfo with tonic-types, if the status has no other ErrorInfo of either type.
fn only_google_info(status: &pb::Status) -> Option<ErrorInfo> {
    let mut infos = status.details.iter().filter(|any| any.type_url.ends_with(".ErrorInfo"));
    let is_only = infos.next().is_some_and(|any| any.type_url == GOOGLE) && infos.next().is_none();
    status.get_details_error_info().filter(|_| is_only)
}

/// Checks the rule of the contract: the key `code` gives the number; without it, the reason does, if the catalogue of the domain
/// lists it.
fn same_as_google(ours: &ReceivedError, theirs: &ErrorInfo) {
    let number = theirs.metadata.get("code").and_then(|text| text.parse::<u32>().ok());
    let number = number.filter(|number| (400_000..=599_999).contains(number));
    let is_listed =
        |entry: &&codelibra::Entry| theirs.domain == CATALOG.domain() && theirs.reason == entry.reason;
    let by_reason = || CATALOG.entries().iter().find(is_listed).map(|entry| entry.code);
    assert_eq!(ours.number(), number.or_else(by_reason), "{theirs:?}");
    assert_eq!(ours.domain(), theirs.domain);
    if !theirs.reason.is_empty() {
        assert_eq!(ours.reason(), theirs.reason);
    }
    let is_metadata = |key: &str| number.is_none() || (key != "code" && key != "shed");
    let theirs = theirs.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let theirs: BTreeMap<&str, &str> = theirs.filter(|(key, _)| is_metadata(key)).collect();
    let mut ours = ours.metadata().to_map();
    ours.retain(|key, _| is_metadata(key));
    assert_eq!(ours, theirs);
}

/// Checks that the first detail of a type is the same. `ours` and `theirs` return the values to compare.
fn same_detail<O, T, V>(
    (received, status): (&ReceivedError, &pb::Status),
    ours: impl FnOnce(O) -> V,
    theirs: impl FnOnce(T) -> V,
) where
    O: Message + Name + Default,
    T: Message + Default,
    V: PartialEq + Debug,
{
    let type_url = format!("type.googleapis.com/{}", O::full_name());
    let first = status.details.iter().find(|any| any.type_url == type_url);
    // A type URL of another host names the same type, and may come first.
    let is_other = |any: &Any| any.type_url != type_url && any.type_url.ends_with(&O::full_name());
    if status.details.iter().any(is_other) {
        return;
    }
    match (received.detail::<O>(), first.map(|any| T::decode(any.value.as_slice()))) {
        (Some(Ok(o)), Some(Ok(t))) => assert_eq!(ours(o), theirs(t)),
        (Some(Err(_)), Some(Err(_))) | (None, None) => {}
        (ours, theirs) => panic!("{}: {:?}, but {:?}", O::full_name(), ours.is_some(), theirs.is_some()),
    }
}

fn any(type_url: &str, message: &impl Message) -> Any {
    Any { type_url: type_url.to_owned(), value: message.encode_to_vec() }
}

fn error_info(cursor: &mut Cursor<'_>) -> codelibra::pb::ErrorInfo {
    let code = match cursor.below(3) {
        0 => 403_005,
        1 => 400_000 + cursor.number() % 200_000,
        _ => cursor.number(),
    };
    let domain = if cursor.below(2) == 0 { String::from("codelibra") } else { cursor.text() };
    let metadata = metadata(cursor);
    codelibra::pb::ErrorInfo { code, domain, reason: cursor.text(), metadata, ..Default::default() }
}

fn metadata<M: FromIterator<(String, String)>>(cursor: &mut Cursor<'_>) -> M {
    let map: BTreeMap<String, String> =
        (0..cursor.below(4)).map(|_| (cursor.text(), cursor.text())).collect();
    map.into_iter().collect()
}

fn google_info(cursor: &mut Cursor<'_>) -> pb::ErrorInfo {
    let domain = if cursor.below(2) == 0 { String::from("codelibra") } else { cursor.text() };
    let reason = match cursor.below(2) {
        0 => CATALOG.entries()[cursor.below(CATALOG.entries().len())].reason.to_owned(),
        _ => cursor.text(),
    };
    let mut metadata: HashMap<String, String> = metadata(cursor);
    let code = match cursor.below(4) {
        0 => Some((400_000 + cursor.number() % 200_000).to_string()),
        1 => Some(cursor.number().to_string()),
        2 => Some(cursor.text()),
        _ => None,
    };
    metadata.extend(code.map(|code| (String::from("code"), code)));
    pb::ErrorInfo { reason, domain, metadata }
}

fn detail(cursor: &mut Cursor<'_>) -> Any {
    match cursor.below(6) {
        0 => any(GOOGLE, &google_info(cursor)),
        1 => any(
            "type.googleapis.com/google.rpc.RequestInfo",
            &pb::RequestInfo { request_id: cursor.text(), serving_data: cursor.text() },
        ),
        2 => {
            let seconds = i64::from(cursor.number());
            let nanos = i32::try_from(cursor.number() % 1_000_000_000).unwrap_or(0);
            let retry_delay = Some(prost_types::Duration { seconds, nanos });
            any("type.googleapis.com/google.rpc.RetryInfo", &pb::RetryInfo { retry_delay })
        }
        3 => any(
            "type.googleapis.com/google.rpc.DebugInfo",
            &pb::DebugInfo { stack_entries: vec![cursor.text()], detail: cursor.text() },
        ),
        4 => Any { type_url: cursor.text(), value: cursor.bytes().to_vec() },
        _ => Any { type_url: "a.example/a.B".into(), value: cursor.bytes().to_vec() },
    }
}
