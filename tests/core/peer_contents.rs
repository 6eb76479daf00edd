//! The gRPC code, the message, the details and the metadata that are read from a status of a peer that does not use this crate.

use std::collections::HashMap;

use codelibra::codes::LockedOut;
use codelibra::pb::ErrorInfo as Ours;
use codelibra::{CATALOG, ErrorCode, GrpcCode, Note, ReceivedError, StatusCodeExt, rpc};
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb::{self as google, ErrorInfo as Google};

use crate::peer_status::{DENIED, GOOGLES, OURS, any, details, googles, ours, received, status};
use crate::sample_errors::help;

#[test]
fn the_header_has_priority_over_the_embedded_status() {
    let all = details(Code::NotFound, "embedded", vec![ours(403_003)]);
    let received = received(&Status::with_details(DENIED, "header", all));
    assert_eq!((received.grpc_code(), received.message()), (GrpcCode::PermissionDenied, "header"));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(
        received.notes(),
        [
            Note::GrpcCodeContradiction { header: GrpcCode::PermissionDenied, embedded: 5 },
            Note::MessageContradiction,
        ]
    );
}

#[test]
fn a_grpc_code_that_contradicts_the_code_is_noted() {
    let received = received(&status(Code::NotFound, vec![ours(403_003)]));
    assert_eq!((received.grpc_code(), received.http_status().as_u16()), (GrpcCode::NotFound, 403));
    let (expected, received_code) = (GrpcCode::PermissionDenied, GrpcCode::NotFound);
    assert_eq!(
        received.notes(),
        [Note::ClassContradiction { code: 403_003, expected, received: received_code }]
    );
}

#[test]
fn ok_with_details_is_noted() {
    let received = received(&status(Code::Ok, vec![ours(403_003)]));
    assert_eq!(received.notes(), [Note::OkWithDetails]);
    assert_eq!(received.http_status(), 403);
}

#[test]
fn details_alone_may_contain_any_number_as_grpc_code() {
    for (number, noted) in [(-1, true), (17, true), (i32::MAX, true), (i32::MIN, true), (7, false)] {
        let status = google::Status { code: number, message: "message".into(), details: vec![ours(403_003)] };
        let received = ReceivedError::from_details(status.encode_to_vec(), &CATALOG);
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(received.notes().contains(&Note::InvalidGrpcCode(number.into())), noted, "{number}");
    }
}

#[test]
fn details_without_grpc_code_and_message_are_read() {
    // Some servers send the details only, without code and message.
    let all = google::Status { details: vec![ours(403_003)], ..Default::default() }.encode_to_vec();
    let received = received(&Status::with_details(DENIED, "message", all.into()));
    assert_eq!((received.code(), received.message()), (Some(ErrorCode::USER_BANNED), "message"));
    assert_eq!(received.notes(), []);
}

#[test]
fn an_empty_header_message_is_replaced_by_the_embedded_one() {
    let all = details(DENIED, "embedded", vec![ours(403_003)]);
    let received = received(&Status::with_details(DENIED, "", all));
    assert_eq!(received.message(), "embedded");
    assert_eq!(received.notes(), [Note::MessageContradiction]);
}

#[test]
fn the_same_detail_twice_is_kept_twice() {
    let help = any("type.googleapis.com/google.rpc.Help", &help());
    let received = received(&status(DENIED, vec![ours(403_003), help.clone(), help]));
    assert_eq!(received.details().count(), 2);
    assert_eq!(received.assume_trusted().details().count(), 1);
}

#[test]
fn metadata_of_googles_error_info_alone_is_read() {
    let metadata = [("code", "403005"), ("locked_until", "2026-01-31T09:30:00Z"), ("b", "1"), ("a", "2")];
    let metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let info = Google { domain: "codelibra".into(), reason: "LOCKED_OUT".into(), metadata };
    let status = status(DENIED, vec![any(GOOGLES, &info)]);
    let received = received(&status);
    let keys: Vec<&str> = received.metadata().to_map().into_keys().collect();
    assert_eq!(keys, ["a", "b", "locked_until"]);
    assert_eq!(received.metadata().get("code"), None);
    assert!(status.decode::<LockedOut>().unwrap().locked_until.is_some());
}

#[test]
fn our_error_info_has_priority_for_metadata() {
    let pair = |value: &str| HashMap::from([("k".to_owned(), value.to_owned())]);
    let first = Ours {
        code: 403_003,
        domain: "codelibra".into(),
        reason: "USER_BANNED".into(),
        metadata: pair("ours"),
        ..Default::default()
    };
    let mut metadata = pair("google's");
    metadata.insert("code".into(), "403003".into());
    let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
    let received = received(&status(DENIED, vec![any(OURS, &first), any(GOOGLES, &second)]));
    assert_eq!(received.metadata().get("k"), Some("ours"));
    // The other value is kept in a detail, and a note reports it.
    assert_eq!(received.notes(), [Note::ContradictingErrorInfo { index: 1 }]);
    assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["k"], "google's");
}

#[test]
fn metadata_in_googles_error_info_only_is_kept_as_a_detail() {
    let info = Ours {
        code: 403_003,
        domain: "codelibra".into(),
        reason: "USER_BANNED".into(),
        ..Default::default()
    };
    let metadata = [("code", "403003"), ("trace", "4711")];
    let metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
    let received = received(&status(DENIED, vec![any(OURS, &info), any(GOOGLES, &second)]));
    assert_eq!(received.notes(), [Note::ContradictingErrorInfo { index: 1 }]);
    assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["trace"], "4711");
}

#[test]
fn a_key_code_without_a_number_is_kept_as_a_detail() {
    let all = vec![ours(403_003), googles("codelibra", "USER_BANNED", Some("ABC"))];
    let received = received(&status(DENIED, all));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["code"], "ABC");
}

#[test]
fn the_order_of_metadata_is_ignored() {
    // prost writes its hash maps in a random order, so that several attempts have several orders.
    for _ in 0..20 {
        let map = |i: u32| (0..i).map(|i| (format!("k{i}"), format!("v{i}"))).collect::<HashMap<_, _>>();
        let first = Ours {
            code: 403_003,
            domain: "codelibra".into(),
            reason: "USER_BANNED".into(),
            metadata: map(20),
            ..Default::default()
        };
        let mut metadata = map(20);
        metadata.insert("code".into(), "403003".into());
        let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
        let received = received(&status(DENIED, vec![any(OURS, &first), any(GOOGLES, &second)]));
        assert_eq!(received.notes(), []);
        assert_eq!((received.metadata().to_map().len(), received.details().count()), (20, 0));
    }
}

#[test]
fn unknown_fields_are_skipped() {
    // A later version of our message, with the fields 5, 6 and 7 of the wire types 2, 5 and 1.
    let mut info = Ours { code: 403_003, domain: "codelibra".into(), ..Default::default() }.encode_to_vec();
    info.extend([0x2a, 1, b'x', 0x35, 1, 2, 3, 4, 0x39, 1, 2, 3, 4, 5, 6, 7, 8]);
    let all = details(DENIED, "message", vec![Any { type_url: OURS.into(), value: info }]);
    let received = received(&Status::with_details(DENIED, "message", all));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.notes(), []);
}
