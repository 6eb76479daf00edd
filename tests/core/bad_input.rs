//! Input that no correct peer sends. It never causes a panic, the faults are noted, and the intact parts are read.

use codelibra::{ApiError, CATALOG, ErrorCode, Note, ReceivedError, StatusCodeExt, rpc};
use tonic::{Code, Status};

use crate::bad;
use crate::bad::{any, base64, detail, full_status, ours, varint};
use crate::read_all::read_all;

/// Reads a status from tonic, as details alone, and as a header. Checks that the fast reader of the code agrees.
fn read(status: &[u8]) -> ReceivedError {
    let tonic = Status::with_details(Code::PermissionDenied, "said", status.to_vec().into());
    let received = read_all(tonic.to_received::<ErrorCode>());
    assert_eq!(tonic.error_code::<ErrorCode>(), received.code());
    let alone = read_all(ReceivedError::from_details(status.to_vec(), &CATALOG));
    assert_eq!(alone.number(), received.number());
    let header = read_all(ReceivedError::from_details_header(base64(status).as_bytes(), &CATALOG));
    assert_eq!(header.number(), received.number());
    assert_eq!(header.notes(), alone.notes());
    received
}

#[test]
fn every_bad_status_is_read_and_noted() {
    let statuses = bad::statuses();
    // The details are read alone, because without a gRPC header an empty status is noted too.
    let silent = statuses.iter().filter(|(_, status)| {
        read(status);
        ReceivedError::from_details(status.clone(), &CATALOG).notes().is_empty()
    });
    let silent: Vec<&str> = silent.map(|(name, _)| *name).collect();
    assert_eq!(silent, bad::IN_ORDER);
}

#[test]
fn every_bad_header_is_read_and_noted() {
    for (name, header) in bad::headers() {
        let received = read_all(ReceivedError::from_details_header(&header, &CATALOG));
        if bad::BASE64.contains(&name) {
            assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{name}");
            assert_eq!(received.notes(), [], "{name}");
        } else {
            assert!(!received.notes().is_empty(), "{name}");
        }
    }
}

/// Each of these statuses has our ErrorInfo before or after the fault.
#[test]
fn the_code_is_read_before_and_after_a_fault() {
    for (name, status) in bad::statuses() {
        if name.ends_with("before the code") || name.ends_with("after the code") {
            assert_eq!(read(&status).code(), Some(ErrorCode::USER_BANNED), "{name}");
        }
    }
}

#[test]
fn the_details_after_a_corrupt_one_are_read() {
    let help = "type.googleapis.com/google.rpc.Help";
    let request_info = ("type.googleapis.com/google.rpc.RequestInfo", &b"\x0a\x044711"[..]);
    let corrupt: [(&str, Vec<u8>); 6] = [
        ("a value that is cut", any(help, &[0x0a, 0x7f, b'x'])),
        ("a value of no fields", any(help, &[0xff; 20])),
        ("a type URL that is not UTF-8", [&[0x0a, 2, 0xff, 0xfe][..], &[0x12, 1, b'x']].concat()),
        ("an Any that is cut", any(help, b"\x0a\x00")[..30].to_vec()),
        ("an Any of no fields", vec![0xff; 20]),
        ("a group without its end", any(help, &[0x0b; 50])),
    ];
    for (name, corrupt) in corrupt {
        let status = [detail(&corrupt), ours(403_003), detail(&any(request_info.0, request_info.1))].concat();
        let received = read(&status);
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{name}");
        assert_eq!(received.detail::<rpc::RequestInfo>().unwrap().unwrap().request_id, "4711", "{name}");
        assert_eq!(received.details().count(), 2, "{name}: the corrupt one is kept");
        assert!(!received.details().next().unwrap().is_intact(), "{name}");
        assert!(
            matches!(received.notes(), [Note::CorruptDetail { index: 0, .. }]),
            "{name}: {:?}",
            received.notes()
        );
    }
}

#[test]
fn a_corrupt_detail_is_an_error_of_its_type() {
    let help = any("type.googleapis.com/google.rpc.Help", &[0x0a, 0x7f, b'x']);
    let received = read(&[ours(403_003), detail(&help)].concat());
    assert!(received.detail::<rpc::Help>().unwrap().is_err());
    let named = Note::CorruptDetail { index: 1, type_name: "google.rpc.Help".into() };
    assert_eq!(received.notes(), [named]);
}

