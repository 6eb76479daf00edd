//! The responses that a hostile or broken upstream sends, one case in each row.

#![allow(dead_code, unreachable_pub, reason = "a test helper; not every test uses all of it")]

use codelibra::{ApiError, ErrorCode};

use super::upstream::{Fields, MESSAGE, Part, Script, grpc};

/// One kind of response of an upstream.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The response, once for each place in which its fields can be.
    pub(crate) scripts: Vec<(Place, Script)>,
    /// The gRPC code that was sent.
    pub(crate) sent: Option<u8>,
    /// The gRPC code that the layer must return.
    pub(crate) expect: u8,
    /// Whether the code 403003 must arrive.
    pub(crate) coded: bool,
    /// The text that a note must contain.
    pub(crate) note: &'static str,
    /// Whether h2 closes the whole connection.
    pub(crate) closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The headers only: a header block that ends the stream.
    Headers,
    /// Trailers after headers.
    Trailers,
    /// Trailers after a message.
    LateTrailers,
    /// The HTTP response, or the stream itself.
    Stream,
}

impl Place {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Trailers => "trailers",
            Self::LateTrailers => "trailers after a message",
            Self::Stream => "stream",
        }
    }
}

/// USER_BANNED: 403003, PERMISSION_DENIED, 7.
pub(crate) fn details() -> Vec<u8> {
    ApiError::new(ErrorCode::USER_BANNED).with_message("banned ~~~~ ????").to_details().to_vec()
}

pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            text.push(DIGITS[usize::try_from(bits >> (18 - 6 * i) & 63).unwrap()]);
        }
    }
    text
}

fn status(code: &str) -> (&'static str, Vec<u8>) {
    ("grpc-status", code.as_bytes().to_vec())
}

fn message(text: &[u8]) -> (&'static str, Vec<u8>) {
    ("grpc-message", text.to_vec())
}

fn bin(value: Vec<u8>) -> (&'static str, Vec<u8>) {
    ("grpc-status-details-bin", value)
}

const CODE: &str = "codelibra-error-code";

fn everywhere(fields: &Fields) -> Vec<(Place, Script)> {
    vec![
        (Place::Headers, vec![Part::HeadersOnly(200, grpc(fields.clone()))]),
        (Place::Trailers, vec![Part::Headers(200, grpc(vec![])), Part::Trailers(fields.clone())]),
        (
            Place::LateTrailers,
            vec![
                Part::Headers(200, grpc(vec![])),
                Part::Data(MESSAGE.to_vec()),
                Part::Trailers(fields.clone()),
            ],
        ),
    ]
}

impl Case {
    fn from_fields(name: impl Into<String>, sent: Option<u8>, expect: u8, fields: Fields) -> Self {
        Self {
            name: name.into(),
            scripts: everywhere(&fields),
            sent,
            expect,
            coded: false,
            note: "",
            closes: false,
        }
    }

    fn from_stream(name: impl Into<String>, expect: u8, script: Script) -> Self {
        let scripts = vec![(Place::Stream, script)];
        Self { name: name.into(), scripts, sent: None, expect, coded: false, note: "", closes: false }
    }

    fn coded(mut self) -> Self {
        self.coded = true;
        self
    }

    fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// Returns a case with these details after `grpc-status: 7`.
fn with_details(name: &str, details: Vec<u8>) -> Case {
    Case::from_fields(name, Some(7), 7, vec![status("7"), message(b"m"), bin(details)])
}

pub(crate) fn details_cases() -> Vec<Case> {
    let good = base64(&details());
    let other = base64(&ApiError::new(ErrorCode::USER_NOT_FOUND_IN_DB).to_details());
    let url_safe: Vec<u8> = good
        .iter()
        .map(|digit| match digit {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect();
    assert_ne!(url_safe, good, "or the case shows nothing");
    let padded = [&good[..], &b"==="[..(4 - good.len() % 4) % 4]].concat();
    assert_ne!(padded, good, "or the case shows nothing");

    let bad_utf8 = [&details()[..], &[0x12, 2, 0xff, 0xfe]].concat();
    let mut groups = vec![0x08, 7];
    groups.extend([0x23; 1000]);
    groups.extend([0x24; 1000]);
    groups.extend(details().split_off(2));
    let mut contradicting = details();
    contradicting[1] = 5;

    vec![
        with_details("details: not base64", b"<html>".to_vec()).note("base64"),
        with_details("details: base64 up to a point", [&good[..], b"*junk"].concat()).coded().note("base64"),
        with_details("details: padded", padded).coded(),
        with_details("details: URL-safe", url_safe).coded(),
        with_details("details: joined by a comma", [&good[..], b", ", &good].concat()).coded(),
        with_details("details: joined by a comma, the first is not base64", [b"!!,", &good[..]].concat())
            .coded(),
        Case::from_fields(
            "details: sent twice, the second agrees with grpc-status",
            Some(7),
            7,
            vec![status("7"), bin(other), bin(good.clone())],
        )
        .coded(),
        with_details("details: one digit left over", b"AQIDA".to_vec()).note("base64"),
        with_details("details: bits left over", b"CAd".to_vec()),
        with_details("details: truncated", base64(&details()[..details().len() - 9]))
            .coded()
            .note("complete"),
        with_details("details: a length of two gigabytes", base64(&[0x1a, 0xff, 0xff, 0xff, 0xff, 7, 1]))
            .note("complete"),
        with_details("details: bad UTF-8", base64(&bad_utf8)).coded().note("replaced"),
        with_details("details: groups 1,000 deep", base64(&groups)).coded(),
        with_details("details: 30,000 empty ones", base64(&[0x1a, 0].repeat(30_000))),
        with_details("details: embedded code contradicts", base64(&contradicting))
            .coded()
            .note("gRPC code 5"),
        with_details("details: embedded message contradicts", base64(&details())).coded().note("message"),
        Case::from_fields(
            "details: lost, the ASCII field is there",
            Some(7),
            7,
            vec![status("7"), (CODE, b"403003".to_vec())],
        )
        .coded()
        .note("did not arrive"),
        Case::from_fields("grpc-status: lost, the details are there", None, 7, vec![bin(good)])
            .coded()
            .note("grpc-status did not arrive"),
        Case::from_fields(
            "grpc-status: lost, the ASCII field is there",
            None,
            7,
            vec![(CODE, b"403003".to_vec())],
        )
        .coded()
        .note("grpc-status did not arrive"),
    ]
}

pub(crate) fn status_cases() -> Vec<Case> {
    let with_status = |text: &str, sent, expect| {
        let case = Case::from_fields(
            format!("grpc-status: `{text}`"),
            sent,
            expect,
            vec![status(text), message(b"m"), bin(base64(&details()))],
        );
        case.coded().note("grpc-status is")
    };
    let two = |a: &str, b: &str, sent, expect| {
        let name = format!("grpc-status: two values, {a} and {b}");
        Case::from_fields(name, sent, expect, vec![status(a), status(b), message(b"m")])
            .note("grpc-status is")
    };
    vec![
        with_status("abc", None, 2),
        with_status("-1", None, 2),
        with_status("", None, 2),
        with_status("3,3", Some(3), 3),
        with_status("07", Some(7), 7),
        with_status("17", None, 2),
        with_status("99", None, 2),
        with_status("99999999999999999999", None, 2),
        two("3", "3", Some(3), 3),
        two("3", "5", None, 2),
        two("0", "5", None, 2),
        status_twice(
            "grpc-status: 0 in headers, 7 after a message",
            vec![status("7"), bin(base64(&details()))],
        )
        .coded(),
        status_twice(
            "grpc-status: 0 in headers, 7 with bad details after a message",
            vec![status("7"), bin(b"<html>".to_vec())],
        )
        .note("base64"),
    ]
}

/// Headers with OK, a message, and trailers with PERMISSION_DENIED.
fn status_twice(name: &str, trailers: Fields) -> Case {
    let headers = Part::Headers(200, grpc(vec![status("0")]));
    let mut case =
        Case::from_stream(name, 7, vec![headers, Part::Data(MESSAGE.to_vec()), Part::Trailers(trailers)]);
    case.sent = Some(7);
    case
}

/// Responses that are not a failure. In gRPC, the details of an OK have no meaning, and an OK in the headers is the status unless
/// the trailers contain another one.
pub(crate) fn ok_cases() -> Vec<Case> {
    let with = |name, details| {
        let name = format!("grpc-status: 0, with details{name}");
        Case::from_fields(name, Some(0), 0, vec![status("0"), bin(details)])
    };
    let in_headers = |name: &str, rest: Vec<Part>| {
        let headers = vec![Part::Headers(200, grpc(vec![status("0")]))];
        Case::from_stream(format!("grpc-status: 0 in headers, {name}"), 0, [headers, rest].concat())
    };
    vec![
        with("", base64(&details())),
        with(" that are not base64", b"<html>".to_vec()),
        with(" of a failure that are cut", base64(&details()[..20])),
        in_headers("no trailers after a message", vec![Part::LastData(MESSAGE.to_vec())]),
        in_headers(
            "trailers without it after a message",
            vec![Part::Data(MESSAGE.to_vec()), Part::Trailers(vec![("x", b"y".to_vec())])],
        ),
        in_headers(
            "details that are not base64 after a message",
            vec![Part::Data(MESSAGE.to_vec()), Part::Trailers(vec![bin(b"!".to_vec())])],
        ),
        Case::from_fields(
            "grpc-status: 0, with grpc-message `%FF`",
            Some(0),
            0,
            vec![status("0"), message(b"%FF")],
        ),
    ]
}

pub(crate) fn message_cases() -> Vec<Case> {
    let with_message = |name: &str, text: &[u8]| {
        let fields = vec![status("7"), message(text), bin(base64(&details()))];
        Case::from_fields(format!("grpc-message: {name}"), Some(7), 7, fields).coded()
    };
    let mut received = with_message("none, but the mark of a received failure", b"");
    let fields = vec![status("7"), (RECEIVED, b"synthesized,status=evil".to_vec())];
    received.scripts = everywhere(&fields);
    received.coded = false;
    let mut encoding = with_message("none, and an unknown grpc-encoding", b"");
    encoding.scripts = vec![(
        Place::Headers,
        vec![Part::HeadersOnly(200, grpc(vec![status("7"), ("grpc-encoding", b"br".to_vec())]))],
    )];
    encoding.coded = false;
    vec![
        with_message("`%ZZ`", b"50%ZZ").note("replaced"),
        with_message("`%` at its end", b"50%").note("replaced"),
        with_message("`%FF%FE`", b"%FF%FE").note("replaced"),
        with_message("escaped CR LF NUL ESC", b"a%0D%0Ab%00%1B[31m"),
        with_message("raw high bytes", b"\xff\xfe caf\xe9").note("replaced"),
        with_message("raw UTF-8", "Gr\u{fc}\u{df}e".as_bytes()),
        received,
        encoding,
    ]
}

const RECEIVED: &str = "codelibra-received";

/// Bytes that RFC 9113 §8.2.1 forbids: the stream is malformed.
pub(crate) fn malformed_cases() -> Vec<Case> {
    [("CR LF", b"a\r\nb" as &[u8]), ("NUL", b"a\0b"), ("ESC", b"a\x1b[31mb")]
        .into_iter()
        .map(|(name, text)| {
            let fields = vec![status("7"), message(text)];
            // h2 treats them as an error of the connection, before any layer receives the response.
            let mut case = Case::from_fields(format!("grpc-message: raw {name}"), Some(7), 13, fields);
            case.closes = true;
            case
        })
        .collect()
}

const HTML: &[u8] = b"<html><head><title>Oops</title></head><body>secret-host.internal</body></html>";

pub(crate) fn http_cases() -> Vec<Case> {
    let rows = [
        (200, 2),
        (301, 2),
        (400, 13),
        (401, 16),
        (403, 7),
        (404, 12),
        (408, 2),
        (413, 2),
        (429, 14),
        (431, 2),
        (500, 2),
        (502, 14),
        (503, 14),
        (504, 14),
    ];
    let html = || vec![("content-type", b"text/html".to_vec())];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(http, expect)| {
            let script = vec![Part::Headers(http, html()), Part::LastData(HTML.to_vec())];
            Case::from_stream(format!("HTTP {http} with HTML"), expect, script).note("the API did not send")
        })
        .collect();
    let encoded = [html(), vec![("grpc-encoding", b"br".to_vec())]].concat();
    let script = vec![Part::Headers(503, encoded), Part::LastData(HTML.to_vec())];
    cases.push(
        Case::from_stream("HTTP 503 with HTML and grpc-encoding", 14, script).note("the API did not send"),
    );
    let script = vec![Part::HeadersOnly(503, vec![])];
    cases.push(Case::from_stream("HTTP 503 without a body", 14, script).note("the API did not send"));
    let script = vec![Part::Headers(503, grpc(vec![])), Part::LastData(vec![])];
    cases.push(
        Case::from_stream("HTTP 503 with the content-type of gRPC", 14, script).note("the API did not send"),
    );
    let mut sent = Case::from_stream(
        "HTTP 500 with grpc-status in trailers",
        7,
        vec![Part::Headers(500, grpc(vec![])), Part::Trailers(vec![status("7")])],
    );
    sent.sent = Some(7);
    cases.push(sent);
    cases
}

pub(crate) fn stream_cases() -> Vec<Case> {
    let headers = || Part::Headers(200, grpc(vec![]));
    let data = || Part::Data(MESSAGE.to_vec());
    let mut cases = vec![
        Case::from_stream("no trailers, no message", 2, vec![Part::HeadersOnly(200, grpc(vec![]))]),
        Case::from_stream(
            "no trailers after a message",
            2,
            vec![headers(), Part::LastData(MESSAGE.to_vec())],
        ),
        Case::from_stream(
            "trailers without grpc-status",
            2,
            vec![headers(), data(), Part::Trailers(vec![("x", b"y".to_vec())])],
        ),
        Case::from_stream(
            "end of stream inside data",
            2,
            vec![headers(), Part::LastData(MESSAGE[..6].to_vec())],
        ),
    ];
    for case in &mut cases {
        case.note = "the API did not send";
    }
    // NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM. After the headers, hyper reads 0 as a regular end.
    for (reason, at_once, later) in [(0, 13, 2), (2, 13, 13), (7, 14, 14), (8, 1, 1), (11, 8, 8)] {
        let name = |place| format!("RST_STREAM {reason}, {place}");
        let rows = [
            (name("at once"), at_once, vec![Part::Reset(reason)]),
            (name("after headers"), later, vec![headers(), Part::Reset(reason)]),
            (name("after a message"), later, vec![headers(), data(), Part::Reset(reason)]),
        ];
        cases.extend(rows.map(|(name, expect, script)| {
            Case::from_stream(name, expect, script).note("the API did not send")
        }));
    }
    cases
}

/// Fields that are larger than the header list that hyper accepts by default, 16 KiB. h2 drops the part of trailers above the
/// limit, fails on headers above it, and closes the connection at four times the limit.
pub(crate) fn oversize_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kilobytes in [12, 20, 70] {
        for order in ["after", "before"] {
            // Base64 encodes three bytes as four digits.
            let error = ApiError::new(ErrorCode::USER_BANNED).with_message("m".repeat(kilobytes * 750));
            let details = bin(base64(&error.to_details()));
            let code = (CODE, b"403003".to_vec());
            let fields = match order {
                "after" => vec![code, status("7"), details],
                _ => vec![details, code, status("7")],
            };
            let name = format!("details of {kilobytes} kB {order} grpc-status");
            let mut case = Case::from_fields(name, Some(7), 7, fields);
            case.closes = kilobytes > 64;
            case.coded = true;
            cases.push(case);
        }
    }
    cases
}
