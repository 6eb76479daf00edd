//! Any bytes are read without a panic, and any error is received unchanged.

use std::collections::BTreeMap;

use codelibra::{ApiError, CATALOG, ErrorCode, ReceivedError, StatusCodeExt, rpc};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::pb as google;

fn any_code() -> impl Strategy<Value = ErrorCode> {
    let listed = (0..CATALOG.entries().len()).prop_map(|i| CATALOG.entries().get(i).unwrap().code);
    prop_oneof![listed, 400_000..=599_999_u32].prop_map(|number| ErrorCode::from_u32(number).unwrap())
}

fn any_type_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("type.googleapis.com/google.rpc.BadRequest".to_owned()),
        Just("google.rpc.Help".to_owned()),
        "[a-z]{0,8}/[a-zA-Z.]{0,8}",
        any::<String>(),
    ]
}

/// An error of a service, with any texts and any details.
fn any_error() -> impl Strategy<Value = ApiError> {
    let message = proptest::option::of(any::<String>());
    let metadata = btree_map(any::<String>(), any::<String>(), 0..12);
    let details = vec((any_type_name(), vec(any::<u8>(), 0..40)), 0..6);
    (any_code(), message, metadata, details).prop_map(|(code, message, metadata, details)| {
        let mut error = ApiError::new(code);
        if let Some(message) = message {
            error = error.with_message(message);
        }
        for (key, value) in metadata {
            error = error.with_metadata(key, value);
        }
        for (type_url, value) in details {
            error = error.with_raw_detail(&type_url, &value);
        }
        error
    })
}

/// Protobuf messages that are similar to a status: fields with its numbers, of any wire type, nested.
fn nearly_a_status() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        vec(any::<u8>(), 0..20),
        Just(b"type.googleapis.com/codelibra.error.v1.ErrorInfo".to_vec()),
        Just(b"type.googleapis.com/google.rpc.ErrorInfo".to_vec()),
        Just(b"codelibra".to_vec()),
        Just(b"USER_BANNED".to_vec()),
        Just(b"code".to_vec()),
        any_code().prop_map(|code| code.as_u32().to_string().into_bytes()),
        any_code().prop_map(|code| {
            let mut field = vec![0x08];
            prost::encoding::encode_varint(code.as_u32().into(), &mut field);
            field
        }),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        vec((1..6_u8, prop_oneof![9 => Just(2_u8), 1 => 0..8_u8], inner), 0..6).prop_map(|fields| {
            let mut bytes = Vec::new();
            for (number, wire, value) in fields {
                bytes.push(number << 3 | wire);
                if wire == 2 {
                    prost::encoding::encode_varint(value.len().try_into().unwrap(), &mut bytes);
                }
                bytes.extend(value);
            }
            bytes
        })
    })
}