/// The ErrorInfo is cut in its value, in its domain, in its metadata. The number is before the cut.
#[test]
fn the_part_before_a_cut_is_read() {
    let whole = full_status();
    let digits = whole.windows(4).position(|window| window == b"\x08\xbd\xcc\x18").unwrap() + 4;
    for end in digits..bad::end_of_our_info() {
        let received = read(&whole[..end]);
        assert_eq!(received.number(), Some(403_005), "at {end}");
        let cut = |note: &Note| matches!(note, Note::CorruptDetail { index: 0, type_name } if type_name.ends_with(".ErrorInfo"));
        assert!(received.notes().iter().any(cut), "at {end}: {:?}", received.notes());
    }
    // The rest of an unknown detail is read too.
    let received = read(&[ours(403_003), b"\x1a\x7f\x0a\x03x/y\x12\x7fabc".to_vec()].concat());
    let detail = received.details().next().unwrap();
    assert_eq!((detail.type_name(), detail.value(), detail.is_intact()), ("y", &b"abc"[..], false));
}

#[test]
fn the_other_metadata_is_read_if_one_value_is_not_utf8() {
    let info = [
        &b"\x08\xbb\xcc\x18"[..],
        b"\x12\x09codelibra",
        b"\x22\x07\x0a\x02\xff\xfe\x12\x01x",
        b"\x22\x07\x0a\x01k\x12\x02\xff\xfe",
        b"\x22\x06\x0a\x01a\x12\x01b",
        b"\x22\x01\x0a",
    ]
    .concat();
    let received = read(&detail(&any("x/codelibra.error.v1.ErrorInfo", &info)));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.metadata().get("a"), Some("b"));
    assert!(received.notes().contains(&Note::InvalidMetadata), "{:?}", received.notes());
}

#[test]
fn a_message_that_is_not_utf8_is_read_lossily() {
    let status = [&b"\x08\x07\x12\x05a\xff\xfeb!"[..], &ours(403_003)].concat();
    let received = read_all(ReceivedError::from_details(status, &CATALOG));
    assert_eq!(received.message(), "a\u{fffd}\u{fffd}b!");
    assert_eq!(received.notes(), [Note::InvalidMessage]);
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
}

#[test]
fn a_domain_that_is_not_utf8_is_not_ours() {
    let info = b"\x08\xbb\xcc\x18\x12\x02\xff\xfe";
    let received = read(&detail(&any("x/codelibra.error.v1.ErrorInfo", info)));
    assert_eq!((received.number(), received.code::<ErrorCode>()), (Some(403_003), None));
    assert_eq!((received.domain(), received.entry(), received.http_status().as_u16()), ("", None, 403));
    let type_name = "codelibra.error.v1.ErrorInfo".into();
    let foreign = Note::ForeignDomain("\u{fffd}\u{fffd}".into());
    assert_eq!(received.notes(), [Note::CorruptDetail { index: 0, type_name }, foreign]);
    assert_eq!(received.assume_trusted().domain(), "\u{fffd}\u{fffd}");
}

#[test]
fn a_reason_that_is_not_utf8_is_replaced_by_the_one_of_the_entry() {
    let info = b"\x08\xbb\xcc\x18\x12\x09codelibra\x1a\x02\xff\xfe";
    let received = read(&detail(&any("x/codelibra.error.v1.ErrorInfo", info)));
    assert_eq!((received.code(), received.reason()), (Some(ErrorCode::USER_BANNED), "USER_BANNED"));
    assert!(matches!(received.notes(), [Note::CorruptDetail { index: 0, .. }]));
}

#[test]
fn every_truncation_of_a_full_status_is_read_and_noted() {
    let whole = full_status();
    let expected: Vec<String> = read(&whole).details().map(|d| d.type_name().to_owned()).collect();
    assert_eq!(expected.len(), 4);
    let mut readable = 0;
    for end in 0..whole.len() {
        let received = read(&whole[..end]);
        // A longer piece has at least as many intact details as a shorter one.
        let intact = received.details().filter(|detail| detail.is_intact()).count();
        assert!(intact >= readable, "at {end}");
        readable = intact;
        let code = Some(ErrorCode::LOCKED_OUT);
        let info = bad::end_of_our_info();
        assert_eq!(received.code(), if end < info { received.code() } else { code }, "at {end}");
        // A cut is noted, except between two fields, where it cannot be recognised.
        if !bad::is_end_of_field(&whole, end) {
            let noted = |note: &Note| {
                matches!(note, Note::CorruptStatus | Note::CorruptDetail { .. } | Note::MessageContradiction)
            };
            assert!(received.notes().iter().any(noted), "at {end}: {:?}", received.notes());
        }
    }
}

