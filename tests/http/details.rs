//! Details in bodies: ProtoJSON where the type is known and JSON loses nothing, base64 otherwise.

use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::{ApiError, ErrorCode, rpc};
use prost::Message;
use prost_types::value::Kind;
use prost_types::{Any, DescriptorProto, Duration, FieldMask, ListValue, Struct, Timestamp};
use serde_json::{Value, json};

#[derive(Clone, PartialEq, Message)]
struct Refusal {
    #[prost(string, tag = "1")]
    why: String,
    #[prost(int64, tag = "2")]
    amount: i64,
    #[prost(message, optional, tag = "3")]
    inner: Option<Any>,
    #[prost(message, optional, tag = "4")]
    facts: Option<Struct>,
    #[prost(message, repeated, tag = "5")]
    causes: Vec<Refusal>,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    value: String,
    /// The descriptor lacks it.
    #[prost(int32, tag = "99")]
    newer: i32,
}

const REFUSAL: &str = "type.googleapis.com/acme.v1.Refusal";
const NAMED: &str = "type.googleapis.com/acme.v1.Named";

/// The types of `tests/proto/acme/v1/acme.proto` besides the standard ones.
fn types() -> DetailTypes {
    let set = protox::compile(["acme/v1/acme.proto"], ["tests/proto"]).unwrap();
    DetailTypes::standard().with_descriptor_set(&set.encode_to_vec()).unwrap()
}

fn any(type_url: &str, message: &impl Message) -> Any {
    Any { type_url: type_url.into(), value: message.encode_to_vec() }
}

/// The detail as JSON in the native form, after it came back whole from every form.
#[track_caller]
fn written(detail: &Any, types: &DetailTypes) -> Value {
    let error = ApiError::new(ErrorCode::USER_BANNED).with_raw_detail(&detail.type_url, &detail.value);
    for form in Form::ALL {
        let body = write_body(form, &error, types);
        let read = Reader::new::<ErrorCode>().detail_types(types.clone()).read_body(&body);
        assert_eq!(read.notes(), [], "{form}");
        let details: Vec<_> = read.details().collect();
        assert_eq!(details.len(), 1);
        assert_eq!(details[0].type_url(), detail.type_url, "{form}");
        assert_eq!(details[0].value(), detail.value, "{form}: {}", String::from_utf8_lossy(&body));
    }
    let body: Value = serde_json::from_slice(&write_body(Form::Native, &error, types)).unwrap();
    body["details"][0].clone()
}

#[track_caller]
fn is_base64(written: &Value) -> bool {
    let value = written["value"].as_str();
    written.get("why").is_none() && value.is_some_and(|text| !text.is_empty())
}

#[test]
fn a_set_may_bring_the_standard_details() {
    let set = DetailTypes::standard().to_descriptor_set();
    let types = DetailTypes::standard().with_descriptor_set(&set).unwrap();
    assert_eq!(types.to_descriptor_set(), set);
    let pool = prost_reflect::DescriptorPool::decode(set.as_slice()).unwrap();
    for name in
        ["google/rpc/error_details.proto", "google/rpc/status.proto", "codelibra/error/v1/error_info.proto"]
    {
        assert!(pool.get_file_by_name(name).is_some(), "{name}");
    }
}

/// The set is for reflection and for transcoders: they have to know what every failure contains.
#[test]
fn the_set_describes_our_error_info() {
    let pool = prost_reflect::DescriptorPool::decode(&*DetailTypes::standard().to_descriptor_set()).unwrap();
    let info = pool.get_message_by_name(codelibra::ERROR_INFO).unwrap();
    let fields: Vec<_> = info.fields().map(|field| (field.number(), field.name().to_owned())).collect();
    let expected = [(1, "code"), (2, "domain"), (3, "reason"), (4, "metadata"), (5, "shed")];
    assert_eq!(fields, expected.map(|(number, name)| (number, name.to_owned())));
    assert!(pool.get_enum_by_name("codelibra.error.v1.Shed").is_some());
    // A user's set may bring the same file, with a catalogue that imports its options.
    let set = protox::compile(
        ["codelibra/error/v1/error_info.proto", "codelibra/error/v1/catalog.proto"],
        ["proto"],
    );
    let types = DetailTypes::standard().with_descriptor_set(&set.unwrap().encode_to_vec()).unwrap();
    assert!(types.contains(codelibra::ERROR_INFO));
}

