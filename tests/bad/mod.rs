//! Invalid input, each with a name, for the tests of reading and of its memory.

#![allow(dead_code, unreachable_pub, reason = "a test helper; not every test uses all of it")]

use codelibra::{ApiError, ErrorCode, rpc};

/// Returns a varint field with this tag.
pub(crate) fn varint(tag: u8, mut value: u64) -> Vec<u8> {
    let mut bytes = vec![tag];
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// Returns a field with this tag and a length.
pub(crate) fn field(tag: u8, value: &[u8]) -> Vec<u8> {
    [&varint(tag, value.len().try_into().unwrap()), value].concat()
}

/// Returns a `details` field of a `google.rpc.Status`.
pub(crate) fn detail(any: &[u8]) -> Vec<u8> {
    field(0x1a, any)
}

/// Returns a `google.protobuf.Any`.
pub(crate) fn any(type_url: &str, value: &[u8]) -> Vec<u8> {
    [field(0x0a, type_url.as_bytes()), field(0x12, value)].concat()
}

/// Returns a detail with our ErrorInfo.
pub(crate) fn ours(code: u32) -> Vec<u8> {
    let info = [varint(0x08, code.into()), field(0x12, b"codelibra")].concat();
    detail(&any("type.googleapis.com/codelibra.error.v1.ErrorInfo", &info))
}

/// Encodes bytes as unpadded standard base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + 4);
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    for chunk in bytes.chunks(3) {
        let mut bits = [0_u8; 4];
        bits[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(bits);
        for digit in 0..=chunk.len() {
            text.push(alphabet[usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap()]);
        }
    }
    text
}

/// Returns noise from a generator with a fixed seed (xorshift).
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    bytes.flatten().take(len).collect()
}

fn full_error() -> ApiError {
    ErrorCode::LOCKED_OUT
        .with_message("größer")
        .with_metadata("locked_until", "2026-01-31T09:30:00Z")
        .with_metadata("who", "someone")
        .with_detail(&rpc::BadRequest {
            field_violations: vec![rpc::bad_request::FieldViolation {
                field: "a.b[1]".into(),
                description: "why".into(),
                ..Default::default()
            }],
        })
        .with_detail(&rpc::RetryInfo {
            retry_delay: Some(codelibra::params::Duration { seconds: 3, nanos: 0 }),
        })
        .with_detail(&rpc::RequestInfo { request_id: "4711".into(), ..Default::default() })
        .with_raw_detail("example.com/some.Unknown", &[0x08, 0x01])
}

/// Returns 403005 with a message, two parameters, three standard details and one unknown detail.
pub(crate) fn full_status() -> Vec<u8> {
    full_error().to_details().to_vec()
}

/// Returns statuses that are invalid on the wire, except those of [`IN_ORDER`].
pub(crate) fn statuses() -> Vec<(&'static str, Vec<u8>)> {
    let head = [varint(0x08, 7), field(0x12, b"said")].concat();
    let code = [head.clone(), ours(403_003)].concat();
    let with = |parts: &[&[u8]]| parts.concat();
    let two_gib: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0x07];
    let eight_eib: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let group = |depth: usize| [vec![0x23; depth], vec![0x24; depth]].concat();
    let html = b"<html><body><h1>503 Service Unavailable</h1></body></html>".to_vec();
    let noise = noise(1 << 20);
    let mut all = vec![
        ("empty", vec![]),
        ("zeros", vec![0; 100]),
        ("ones", vec![0xff; 100]),
        ("HTML", html.clone()),
        ("HTML after the code", with(&[&code, &html])),
        ("1 MiB of noise", noise.clone()),
        ("1 MiB of noise after the code", with(&[&code, &noise])),
        ("a tag without its value", vec![0x08]),
        ("a tag without its value after the code", with(&[&code, &[0x08]])),
        ("a truncated varint", vec![0x08, 0xff]),
        ("a truncated varint after the code", with(&[&code, &[0x08, 0xff]])),
        ("a varint of eleven bytes", [&[0x08][..], &[0xff; 11]].concat()),
        ("field number 0 after the code", with(&[&code, &[0x00, 0x01]])),
        ("wire type 6 after the code", with(&[&code, &[0x0e, 0x01]])),
        ("wire type 7 after the code", with(&[&code, &[0x0f, 0x01]])),
        ("a two-gigabyte message", with(&[&[0x12], two_gib, b"x"])),
        ("a two-gigabyte detail", with(&[&head, &[0x1a], two_gib, b"x"])),
        ("a two-gigabyte detail after the code", with(&[&code, &[0x1a], two_gib, b"x"])),
        ("an eight-exabyte detail after the code", with(&[&code, &[0x1a], eight_eib, b"x"])),
        ("a two-gigabyte unknown field after the code", with(&[&code, &[0x7a], two_gib, b"x"])),
        (
            "a two-gigabyte value in a detail before the code",
            with(&[&head, &detail(&with(&[&[0x12], two_gib, b"x"])), &ours(403_003)]),
        ),
        (
            "a two-gigabyte type URL in a detail before the code",
            with(&[&head, &detail(&with(&[&[0x0a], two_gib, b"x"])), &ours(403_003)]),
        ),
        ("groups a thousand deep before the code", with(&[&head, &group(1000), &ours(403_003)])),
        ("groups a thousand deep in a detail before the code", {
            with(&[&head, &detail(&any("x/y", &group(1000))), &ours(403_003)])
        }),
        (
            "a group of a detail that ends as another after the code",
            with(&[&code, &detail(&with(&[&any("x/y", b""), &[0x23, 0x3c]]))]),
        ),
        ("groups a thousand deep without an end after the code", with(&[&code, &vec![0x23; 1000]])),
        ("groups a million deep without an end", vec![0x23; 1 << 20]),
        ("the end of no group after the code", with(&[&code, &[0x24]])),
        ("a message that is not UTF-8 before the code", with(&[&field(0x12, &[0xff, 0xfe]), &ours(403_003)])),
        (
            "a type URL that is not UTF-8 before the code",
            with(&[&head, &detail(&field(0x0a, &[0xff, 0xfe])), &ours(403_003)]),
        ),
        ("30,000 empty details", detail(&[]).repeat(30_000)),
        ("30,000 empty details before the code", with(&[&head, &detail(&[]).repeat(30_000), &ours(403_003)])),
        ("30,000 empty details after the code", with(&[&code, &detail(&[]).repeat(30_000)])),
        ("30,000 codes", with(&[&head, &ours(403_003).repeat(30_000)])),
        ("30,000 contradicting codes", (0..30_000).flat_map(|i| ours(400_001 + i)).collect()),
        ("30,000 metadata entries before the code", {
            let entries: Vec<u8> =
                (0..30_000).flat_map(|i: u32| field(0x1a, &field(0x0a, i.to_string().as_bytes()))).collect();
            with(&[&head, &detail(&any("x/google.rpc.ErrorInfo", &entries)), &ours(403_003)])
        }),
        ("a detail that is a number before the code", with(&[&head, &varint(0x18, 1), &ours(403_003)])),
        ("a code that is a number of 64 bits", {
            let info = [varint(0x08, 403_003 | 1 << 40), field(0x12, b"codelibra")].concat();
            with(&[&head, &detail(&any("codelibra.error.v1.ErrorInfo", &info))])
        }),
        ("a code that is text", {
            let info = [field(0x0a, b"403003"), field(0x12, b"codelibra")].concat();
            with(&[&head, &detail(&any("codelibra.error.v1.ErrorInfo", &info))])
        }),
    ];
    for (name, number) in [("code 0", 0), ("code 17", 17), ("code 4294967295", u32::MAX)] {
        all.push((name, [head.clone(), ours(number)].concat()));
    }
    all
}

