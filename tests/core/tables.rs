//! The three tables, compared with the contract for every input.

use codelibra::GrpcCode;
use codelibra::tables::{class_to_grpc, grpc_to_class, intermediary_to_grpc};

use GrpcCode::{
    Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, Internal,
    InvalidArgument, NotFound, Ok, OutOfRange, PermissionDenied, ResourceExhausted, Unauthenticated,
    Unavailable, Unimplemented, Unknown,
};

/// The classes that the contract lists. Every other class has the gRPC code of the first one of its hundred (RFC 9110 §15).
const CLASSES: [(u16, GrpcCode); 28] = [
    (400, InvalidArgument),
    (401, Unauthenticated),
    (402, FailedPrecondition),
    (403, PermissionDenied),
    (404, NotFound),
    (405, Unimplemented),
    (407, Unauthenticated),
    (408, DeadlineExceeded),
    (409, Aborted),
    (410, NotFound),
    (412, FailedPrecondition),
    (416, OutOfRange),
    (422, InvalidArgument),
    (423, FailedPrecondition),
    (424, FailedPrecondition),
    (425, Unavailable),
    (426, FailedPrecondition),
    (428, FailedPrecondition),
    (429, ResourceExhausted),
    (451, FailedPrecondition),
    (499, Cancelled),
    (500, Internal),
    (501, Unimplemented),
    (502, Unavailable),
    (503, Unavailable),
    (504, DeadlineExceeded),
    (505, Unimplemented),
    (507, ResourceExhausted),
];

#[test]
fn class_to_grpc_follows_the_contract_for_every_number() {
    for class in 0..=u16::MAX {
        let listed = CLASSES.iter().find(|(listed, _)| *listed == class).map(|(_, code)| *code);
        let expected = match (listed, class) {
            (Some(code), _) => code,
            (None, 400..=499) => InvalidArgument,
            (None, 500..=599) => Internal,
            // The number is not an error class.
            (None, _) => Unknown,
        };
        assert_eq!(class_to_grpc(class), expected, "{class}");
    }
}

#[test]
fn a_request_that_is_too_large_is_not_retried() {
    for class in [413, 414, 431] {
        assert_eq!(class_to_grpc(class), InvalidArgument, "{class}");
    }
}

#[test]
fn grpc_to_class_follows_the_contract_for_every_code() {
    let rows = [
        (Ok, 200),
        (Cancelled, 499),
        (Unknown, 500),
        (InvalidArgument, 400),
        (DeadlineExceeded, 504),
        (NotFound, 404),
        (AlreadyExists, 409),
        (PermissionDenied, 403),
        (ResourceExhausted, 429),
        (FailedPrecondition, 400),
        (Aborted, 409),
        (OutOfRange, 400),
        (Unimplemented, 501),
        (Internal, 500),
        (Unavailable, 503),
        (DataLoss, 500),
        (Unauthenticated, 401),
    ];
    // The codes are in the order of their numbers, so that none is missing.
    assert_eq!(rows.map(|(code, _)| code), GrpcCode::ALL);
    for (code, class) in rows {
        assert_eq!(grpc_to_class(code), class, "{code}");
    }
}

#[test]
fn intermediary_to_grpc_follows_grpc_for_every_number() {
    let rows = [
        (400, Internal),
        (401, Unauthenticated),
        (403, PermissionDenied),
        (404, Unimplemented),
        (429, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ];
    for status in 0..=u16::MAX {
        let listed = rows.iter().find(|(listed, _)| *listed == status);
        let expected = listed.map_or(Unknown, |(_, code)| *code);
        assert_eq!(intermediary_to_grpc(status), expected, "{status}");
    }
}

/// The use of one table as the inverse of another is a bug. The three names are meant to prevent it.
#[test]
fn no_table_is_the_inverse_of_another() {
    let lost = |class: &u16| grpc_to_class(class_to_grpc(*class)) != *class;
    let classes: Vec<u16> = CLASSES.iter().map(|(class, _)| *class).filter(lost).collect();
    assert_eq!(
        classes,
        [402, 405, 407, 408, 410, 412, 416, 422, 423, 424, 425, 426, 428, 451, 502, 505, 507]
    );

    let codes: Vec<GrpcCode> =
        GrpcCode::ALL.into_iter().filter(|code| class_to_grpc(grpc_to_class(*code)) != *code).collect();
    assert_eq!(codes, [Ok, Unknown, AlreadyExists, FailedPrecondition, OutOfRange, DataLoss]);

    let proxies: Vec<u16> =
        (400..600).filter(|status| intermediary_to_grpc(*status) != class_to_grpc(*status)).collect();
    assert!([400, 404, 429, 504, 500, 409].iter().all(|status| proxies.contains(status)), "{proxies:?}");
    let agreed: Vec<u16> = (400..600).filter(|status| !proxies.contains(status)).collect();
    assert_eq!(agreed, [401, 403, 502, 503]);
}

#[test]
fn grpc_codes_have_the_names_and_numbers_of_tonic_and_google() {
    for (code, number) in GrpcCode::ALL.into_iter().zip(0_u8..) {
        assert_eq!(code.number(), number);
        assert_eq!(GrpcCode::from_number(number.into()), Some(code));
        assert_eq!(GrpcCode::from_name(code.name()), Some(code));
        assert_eq!(GrpcCode::from_name(&code.name().to_lowercase()), Some(code));
        assert_eq!(code.to_string(), code.name());
        let tonic = tonic::Code::from_i32(number.into());
        assert_eq!(tonic::Code::from(code), tonic);
        assert_eq!(GrpcCode::from(tonic), code);
        // tonic has the same names in another case.
        assert_eq!(format!("{tonic:?}").to_uppercase(), code.name().replace('_', ""));
        assert_eq!(serde_json::to_string(&code).unwrap(), number.to_string());
    }
    assert_eq!(GrpcCode::from_name("CANCELED"), Some(Cancelled));
    for number in [-1, 17, 255, 256, 403_003, i64::MAX, i64::MIN] {
        assert_eq!(GrpcCode::from_number(number), None, "{number}");
    }
    for name in ["", "PERMISSION DENIED", "PERMISSION_DENIED ", "7"] {
        assert_eq!(GrpcCode::from_name(name), None, "{name}");
    }
}