#[test]
fn the_ten_standard_details_are_known() {
    let types = DetailTypes::standard();
    for name in [
        "ErrorInfo",
        "RetryInfo",
        "DebugInfo",
        "QuotaFailure",
        "PreconditionFailure",
        "BadRequest",
        "RequestInfo",
        "ResourceInfo",
        "Help",
        "LocalizedMessage",
    ] {
        assert!(types.contains(&format!("google.rpc.{name}")), "{name}");
    }
    assert!(!types.contains("acme.v1.Refusal"));
}

#[test]
fn standard_details_are_proto_json() {
    let types = DetailTypes::standard();
    let quota = rpc::QuotaFailure {
        violations: vec![rpc::quota_failure::Violation {
            subject: "project:7".into(),
            quota_value: 9_007_199_254_740_993,
            future_quota_value: Some(0),
            quota_dimensions: [("zone".to_owned(), "a".to_owned())].into(),
            ..Default::default()
        }],
    };
    assert_eq!(
        written(&any("type.googleapis.com/google.rpc.QuotaFailure", &quota), types),
        json!({
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "subject": "project:7",
                "quotaDimensions": {"zone": "a"},
                "quotaValue": "9007199254740993",
                "futureQuotaValue": "0",
            }],
        })
    );
}

/// Most go a shorter way than other details.
#[test]
fn a_request_info_is_the_same_whichever_way_it_goes() {
    const URL: &str = "type.googleapis.com/google.rpc.RequestInfo";
    let types = DetailTypes::standard();
    for (request_id, serving_data) in [
        ("r-1", ""),
        ("r-1", "shard 7"),
        ("", "shard 7"),
        ("\"\\ü\n\u{1}", ""),
        ("", ""),
        (&"long".repeat(500), ""),
    ] {
        let info = rpc::RequestInfo { request_id: request_id.into(), serving_data: serving_data.into() };
        let mut expected = json!({"@type": URL});
        for (name, text) in [("requestId", request_id), ("servingData", serving_data)] {
            if !text.is_empty() {
                expected[name] = text.into();
            }
        }
        assert_eq!(written(&any(URL, &info), types), expected);
    }
    for (members, request_id, notes) in [
        (r#""requestId":"a""#, "a", 0),
        (r#""requestId":"\u0061""#, "a", 0),
        (r#""request_id":"a""#, "a", 0),
        (r#""requestId":null"#, "", 0),
        (r#""servingData":"b","requestId":"a""#, "a", 0),
        (r#""requestId":"a","newer":1"#, "a", 1),
        (r#""requestId":1"#, "", 1),
        ("\"requestId\":\"\u{1}\"", "", 1),
    ] {
        let aip = format!(r#"{{"code":403003,"details":[{{"@type":"{URL}",{members}}}]}}"#);
        let connect = format!(
            r#"{{"code":403003,"details":[{{"type":"google.rpc.RequestInfo","debug":{{{members}}}}}]}}"#
        );
        for body in [aip, connect] {
            let error = Reader::new::<ErrorCode>().detail_types(types.clone()).read_body(body.as_bytes());
            assert_eq!(error.notes().len(), notes, "{body}: {:?}", error.notes());
            assert_eq!(error.request_id().unwrap_or_default(), request_id, "{body}");
        }
    }
}

#[test]
fn registered_types_are_proto_json_with_what_nests_in_them() {
    let types = types();
    let inner = Refusal { why: "inner".into(), ..Default::default() };
    let fact = prost_types::Value { kind: Some(Kind::NumberValue(1.5)) };
    let outer = Refusal {
        why: "outer".into(),
        amount: -5,
        inner: Some(any(REFUSAL, &Refusal { inner: Some(any(REFUSAL, &inner)), ..Default::default() })),
        facts: Some(Struct { fields: [("a".to_owned(), fact)].into() }),
        causes: vec![inner],
    };
    let detail = any(REFUSAL, &outer);
    assert_eq!(
        written(&detail, &types),
        json!({
            "@type": REFUSAL,
            "why": "outer",
            "amount": "-5",
            "inner": {"@type": REFUSAL, "inner": {"@type": REFUSAL, "why": "inner"}},
            "facts": {"a": 1.5},
            "causes": [{"why": "inner"}],
        })
    );
    let connect = write_body(
        Form::Connect,
        &ApiError::new(ErrorCode::USER_BANNED).with_raw_detail(REFUSAL, &detail.value),
        &types,
    );
    let connect: Value = serde_json::from_slice(&connect).unwrap();
    assert_eq!(connect["details"][2]["type"], "acme.v1.Refusal");
    assert_eq!(connect["details"][2]["debug"]["why"], "outer");

    // Who does not know the type keeps it.
    assert!(is_base64(&written(&detail, DetailTypes::standard())));
}

#[test]
fn well_known_types_are_details_too() {
    let types = DetailTypes::standard();
    let url = |name: &str| format!("type.googleapis.com/google.protobuf.{name}");
    let duration = Duration { seconds: 90, nanos: 500_000_000 };
    let timestamp = Timestamp { seconds: 1_769_851_800, nanos: 0 };
    let mask = FieldMask { paths: vec!["a.b_c".into(), "d".into()] };
    let text = prost_types::Value { kind: Some(Kind::StringValue("a".into())) };
    for (detail, value) in [
        (any(&url("Duration"), &duration), json!("90.500s")),
        (any(&url("Timestamp"), &timestamp), json!("2026-01-31T09:30:00Z")),
        (any(&url("StringValue"), &"text".to_owned()), json!("text")),
        (any(&url("BytesValue"), &vec![8_u8, 1]), json!("CAE=")),
        (any(&url("Int64Value"), &7_i64), json!("7")),
        (any(&url("UInt64Value"), &7_u64), json!("7")),
        (any(&url("Int32Value"), &7_i32), json!(7)),
        (any(&url("UInt32Value"), &7_u32), json!(7)),
        (any(&url("DoubleValue"), &0.5_f64), json!(0.5)),
        (any(&url("FloatValue"), &0.5_f32), json!(0.5)),
        (any(&url("BoolValue"), &true), json!(true)),
        (any(&url("Value"), &text), json!("a")),
        (any(&url("ListValue"), &ListValue { values: vec![text.clone()] }), json!(["a"])),
        (any(&url("Struct"), &Struct { fields: [("b".to_owned(), text.clone())].into() }), json!({"b": "a"})),
        (any(&url("FieldMask"), &mask), json!("a.bC,d")),
        (
            any(&url("Any"), &any(&url("Duration"), &duration)),
            json!({"@type": url("Duration"), "value": "90.500s"}),
        ),
        (any(&url("Empty"), &()), json!({})),
    ] {
        assert_eq!(written(&detail, types), json!({"@type": detail.type_url, "value": value}));
    }
}

#[test]
fn what_json_would_lose_is_base64() {
    let types = types();
    let newer = Named { value: "v".into(), newer: 1 };
    let unknown_in_any = Refusal { inner: Some(any(NAMED, &newer)), ..Default::default() };
    let unknown_type_in_any =
        Refusal { inner: Some(any("type.googleapis.com/acme.v1.Unheard", &newer)), ..Default::default() };
    let no_url_in_any = Refusal { inner: Some(any("", &newer)), ..Default::default() };
    let mut deep_unknown = Refusal { causes: vec![Refusal::default()], ..Default::default() }.encode_to_vec();
    // Refusal.causes[1] with an unknown field 15.
    deep_unknown.extend([0x2a, 2, 0x78, 1]);
    let mut nested = Refusal::default();
    for _ in 0..50 {
        nested = Refusal { inner: Some(any(REFUSAL, &nested)), ..Default::default() };
    }
    let late = Timestamp { seconds: i64::MAX, nanos: 0 };
    let mask = FieldMask { paths: vec!["fooBar".into()] };
    let raw = |url: &str, value: &[u8]| Any { type_url: url.into(), value: value.into() };
    for (name, detail) in [
        ("unknown field", any(NAMED, &newer)),
        ("unknown field in an Any", any(REFUSAL, &unknown_in_any)),
        ("unknown type in an Any", any(REFUSAL, &unknown_type_in_any)),
        ("no type in an Any", any(REFUSAL, &no_url_in_any)),
        ("unknown field further down", raw(REFUSAL, &deep_unknown)),
        ("Any in Any, fifty deep", any(REFUSAL, &nested)),
        ("a timestamp after the year 9999", any("a/google.protobuf.Timestamp", &late)),
        ("a path that is no snake case", any("a/google.protobuf.FieldMask", &mask)),
        ("not a number", any("a/google.protobuf.DoubleValue", &f64::NAN)),
        ("no slash before the name", raw("google.rpc.RequestInfo", b"\x0a\x01a")),
        ("no protobuf at all", raw(REFUSAL, b"\xff\xff\xff")),
        ("a text of another type", raw("a/google.rpc.RequestInfo", b"\x08\x01")),
    ] {
        // The last two are noted as corrupt by every reader, over gRPC too.
        if name == "no protobuf at all" {
            let error =
                ApiError::new(ErrorCode::USER_BANNED).with_raw_detail(&detail.type_url, &detail.value);
            for form in Form::ALL {
                let read = Reader::new::<ErrorCode>()
                    .detail_types(types.clone())
                    .read_body(&write_body(form, &error, &types));
                assert_eq!(read.details().next().unwrap().value(), detail.value, "{form}");
            }
            continue;
        }
        assert!(is_base64(&written(&detail, &types)), "{name}");
    }
}

/// Signs that differ, nanoseconds that are a second or more, and what is out of range.
#[test]
fn times_that_break_their_rules_are_base64() {
    let types = DetailTypes::standard();
    for (seconds, nanos) in [
        (1, -5),
        (-1, 5),
        (1, 1_000_000_000),
        (1, 2_000_000_000),
        (-1, -1_000_000_000),
        (0, i32::MIN),
        (i64::MAX, 0),
        (i64::MIN, 0),
        (i64::MAX, i32::MAX),
        (315_576_000_001, 0),
        (-315_576_000_001, 0),
    ] {
        let delay = Duration { seconds, nanos };
        let info = rpc::RetryInfo { retry_delay: Some(delay) };
        for detail in [any("a/google.protobuf.Duration", &delay), any("a/google.rpc.RetryInfo", &info)] {
            assert!(is_base64(&written(&detail, types)), "{delay:?} {}", detail.type_url);
        }
    }
    for (seconds, nanos) in [
        (1, 2_000_000_000),
        (0, -1),
        (0, 1_000_000_000),
        (i64::MAX, 0),
        (i64::MIN, 0),
        (253_402_300_800, 0),
        (-62_135_596_801, 0),
    ] {
        let time = Timestamp { seconds, nanos };
        let detail = any("a/google.protobuf.Timestamp", &time);
        assert!(is_base64(&written(&detail, types)), "{time:?}");
    }
    for (seconds, nanos) in [(0, -1), (0, 999_999_999), (-315_576_000_000, 0), (315_576_000_000, 1), (-1, -5)]
    {
        let delay = Duration { seconds, nanos };
        let detail = any("a/google.protobuf.Duration", &delay);
        assert!(written(&detail, types)["value"].as_str().unwrap().ends_with('s'), "{delay:?}");
    }
    for (seconds, nanos) in [(253_402_300_799, 999_999_999), (-62_135_596_800, 0), (-1, 1)] {
        let time = Timestamp { seconds, nanos };
        let detail = any("a/google.protobuf.Timestamp", &time);
        assert!(written(&detail, types)["value"].as_str().unwrap().ends_with('Z'), "{time:?}");
    }
}

/// `serde_json` takes no body that is deeper than 127.
#[test]
fn what_nests_too_deep_for_json_readers_is_base64() {
    let types = types();
    let mut proto = DescriptorProto { name: Some("]}\\\"[{".into()), ..Default::default() };
    let mut refusal = Refusal { why: "\"{[{[".repeat(100), ..Default::default() };
    for depth in 1..=70 {
        proto = DescriptorProto { nested_type: vec![proto], ..Default::default() };
        refusal = Refusal { causes: vec![refusal], ..Default::default() };
        for detail in [any("a/google.protobuf.DescriptorProto", &proto), any(REFUSAL, &refusal)] {
            let written = written(&detail, &types);
            assert_eq!(written.get("value").is_some(), depth > 49, "{depth} {}", detail.type_url);
        }
    }
}

#[test]
fn a_field_called_value_is_no_base64() {
    let types = types();
    let named = any(NAMED, &Named { value: "CgFh".into(), newer: 0 });
    assert_eq!(written(&named, &types), json!({"@type": NAMED, "value": "CgFh"}));
    let newer = any(NAMED, &Named { value: "CgFh".into(), newer: 1 });
    assert_eq!(written(&newer, &types)["@encoding"], "base64");
}

#[test]
fn the_order_of_members_does_not_matter() {
    let types = types();
    let body = format!(
        r#"{{"details":[{{"inner":{{"why":"x","@type":"{REFUSAL}"}},"amount":"7","@type":"{REFUSAL}"}}],"code":403003}}"#
    );
    let error = Reader::new::<ErrorCode>().detail_types(types.clone()).read_body(body.as_bytes());
    assert_eq!(error.notes(), []);
    let refusal = Refusal::decode(error.details().next().unwrap().value()).unwrap();
    assert_eq!(refusal.amount, 7);
    assert_eq!(Refusal::decode(&*refusal.inner.unwrap().value).unwrap().why, "x");
}

#[test]
fn a_descriptor_set_that_is_none_is_an_error() {
    let error = DetailTypes::standard().with_descriptor_set(b"\xff\xff").unwrap_err();
    assert!(error.to_string().contains("FileDescriptorSet"));
    assert!(std::error::Error::source(&error).is_some());
}
