use std::collections::BTreeMap;

use codelibra::{CATALOG, ErrorCode, GrpcCode, ReceivedError, StatusCodeExt, rpc};
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{StatusExt, pb};

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
    let theirs = tonic.get_error_details();
    if let Some(Ok(retry)) = ours.detail::<rpc::RetryInfo>()
        && theirs.retry_info().is_some()
    {
        assert!(
            retry.retry_delay.is_some() || theirs.retry_info().is_some_and(|info| info.retry_delay.is_none())
        );
    }
    if let (Some(Ok(ours)), Some(theirs)) = (ours.detail::<rpc::RequestInfo>(), first_request_info(&status)) {
        assert_eq!(ours.request_id, theirs.request_id);
    }
    outcome_of(&received)
}

fn first_request_info(status: &pb::Status) -> Option<pb::RequestInfo> {
    let any = status.details.iter().find(|any| any.type_url.ends_with("/google.rpc.RequestInfo"))?;
    pb::RequestInfo::decode(any.value.as_slice()).ok()
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

fn detail(cursor: &mut Cursor<'_>) -> Any {
    match cursor.below(6) {
        0 => any(
            GOOGLE,
            &pb::ErrorInfo { reason: cursor.text(), domain: cursor.text(), metadata: metadata(cursor) },
        ),
        1 => any(
            "type.googleapis.com/google.rpc.RequestInfo",
            &pb::RequestInfo { request_id: cursor.text(), serving_data: cursor.text() },
        ),
        2 => {
            let seconds = i64::from(cursor.number());
            let retry_delay = Some(prost_types::Duration { seconds, nanos: 0 });
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