#[test]
fn every_truncation_of_the_header_of_a_full_status_is_read() {
    let header = base64(&full_status());
    for end in 0..header.len() {
        let received = read_all(ReceivedError::from_details_header(&header.as_bytes()[..end], &CATALOG));
        // One digit more than a multiple of four contains no byte; it is noted.
        assert_eq!(received.notes().contains(&Note::InvalidBase64), end % 4 == 1, "at {end}");
    }
}

#[test]
fn every_flipped_bit_of_a_full_status_is_read() {
    let whole = full_status();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            read(&damaged);
        }
    }
}

#[test]
fn every_flipped_bit_of_the_header_of_a_full_status_is_read() {
    let header = base64(&full_status());
    for at in 0..header.len() {
        for bit in 0..8 {
            let mut damaged = header.clone().into_bytes();
            damaged[at] ^= 1 << bit;
            read_all(ReceivedError::from_details_header(&damaged, &CATALOG));
        }
    }
}

/// A million bytes from a generator with a fixed seed, alone and after each valid beginning.
#[test]
fn noise_is_read() {
    let noise = bad::noise(1 << 20);
    assert!(!read(&noise).notes().is_empty());
    for start in (0..noise.len()).step_by(4093) {
        read(&noise[start..noise.len().min(start + 200)]);
    }
    let received = read(&[full_status(), noise].concat());
    assert_eq!(received.code(), Some(ErrorCode::LOCKED_OUT));
}

#[test]
fn thirty_thousand_details_are_read() {
    let empty = detail(&[]).repeat(30_000);
    let received = read(&[empty.clone(), ours(403_003), empty].concat());
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.details().count(), 60_000);
}

#[test]
fn thirty_thousand_types_are_forwarded() {
    // A forwarded error has one detail of each type. A search among all others for each of them would take minutes.
    let many =
        (0..30_000).flat_map(|i: u32| detail(&any(&format!("x/t{}", i % 29_000), &varint(8, i.into()))));
    let received = read(&[ours(403_003), many.collect()].concat());
    assert_eq!(received.details().count(), 30_000);
    let forwarded = received.assume_trusted();
    assert_eq!(forwarded.details().count(), 29_000);
    // The last detail of a type is kept, in its place.
    let values = |i: u64| varint(8, i);
    assert_eq!(forwarded.details().next().unwrap().value(), values(1000));
    assert_eq!(forwarded.details().last().unwrap().value(), values(29_999));
}

#[test]
fn thirty_thousand_error_infos_are_read() {
    let many = ours(403_003).repeat(30_000);
    assert_eq!(read(&many).code(), Some(ErrorCode::USER_BANNED));
    let contradicting: Vec<u8> = (0..30_000).flat_map(|i| ours(400_001 + i)).collect();
    let received = read(&contradicting);
    assert_eq!(received.number(), Some(400_001));
    assert_eq!(received.notes().len(), 17);
    assert!(matches!(received.notes().last(), Some(Note::More(more)) if *more > 29_000));
}

#[test]
fn one_large_error_info_and_many_small_ones_are_read() {
    // A complete comparison of each one with the first would take hours.
    let entry = b"\x22\x06\x0a\x01a\x12\x01b".repeat(60_000);
    let info = [&b"\x08\xbb\xcc\x18\x12\x09codelibra\x1a\x0bUSER_BANNED"[..], &entry].concat();
    let google = [&b"\x0a\x0bUSER_BANNED\x12\x09codelibra\x1a\x0e\x0a\x04code\x12\x06403003"[..]].concat();
    let small = detail(&any("x/google.rpc.ErrorInfo", &google)).repeat(10_000);
    let status = [detail(&any("x/codelibra.error.v1.ErrorInfo", &info)), small].concat();
    let received = ReceivedError::from_details(status, &CATALOG);
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.details().count(), 10_000);
}

#[test]
fn invalid_numbers_are_noted() {
    for number in [0, 17, 399_999, 600_000, 403_003_003, u32::MAX] {
        let received = read(&[varint(0x08, 7), ours(number)].concat());
        assert_eq!((received.number(), received.code::<ErrorCode>()), (None, None), "{number}");
        assert!(received.notes().contains(&Note::InvalidCode(number.into())), "{:?}", received.notes());
        assert_eq!(received.domain(), "codelibra", "the rest is read");
    }
}

#[test]
fn a_valid_error_has_no_notes() {
    // The control for the notes in the tests above.
    let received = read_all(ReceivedError::from_details(full_status(), &CATALOG));
    assert_eq!(received.notes(), []);
    let error = ApiError::new(ErrorCode::USER_BANNED);
    assert_eq!(read_all(Status::from(error).to_received::<ErrorCode>()).notes(), []);
}