/// The names of those [`statuses`] in which a reader cannot find a fault.
pub(crate) const IN_ORDER: [&str; 5] = [
    "groups a thousand deep before the code",
    "groups a thousand deep in a detail before the code",
    "30,000 codes",
    "30,000 metadata entries before the code",
    "a code that is a number of 64 bits",
];

/// Returns 403003 in every variant of base64, and text that is not base64.
pub(crate) fn headers() -> Vec<(&'static str, Vec<u8>)> {
    let status = ApiError::from(ErrorCode::USER_BANNED).with_message("??>>~~").to_details();
    let plain = base64(&status);
    let padded = format!("{plain}{}", "=".repeat((4 - plain.len() % 4) % 4));
    let url_safe = |text: &str| text.replace('+', "-").replace('/', "_");
    let bytes = |text: &str| text.as_bytes().to_vec();
    vec![
        ("empty", vec![]),
        ("unpadded", bytes(&plain)),
        ("padded", bytes(&padded)),
        ("URL-safe", bytes(&url_safe(&plain))),
        ("URL-safe and padded", bytes(&url_safe(&padded))),
        ("white space around it", bytes(&format!(" \t{padded}\r\n"))),
        ("joined with itself", bytes(&format!("{plain},{plain}"))),
        ("joined with another variant", bytes(&format!("{padded}, {}", url_safe(&padded)))),
        ("joined after noise", bytes(&format!("!!!,{plain}"))),
        ("joined after an empty one", bytes(&format!(",{plain}"))),
        ("joined before an empty one", bytes(&format!("{plain},"))),
        ("joined after another status", bytes(&format!("CAcSBHNhaWQ,{plain}"))),
        ("a fault in the middle", bytes(&format!("{}*{plain}", &plain[..40]))),
        ("a line break in the middle", bytes(&format!("{}\n{}", &plain[..40], &plain[40..]))),
        ("one digit", bytes("A")),
        ("padding alone", bytes("====")),
        ("padding in the middle", bytes(&format!("QQ=={plain}"))),
        ("HTML", bytes("<html>503</html>")),
        ("commas", bytes(&",".repeat(10_000))),
        ("not ASCII", bytes("größe")),
        ("1 MiB of noise", noise(1 << 20)),
        ("1 MiB of digits", vec![b'A'; (1 << 20) + 1]),
    ]
}

/// The names of those [`headers`] that are base64.
pub(crate) const BASE64: [&str; 11] = [
    "unpadded",
    "padded",
    "URL-safe",
    "URL-safe and padded",
    "white space around it",
    "joined with itself",
    "joined with another variant",
    "joined after noise",
    "joined after an empty one",
    "joined before an empty one",
    "joined after another status",
];

/// Returns where the detail with our ErrorInfo ends in [`full_status`].
pub(crate) fn end_of_our_info() -> usize {
    ends_of_fields(&full_status())[3]
}

/// Returns whether a reader cannot detect that the status was cut here.
pub(crate) fn is_end_of_field(status: &[u8], at: usize) -> bool {
    ends_of_fields(status).contains(&at)
}

/// Returns where the fields end in a valid status whose lengths have one or two bytes.
fn ends_of_fields(status: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    let mut at = 0;
    while at < status.len() {
        at += match status[at..] {
            [0x08, _, ..] => 2,
            [_, len, ..] if len < 0x80 => 2 + usize::from(len),
            [_, low, high, ..] => 3 + usize::from(low & 0x7f) + (usize::from(high) << 7),
            _ => unreachable!("a valid status"),
        };
        ends.push(at);
    }
    ends
}
