//! The code and the domain that are read from a status of a peer that does not use this crate.

use codelibra::codes::LockedOut;
use codelibra::pb::ErrorInfo as Ours;
use codelibra::{ERROR_INFO, ErrorCode, GOOGLE_ERROR_INFO, GrpcCode, Note, StatusCodeExt};
use tonic::Status;

use crate::peer_status::{DENIED, OURS, any, details, googles, ours, received, status, with_field};

#[test]
fn our_error_info_has_priority() {
    let all = vec![googles("codelibra", "USER_SUSPENDED", Some("403004")), ours(403_003)];
    let received = received(&with_field(status(DENIED, all), "403005"));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(
        received.notes(),
        [
            Note::ContradictingErrorInfo { index: 0 },
            Note::CodeContradiction { taken: 403_003, other: 403_005 }
        ]
    );
    // The contradicting ErrorInfo is kept as a detail.
    assert_eq!(received.details().count(), 1);
}

#[test]
fn an_ascii_field_alone_gives_the_summary_of_its_code() {
    for (field, message, expected) in [
        ("403003", "", "This user has been banned."),
        ("403999", "", "Forbidden"),
        ("403003", "message", "message"),
        ("nonsense", "", ""),
    ] {
        let received = received(&with_field(Status::new(DENIED, message), field));
        assert_eq!(received.message(), expected, "{field} {message:?}");
    }
    // The message of details is used, even if it is empty.
    let details = details(DENIED, "", vec![]);
    let received = received(&with_field(Status::with_details(DENIED, "", details), "403003"));
    assert_eq!(received.message(), "");
}

#[test]
fn googles_error_info_with_a_code_is_second() {
    let all = vec![
        googles("codelibra", "USER_SUSPENDED", None),
        googles("codelibra", "USER_BANNED", Some("403003")),
    ];
    let received = received(&with_field(status(DENIED, all), "403003"));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.reason(), "USER_BANNED");
    assert_eq!(received.details().count(), 1, "the other reason is kept");
}

#[test]
fn googles_error_info_with_a_known_reason_of_the_domain_is_third() {
    let received =
        received(&with_field(status(DENIED, vec![googles("codelibra", "USER_BANNED", None)]), "403004"));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!(received.notes(), [Note::CodeContradiction { taken: 403_003, other: 403_004 }]);
}

#[test]
fn a_known_reason_of_another_domain_gives_no_code() {
    for domain in ["", "shop.example.com", "CODELIBRA"] {
        let received = received(&status(DENIED, vec![googles(domain, "USER_BANNED", None)]));
        assert_eq!((received.number(), received.code::<ErrorCode>()), (None, None), "{domain}");
        assert_eq!(received.number_or_class(), 403_000);
        assert_eq!((received.domain(), received.reason()), (domain, "USER_BANNED"));
    }
}

#[test]
fn the_ascii_field_is_fourth() {
    let received = received(&with_field(Status::new(DENIED, "message"), "403003"));
    assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
    assert_eq!((received.domain(), received.reason()), ("", "USER_BANNED"));
    assert_eq!(received.notes(), []);
    // A forwarded error has the domain of the catalogue.
    assert_eq!(
        received.assume_trusted().to_details(),
        ErrorCode::USER_BANNED.with_message("message").to_details()
    );
}

#[test]
fn without_a_code_the_grpc_code_gives_the_class() {
    for code in GrpcCode::ALL.into_iter().skip(1) {
        let received = received(&Status::new(code.into(), "message"));
        assert_eq!((received.number(), received.code::<ErrorCode>(), received.entry()), (None, None, None));
        assert_eq!((received.grpc_code(), received.message()), (code, "message"));
        assert_eq!(received.notes(), []);
        let class = codelibra::tables::grpc_to_class(code);
        assert_eq!(received.http_status().as_u16(), class);
        assert_eq!(received.number_or_class(), u32::from(class) * 1000);
        assert_eq!(received.assume_trusted().number(), u32::from(class) * 1000);
        assert_eq!(received.assume_trusted().message(), "message");
    }
}

