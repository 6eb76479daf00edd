//! The standard details, compared with tonic-types: each side reads what the other one writes.

use std::collections::{BTreeMap, HashMap};

use codelibra::{ApiError, ErrorCode, ReceivedError, StatusCodeExt, rpc};
use prost::{Message, Name};
use tonic::Status;
use tonic_types::pb as google;

use crate::sample_errors::{
    EVERY_DETAIL, bad_request, codes, debug_info, help, localized_message, order, precondition_failure,
    quota_failure, request_info, resource_info, retry_info, with_every_detail,
};

#[test]
fn every_detail_is_read_as_its_type() {
    fn read<M: Message + Name + Default + PartialEq + std::fmt::Debug>(
        received: &ReceivedError,
        expected: M,
    ) {
        assert_eq!(received.detail::<M>().unwrap().unwrap(), expected);
    }
    let error = with_every_detail(ApiError::new(ErrorCode::VALIDATION_ERROR));
    let received = Status::from(error).to_received::<ErrorCode>();
    let names: Vec<&str> = received.details().map(|detail| detail.type_name()).collect();
    assert_eq!(names, EVERY_DETAIL);
    read(&received, retry_info());
    read(&received, debug_info());
    read(&received, quota_failure());
    read(&received, precondition_failure());
    read(&received, bad_request());
    read(&received, request_info());
    read(&received, resource_info());
    read(&received, help());
    read(&received, localized_message());
    read(&received, order());
    let unknown = received.details().last().unwrap();
    assert_eq!(unknown.type_url(), "example.com/types/some.Unknown");
    assert_eq!(unknown.value(), [0xff, 0x00, 0xfe]);
    assert!(received.detail::<codelibra::pb::ErrorInfo>().is_none(), "the ErrorInfos are not details");
    assert!(received.detail::<rpc::ErrorInfo>().is_none());
}

/// Our ten types have the fields of `google/rpc/error_details.proto`: each message of one crate is read as a message of the other.
#[test]
fn the_standard_details_have_the_fields_of_tonic_types() {
    fn same<A, B>(ours: A, name: &str) -> B
    where
        A: Message + Name + Default + PartialEq + std::fmt::Debug,
        B: Message + Default,
    {
        assert_eq!(A::full_name(), name);
        let theirs = B::decode(ours.encode_to_vec().as_slice()).unwrap();
        // The length would differ if one of the types lacked a field.
        assert_eq!(theirs.encoded_len(), ours.encoded_len(), "{name}");
        assert_eq!(A::decode(theirs.encode_to_vec().as_slice()).unwrap(), ours, "{name}");
        theirs
    }
    let info = rpc::ErrorInfo {
        reason: "R".into(),
        domain: "d".into(),
        metadata: HashMap::from([("k".to_owned(), "v".to_owned())]),
    };
    let theirs: google::ErrorInfo = same(info, "google.rpc.ErrorInfo");
    assert_eq!((&*theirs.reason, &*theirs.domain, &*theirs.metadata["k"]), ("R", "d", "v"));
    let theirs: google::RetryInfo = same(retry_info(), EVERY_DETAIL[0]);
    assert_eq!(theirs.retry_delay, retry_info().retry_delay);
    let theirs: google::DebugInfo = same(debug_info(), EVERY_DETAIL[1]);
    assert_eq!((theirs.stack_entries.len(), &*theirs.detail), (2, "why"));
    let theirs: google::QuotaFailure = same(quota_failure(), EVERY_DETAIL[2]);
    assert_eq!(theirs.violations[0].subject, "clientip:192.0.2.1");
    assert_eq!(theirs.violations[0].quota_dimensions["region"], "eu");
    assert_eq!((theirs.violations[0].quota_value, theirs.violations[0].future_quota_value), (-1, Some(0)));
    let theirs: google::PreconditionFailure = same(precondition_failure(), EVERY_DETAIL[3]);
    assert_eq!(theirs.violations[0].r#type, "TOS");
    let theirs: google::BadRequest = same(bad_request(), EVERY_DETAIL[4]);
    assert_eq!(theirs.field_violations[1].field, "user.emails[1].address");
    assert_eq!(theirs.field_violations[1].localized_message.as_ref().unwrap().locale, "fr-CH");
    let theirs: google::RequestInfo = same(request_info(), EVERY_DETAIL[5]);
    assert_eq!(theirs.request_id, "4711");
    let theirs: google::ResourceInfo = same(resource_info(), EVERY_DETAIL[6]);
    assert_eq!((&*theirs.owner, &*theirs.description), ("user:1", "lent"));
    let theirs: google::Help = same(help(), EVERY_DETAIL[7]);
    assert_eq!(theirs.links[1].url, "https://example.com/403003");
    let theirs: google::LocalizedMessage = same(localized_message(), EVERY_DETAIL[8]);
    assert_eq!(theirs.message, "Réessayez à 9 h");
}

/// tonic-types, which has no code of this crate, reads the code and every detail.
#[test]
fn tonic_types_reads_an_error_of_this_crate() {
    use tonic_types::StatusExt;
    for code in codes() {
        let error = ApiError::new(code)
            .with_message("größer")
            .with_metadata("key", "value")
            .with_detail(&bad_request())
            .with_detail(&retry_info());
        let status = Status::from(error);
        let details = status.check_error_details().unwrap();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, code.reason().unwrap());
        assert_eq!(info.domain, "codelibra");
        assert_eq!(info.metadata["code"], code.as_u32().to_string());
        assert_eq!(info.metadata["key"], "value");
        assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
        assert_eq!(details.retry_info().unwrap().retry_delay.unwrap().as_secs(), 7);
    }
}

/// tonic-types writes a google.rpc.ErrorInfo with the code in its metadata.
#[test]
fn this_crate_reads_an_error_of_tonic_types() {
    use tonic_types::{ErrorDetails, StatusExt};
    for code in codes() {
        let metadata =
            [("code".to_owned(), code.as_u32().to_string()), ("key".to_owned(), "value".to_owned())];
        let mut details = ErrorDetails::with_error_info(code.reason().unwrap(), "codelibra", metadata);
        details.set_request_info("4711", "");
        let status = Status::with_error_details(code.grpc_code().into(), "message", details);
        assert_eq!(status.error_code(), Some(code));
        let received = status.to_received::<ErrorCode>();
        assert_eq!(received.notes(), []);
        assert_eq!(received.code(), Some(code));
        assert_eq!(received.metadata().to_map(), BTreeMap::from([("key", "value")]));
        assert_eq!(received.detail::<rpc::RequestInfo>().unwrap().unwrap().request_id, "4711");
        assert_eq!(received.details().count(), 1);
    }
}