/// Reads everything, and checks what is true of every received error.
fn check(status: &Status) -> Result<(), TestCaseError> {
    let received = status.to_received::<ErrorCode>();
    prop_assert_eq!(status.error_code::<ErrorCode>(), received.code());
    prop_assert_eq!(
        status.decode::<codelibra::codes::LockedOut>(),
        received.decode::<codelibra::codes::LockedOut>()
    );
    prop_assert!(received.http_status().as_u16() >= 200);
    prop_assert!(received.notes().len() <= 17);
    let metadata = received.metadata();
    for (key, value) in metadata.to_map() {
        prop_assert_eq!(metadata.get(key), Some(value));
    }
    for detail in received.details() {
        let _ = (detail.type_url(), detail.value(), detail.is_intact());
    }
    let _ = received.detail::<rpc::BadRequest>();
    let _ = format!("{received} {received:?} {:?}", received.notes());

    // A forwarded error is the same error, and is valid.
    let forwarded = received.assume_trusted();
    prop_assert_eq!(forwarded.number(), received.number_or_class());
    prop_assert_eq!(forwarded.message(), received.message());
    let again = Status::from(&forwarded);
    let embedded = google::Status::decode(again.details()).unwrap();
    prop_assert_eq!((embedded.code, embedded.message.as_str()), (i32::from(again.code()), again.message()));
    let again = again.to_received::<ErrorCode>();
    prop_assert_eq!(again.metadata().to_map(), received.metadata().to_map());
    if received.number().is_some() {
        prop_assert_eq!(again.code::<ErrorCode>(), received.code());
        prop_assert_eq!(
            again.domain().is_empty(),
            received.domain().is_empty() && forwarded.domain().is_empty()
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn any_bytes_are_read(
        code in 0..20_i32,
        message: String,
        details in prop_oneof![vec(any::<u8>(), 0..200), nearly_a_status()],
        field in proptest::option::of(vec(0x20..0x7f_u8, 0..8)),
    ) {
        let mut status = Status::with_details(Code::from_i32(code), message, details.into());
        if let Some(field) = field {
            let field = std::str::from_utf8(&field).unwrap();
            status.metadata_mut().insert("codelibra-error-code", field.parse().unwrap());
        }
        check(&status)?;
    }

    #[test]
    fn any_header_is_read(header in vec(any::<u8>(), 0..200)) {
        let received = ReceivedError::from_details_header(&header, &CATALOG);
        let _ = (format!("{received:?}"), received.assume_trusted().to_details());
    }

    #[test]
    fn any_base64_is_read(text in "[A-Za-z0-9+/_=, -]{0,200}") {
        let received = ReceivedError::from_details_header(text.as_bytes(), &CATALOG);
        let _ = (format!("{received:?}"), received.assume_trusted().to_details());
    }

    #[test]
    fn any_error_is_received_unchanged(error in any_error()) {
        let status = Status::from(&error);
        prop_assert_eq!(i32::from(status.code()), i32::from(error.grpc_code().number()));
        prop_assert_eq!(status.message(), error.message());

        // Read it with tonic-types.
        let embedded = google::Status::decode(status.details()).unwrap();
        prop_assert_eq!(embedded.code, i32::from(status.code()));
        prop_assert_eq!(embedded.message.as_str(), error.message());
        prop_assert_eq!(embedded.details.len(), 2 + error.details().count());
        let info = codelibra::pb::ErrorInfo::decode(embedded.details.first().unwrap().value.as_slice()).unwrap();
        prop_assert_eq!((info.code, info.domain.as_str()), (error.number(), error.domain()));
        let metadata = error.metadata().to_map();
        let read: BTreeMap<&str, &str> = info.metadata.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        prop_assert_eq!(&read, &metadata);

        // Read it with this crate.
        let received = status.to_received::<ErrorCode>();
        prop_assert_eq!(received.code::<ErrorCode>(), error.code());
        prop_assert_eq!(status.error_code::<ErrorCode>(), error.code());
        prop_assert_eq!((received.domain(), received.reason()), (error.domain(), error.reason()));
        prop_assert_eq!((received.message(), received.grpc_code()), (error.message(), error.grpc_code()));
        prop_assert_eq!(received.metadata().to_map(), metadata);
        prop_assert!(received.details().eq(error.details()));
        prop_assert_eq!(received.assume_trusted().to_details(), error.to_details());
        let header = ReceivedError::from_details_header(error.to_details_header().as_bytes(), &CATALOG);
        prop_assert_eq!(header.assume_trusted().to_details(), error.to_details());
        check(&status)?;
    }

    #[test]
    fn a_damaged_error_is_read(error in any_error(), damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut details = error.to_details().to_vec();
        for (at, byte) in damage {
            *at.get_mut(&mut details) = byte;
        }
        check(&Status::with_details(error.grpc_code().into(), error.message(), details.into()))?;
    }

    #[test]
    fn any_param_text_is_read(text in prop_oneof![any::<String>(), "[-+]?[0-9]{0,22}[.]?[0-9]{0,12}s?", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"]) {
        for kind in codelibra::ParamKind::ALL {
            let _ = kind.accepts(&text);
        }
    }

    #[test]
    fn any_time_is_written_and_read(seconds: i64, nanos: i32, near in -4_000_000_000..4_000_000_000_i64) {
        use codelibra::params::{Duration, ParamValue, Timestamp};
        for seconds in [seconds, near] {
            let text = Timestamp { seconds, nanos }.to_text();
            let time = Timestamp::from_text(&text);
            prop_assert_eq!(time.map(|time| time.to_text()), Some(text));
            let text = Duration { seconds, nanos }.to_text();
            let duration = Duration::from_text(&text);
            prop_assert_eq!(duration.map(|duration| duration.to_text()), Some(text));
        }
        let nanos = nanos.rem_euclid(1_000_000_000);
        let time = Timestamp { seconds: near, nanos };
        prop_assert_eq!(Timestamp::from_text(&time.to_text()), Some(time));
        let nanos = if near < 0 { -nanos } else { nanos };
        let duration = Duration { seconds: near, nanos };
        prop_assert_eq!(Duration::from_text(&duration.to_text()), Some(duration));
    }
}