#[test]
fn an_ascii_field_without_a_valid_code_is_noted() {
    for field in
        ["", "17", "403", "0403003", "600000", "399999", "403003 ", "40300x", "4294967295", "403003,403003"]
    {
        let received = received(&with_field(Status::new(DENIED, "message"), field));
        assert_eq!(received.number(), None, "{field}");
        assert_eq!(received.notes(), [Note::InvalidCodeField], "{field}");
    }
}

#[test]
fn an_invalid_number_is_noted_and_the_next_place_is_used() {
    for number in [0, 17, 399_999, 600_000, u32::MAX] {
        let ours = any(OURS, &Ours { code: number, domain: "codelibra".into(), ..Default::default() });
        let received =
            received(&status(DENIED, vec![ours, googles("codelibra", "USER_BANNED", Some("403003"))]));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{number}");
        assert!(received.notes().contains(&Note::InvalidCode(number.into())), "{:?}", received.notes());
    }
    for text in ["0", "17", "600000", "4294967295", "18446744073709551615"] {
        let received = received(&status(DENIED, vec![googles("codelibra", "USER_BANNED", Some(text))]));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "the reason gives the code");
        assert_eq!(received.notes(), [Note::InvalidCode(text.parse().unwrap())]);
    }
    // The peer uses the key for another purpose.
    for text in ["", "ABC", "-1", "4e5", "403003x", "18446744073709551616"] {
        let received = received(&status(DENIED, vec![googles("codelibra", "USER_BANNED", Some(text))]));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{text}");
        assert_eq!(received.notes(), [], "{text}");
        assert_eq!(received.metadata().get("code"), Some(text), "it is a normal metadata value");
    }
}

#[test]
fn type_urls_are_compared_after_the_last_slash() {
    for prefix in ["", "/", "type.googleapis.com/", "types.example.com/a/b/", "https://x/", "//"] {
        let mut all = vec![ours(403_003), googles("codelibra", "USER_BANNED", Some("403003"))];
        all[0].type_url = format!("{prefix}{ERROR_INFO}");
        all[1].type_url = format!("{prefix}{GOOGLE_ERROR_INFO}");
        let both = received(&status(DENIED, all.clone()));
        assert_eq!(both.code(), Some(ErrorCode::USER_BANNED), "{prefix}");
        assert_eq!((both.notes(), both.details().count()), (&[][..], 0));
        all.remove(0);
        assert_eq!(received(&status(DENIED, all)).code(), Some(ErrorCode::USER_BANNED), "{prefix}");
    }
    for name in [
        "ErrorInfo",
        "v1.ErrorInfo",
        "xgoogle.rpc.ErrorInfo",
        "google.rpc.ErrorInfo/",
        "GOOGLE.RPC.ERRORINFO",
    ] {
        let mut detail = googles("codelibra", "USER_BANNED", Some("403003"));
        detail.type_url = format!("type.googleapis.com/{name}");
        let received = received(&status(DENIED, vec![detail]));
        assert_eq!(received.number(), None, "{name}");
        assert_eq!(received.details().count(), 1, "{name}");
    }
}

#[test]
fn a_code_of_another_domain_is_not_ours() {
    let domain = "shop.example.com";
    let info = Ours { code: 403_003, domain: domain.into(), reason: "SOLD_OUT".into(), ..Default::default() };
    let all = vec![any(OURS, &info), googles(domain, "SOLD_OUT", Some("403003"))];
    let status = with_field(status(DENIED, all), "403003");
    assert_eq!(status.error_code::<ErrorCode>(), None);
    assert_eq!(status.decode::<LockedOut>(), None);
    let received = received(&status);
    assert_eq!((received.number(), received.code::<ErrorCode>()), (Some(403_003), None));
    assert_eq!((received.domain(), received.reason(), received.entry()), (domain, "SOLD_OUT", None));
    assert_eq!(received.http_status(), 403);
    assert_eq!(received.notes(), [Note::ForeignDomain(domain.into())]);
    // A forwarded error keeps its domain.
    let forwarded = received.assume_trusted();
    assert_eq!((forwarded.domain(), forwarded.reason(), forwarded.number()), (domain, "SOLD_OUT", 403_003));
    assert_eq!(Status::from(forwarded).details(), status.details());
}
