//! Corrupt ErrorInfos together with intact ones: the intact one gives the error, and the notes report only the corruption.

use codelibra::{CATALOG, ERROR_INFO, GOOGLE_ERROR_INFO, Note, ReceivedError, pb, rpc};
use prost::Message;

const DOMAINS: [&str; 2] = ["codelibra", "acme"];

fn ours(domain: &str) -> Vec<u8> {
    let metadata = [("a".to_owned(), "b".to_owned())].into();
    let (domain, reason) = (domain.into(), "USER_BANNED".into());
    pb::ErrorInfo { code: 403_003, domain, reason, metadata, shed: vec![] }.encode_to_vec()
}

fn googles(domain: &str) -> Vec<u8> {
    let metadata = [("code", "403003"), ("a", "b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let (domain, reason) = (domain.into(), "USER_BANNED".into());
    rpc::ErrorInfo { reason, domain, metadata: metadata.into_iter().collect() }.encode_to_vec()
}

/// Returns a field `details` of a status, with a `google.protobuf.Any` whose last bytes are missing.
fn cut_detail(type_name: &str, value: &[u8], missing: usize) -> Vec<u8> {
    let type_url = format!("type.googleapis.com/{type_name}");
    let any = prost_types::Any { type_url, value: value.to_vec() }.encode_to_vec();
    let any = &any[..any.len() - missing];
    let mut field = vec![0x1a];
    prost::encoding::encode_varint(u64::try_from(any.len()).unwrap(), &mut field);
    field.extend(any);
    field
}

fn detail(type_name: &str, value: &[u8]) -> Vec<u8> {
    cut_detail(type_name, value, 0)
}

fn read(details: &[Vec<u8>]) -> ReceivedError {
    let head = [0x08, 7, 0x12, 1, b'm'];
    ReceivedError::from_details([&head[..], &details.concat()].concat(), &CATALOG)
}

/// Returns corrupt forms of a message, with names: other bytes in its place, a fault at its end, and a cut at each byte, in the
/// message and in the `Any` around it. Forms that are valid messages by chance are excluded.
fn corrupt(type_name: &str, value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("garbage".to_owned(), detail(type_name, b"\xff\xff\xff")),
        ("a fault at the end".to_owned(), detail(type_name, &[value, b"\x0e"].concat())),
        ("an empty one with a fault".to_owned(), detail(type_name, b"\x0e")),
    ];
    for len in 1..value.len() {
        all.push((format!("cut at {len}"), detail(type_name, &value[..len])));
        all.push((format!("its Any cut at {len}"), cut_detail(type_name, value, value.len() - len)));
    }
    let is_corrupt = |note: &Note| matches!(note, Note::CorruptDetail { .. });
    all.retain(|(_, detail)| read(std::slice::from_ref(detail)).notes().iter().any(is_corrupt));
    all
}

#[test]
fn a_corrupt_error_info_adds_its_own_note_and_no_other() {
    for domain in DOMAINS {
        let (our, google) = (ours(domain), googles(domain));
        let foreign = (domain != "codelibra").then(|| Note::ForeignDomain(domain.into()));
        for (name, of) in [(ERROR_INFO, &our), (GOOGLE_ERROR_INFO, &google)] {
            let corrupt = corrupt(name, of);
            assert!(corrupt.len() >= 60, "{} ways to corrupt", corrupt.len());
            for (how, bad) in corrupt {
                for (intact_name, intact) in [(ERROR_INFO, &our), (GOOGLE_ERROR_INFO, &google)] {
                    for bad_index in [0, 1] {
                        let mut details = vec![detail(intact_name, intact)];
                        details.insert(bad_index, bad.clone());
                        let read = read(&details);
                        let at = format!("{name} {how} at {bad_index}, {intact_name} of {domain}");
                        let note = Note::CorruptDetail { index: bad_index, type_name: name.into() };
                        let expected: Vec<Note> = std::iter::once(note).chain(foreign.clone()).collect();
                        assert_eq!(read.notes(), expected, "{at}");
                        // The intact one is used completely.
                        assert_eq!(read.number(), Some(403_003), "{at}");
                        assert_eq!((read.domain(), read.reason()), (domain, "USER_BANNED"), "{at}");
                        assert_eq!(read.metadata().get("a"), Some("b"), "{at}");
                    }
                }
            }
        }
    }
}

/// If there is no other ErrorInfo, the intact part of a corrupt one is used.
#[test]
fn a_corrupt_error_info_alone_gives_its_code() {
    for (name, value) in [(ERROR_INFO, ours("codelibra")), (GOOGLE_ERROR_INFO, googles("codelibra"))] {
        let mut with_code = 0;
        for (how, bad) in corrupt(name, &value) {
            let read = read(&[bad]);
            let corrupt = Note::CorruptDetail { index: 0, type_name: name.into() };
            assert_eq!(read.notes(), [corrupt], "{name} {how}");
            assert!(matches!(read.number(), None | Some(403_003)), "{name} {how}: {:?}", read.number());
            with_code += usize::from(read.number().is_some());
        }
        assert!(with_code > 10, "{name}: {with_code}");
    }
}

/// Texts that are not UTF-8 are corrupt. They are not a contradiction.
#[test]
fn texts_that_are_not_utf_8_are_not_a_contradiction() {
    let mut bad = ours("codelibra");
    let at = bad.windows(4).position(|bytes| bytes == b"USER").unwrap();
    bad[at] = 0xff;
    let read = read(&[detail(GOOGLE_ERROR_INFO, &googles("codelibra")), detail(ERROR_INFO, &bad)]);
    assert_eq!(read.notes(), [Note::CorruptDetail { index: 1, type_name: ERROR_INFO.into() }]);
    assert_eq!(read.number(), Some(403_003));
}

/// The control: an intact ErrorInfo with another code is noted.
#[test]
fn a_contradiction_of_intact_infos_is_noted() {
    let other = pb::ErrorInfo { code: 404_001, domain: "codelibra".into(), ..Default::default() };
    let all = [detail(ERROR_INFO, &ours("codelibra")), detail(ERROR_INFO, &other.encode_to_vec())];
    assert_eq!(read(&all).notes(), [Note::ContradictingErrorInfo { index: 1 }]);
    let without_code = pb::ErrorInfo { domain: "codelibra".into(), ..Default::default() };
    let all =
        [detail(ERROR_INFO, &without_code.encode_to_vec()), detail(GOOGLE_ERROR_INFO, &googles("codelibra"))];
    assert_eq!(read(&all).notes(), [Note::InvalidCode(0)]);
}
