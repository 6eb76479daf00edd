//! [`DetailTypes`]: the types whose details are written and read as protobuf JSON.

use std::fmt;
use std::sync::LazyLock;

use prost::{DecodeError, Message};
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage, Value,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::request_info::RequestInfoJson;
use crate::wire::details::Detail;

/// The longest JSON of a detail that is written or read, in bytes: 64 KiB.
///
/// A longer detail is written as base64, which has no limit of its own. Longer JSON is not read; the error then has a note.
/// The same applies to a detail whose values need more than about 1 MiB of memory while they are read: about 1000 values, or
/// about 8000 in a standard detail. A detail whose JSON has more than 100 nested arrays and objects is written as base64 too.
pub const MAX_DETAIL: usize = 64 * 1024;

/// The most values of a detail. A value of `google.protobuf.ListValue` needs 800 bytes of memory.
const MAX_VALUES: usize = 1024;
/// The most values of a standard detail. Its largest values are empty messages, which need 90 bytes.
const MAX_STANDARD_VALUES: usize = 8 * MAX_VALUES;

/// The deepest nesting of arrays and objects in a detail that is written as JSON. `serde_json` reads 127 levels of a whole
/// body, and the detail is some levels down.
const MAX_DEPTH: usize = 100;

/// The deepest nesting of `google.protobuf.Any` in a detail that is written as JSON.
const MAX_NESTED_ANY: usize = 8;

const ANY: &str = "google.protobuf.Any";

/// The encoded descriptor of `codelibra/error/v1/error_info.proto`.
const ERROR_INFO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/error_info.descriptors"));

/// The types of details that bodies contain as ProtoJSON: the types whose descriptor is known. Details of other types are
/// base64, without loss.
///
/// ```
/// use codelibra::http::DetailTypes;
///
/// let types = DetailTypes::standard();
/// assert!(types.contains("google.rpc.BadRequest"));
/// assert!(!types.contains("shop.v1.OutOfStock"));
/// ```
#[derive(Clone)]
pub struct DetailTypes {
    pool: DescriptorPool,
}

impl DetailTypes {
    /// Returns the ten standard details of `google.rpc`, `codelibra.error.v1.ErrorInfo` and the well-known types of protobuf.
    pub fn standard() -> &'static Self {
        static STANDARD: LazyLock<DetailTypes> = LazyLock::new(|| {
            let mut pool = DescriptorPool::global();
            // The sets are complete, which a test checks. Without them, these details would be base64.
            let added = google_rpc().map(|set| pool.add_file_descriptor_set(set));
            debug_assert!(matches!(added, Ok(Ok(()))), "{added:?}");
            let added = pool.decode_file_descriptor_set(ERROR_INFO);
            debug_assert!(added.is_ok(), "{added:?}");
            DetailTypes { pool }
        });
        &STANDARD
    }

    /// Returns these types and the types of an encoded `google.protobuf.FileDescriptorSet`, which `buf build -o` and
    /// `protoc --include_imports --descriptor_set_out` write. A file whose name is already known is skipped.
    ///
    /// ```no_run
    /// use codelibra::ErrorCode;
    /// use codelibra::http::{DetailTypes, Reader, Responder};
    ///
    /// let set = std::fs::read("shop.binpb")?;
    /// let types = DetailTypes::standard().with_descriptor_set(&set)?;
    /// let responder = Responder::new::<ErrorCode>().detail_types(types.clone());
    /// let reader = Reader::new::<ErrorCode>().detail_types(types);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The bytes are not such a set, an import is missing, or a type is defined twice.
    pub fn with_descriptor_set(&self, bytes: &[u8]) -> Result<Self, InvalidDescriptorSet> {
        let mut pool = self.pool.clone();
        pool.decode_file_descriptor_set(bytes).map_err(InvalidDescriptorSet)?;
        Ok(Self { pool })
    }

    /// Returns all types as an encoded `google.protobuf.FileDescriptorSet`, for transcoders and clients that need the
    /// descriptors.
    pub fn to_descriptor_set(&self) -> Vec<u8> {
        self.pool.encode_to_vec()
    }

    /// Returns whether the descriptor of a type is known. `type_name` is the full name, such as `google.rpc.BadRequest`.
    pub fn contains(&self, type_name: &str) -> bool {
        self.pool.get_message_by_name(type_name).is_some()
    }

    /// Whether the ProtoJSON of the type has a member `value`, so that `value` does not contain base64.
    pub(super) fn has_value_member(&self, type_name: &str) -> bool {
        self.pool.get_message_by_name(type_name).is_some_and(|descriptor| {
            is_written_as_value(&descriptor) || descriptor.fields().any(|f| f.json_name() == "value")
        })
    }

    fn decode(&self, detail: &Detail<'_>) -> Option<DynamicMessage> {
        if detail.value().len() > MAX_DETAIL {
            return None;
        }
        let descriptor = self.pool.get_message_by_name(detail.type_name())?;
        let message = DynamicMessage::decode(descriptor, detail.value()).ok()?;
        is_lossless(&message, MAX_NESTED_ANY).then_some(message)
    }

    /// The detail in ProtoJSON. `None` if its type is not known, if ProtoJSON would lose a part of it, or if it exceeds the
    /// limits of reading.
    pub(super) fn message_to_json(&self, detail: &Detail<'_>) -> Option<Box<RawValue>> {
        if let Some(info) = RequestInfoJson::from_detail(detail) {
            return to_raw_value(&info).ok();
        }
        let json = to_raw_value(&self.decode(detail)?).ok()?;
        is_readable(detail.type_name(), json.get()).then_some(json)
    }

    /// As [`message_to_json`](Self::message_to_json), with `@type`.
    pub(super) fn any_to_json(&self, detail: &Detail<'_>) -> Option<Box<RawValue>> {
        let url = Some(detail.type_url()).filter(|url| url.contains('/'))?;
        if let Some(info) = RequestInfoJson::from_detail(detail) {
            return to_raw_value(&info.with_url(url)).ok();
        }
        let message = self.decode(detail)?;
        let json = if is_written_as_value(&message.descriptor()) {
            to_raw_value(&AnyOfValue { url, value: &message })
        } else {
            to_raw_value(&AnyOfFields { url, fields: &message })
        };
        let json = json.ok()?;
        is_readable(detail.type_name(), json.get()).then_some(json)
    }

    /// Reads ProtoJSON with `@type`. Returns the encoded message and, if members were ignored, the reason.
    pub(super) fn json_to_any(
        &self,
        type_name: &str,
        json: &str,
    ) -> Result<(Vec<u8>, Option<String>), String> {
        if let Some(info) = RequestInfoJson::read_any(type_name, json) {
            return Ok((info.encode(), None));
        }
        check_affordable(type_name, json)?;
        let any = self.pool.get_message_by_name(ANY).ok_or("google.protobuf.Any is not known")?;
        let (message, fault) = read_json(&any, json)?;
        let value = message.get_field_by_number(2);
        Ok((value.and_then(|v| v.as_bytes().map(|b| b.to_vec())).unwrap_or_default(), fault))
    }

    /// As [`json_to_any`](Self::json_to_any), without `@type`.
    pub(super) fn json_to_message(
        &self,
        type_name: &str,
        json: &str,
    ) -> Result<(Vec<u8>, Option<String>), String> {
        if let Some(info) = RequestInfoJson::read_message(type_name, json) {
            return Ok((info.encode(), None));
        }
        check_affordable(type_name, json)?;
        let descriptor = self.pool.get_message_by_name(type_name).ok_or("its type is not known")?;
        let (message, fault) = read_json(&descriptor, json)?;
        Ok((message.encode_to_vec(), fault))
    }
}

/// The ProtoJSON of a `google.protobuf.Any` whose message is a JSON object.
#[derive(Serialize)]
struct AnyOfFields<'a> {
    #[serde(rename = "@type")]
    url: &'a str,
    #[serde(flatten)]
    fields: &'a DynamicMessage,
}

/// The ProtoJSON of a `google.protobuf.Any` whose message has a special JSON form.
#[derive(Serialize)]
struct AnyOfValue<'a> {
    #[serde(rename = "@type")]
    url: &'a str,
    value: &'a DynamicMessage,
}

/// The files of google.rpc under their usual names. tonic-types names them without the folder; a user's set that contains
/// `google/rpc/error_details.proto` would then define each type twice.
fn google_rpc() -> Result<FileDescriptorSet, DecodeError> {
    let mut set = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)?;
    for file in &mut set.file {
        let names = file.name.iter_mut().chain(&mut file.dependency);
        for name in names.filter(|name| !name.contains('/')) {
            name.insert_str(0, "google/rpc/");
        }
    }
    Ok(set)
}

fn check_affordable(type_name: &str, json: &str) -> Result<(), String> {
    if is_affordable(type_name, json) {
        Ok(())
    } else {
        Err("it is larger than the limit for a detail".to_owned())
    }
}

/// Whether the JSON of a detail is within the limits. The JSON is not parsed for this.
fn is_affordable(type_name: &str, json: &str) -> bool {
    let limit = if type_name.starts_with("google.rpc.") { MAX_STANDARD_VALUES } else { MAX_VALUES };
    // A value follows each of these bytes. They may also be in a string; then the count is too high, never too low.
    let values = || json.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    json.len() <= limit || (json.len() <= MAX_DETAIL && values() <= limit)
}

/// Whether the reader accepts the JSON of a detail.
fn is_readable(type_name: &str, json: &str) -> bool {
    is_affordable(type_name, json) && depth(json) <= MAX_DEPTH
}

/// The depth of nested arrays and objects.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Skips the rest of a string.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// Reads ProtoJSON. If members are ignored because the type does not have them, the text names the first.
fn read_json(descriptor: &MessageDescriptor, json: &str) -> Result<(DynamicMessage, Option<String>), String> {
    let read = |options: &DeserializeOptions| {
        let mut json = serde_json::Deserializer::from_str(json);
        DynamicMessage::deserialize_with_options(descriptor.clone(), &mut json, options)
    };
    match read(&DeserializeOptions::new()) {
        Ok(message) => Ok((message, None)),
        Err(fault) => match read(&DeserializeOptions::new().deny_unknown_fields(false)) {
            Ok(message) => Ok((message, Some(fault.to_string()))),
            Err(_) => Err(fault.to_string()),
        },
    }
}

/// Whether ProtoJSON can express the whole message. It cannot express unknown fields, nor some values of well-known types.
fn is_lossless(message: &DynamicMessage, nested_any: usize) -> bool {
    if message.unknown_fields().next().is_some() {
        return false;
    }
    match message.descriptor().full_name() {
        ANY => is_any_lossless(message, nested_any),
        "google.protobuf.FloatValue"
        | "google.protobuf.DoubleValue"
        | "google.protobuf.Value"
        | "google.protobuf.Struct"
        | "google.protobuf.ListValue"
        | "google.protobuf.FieldMask"
        | "google.protobuf.Duration"
        | "google.protobuf.Timestamp" => survives_json(message),
        _ => {
            let fields = message.fields().map(|(_, value)| value);
            fields
                .chain(message.extensions().map(|(_, value)| value))
                .all(|v| is_value_lossless(v, nested_any))
        }
    }
}

fn is_value_lossless(value: &Value, nested_any: usize) -> bool {
    match value {
        Value::Message(message) => is_lossless(message, nested_any),
        Value::List(list) => list.iter().all(|v| is_value_lossless(v, nested_any)),
        Value::Map(map) => map.values().all(|v| is_value_lossless(v, nested_any)),
        _ => true,
    }
}

fn is_any_lossless(any: &DynamicMessage, nested_any: usize) -> bool {
    let (Some(url), Some(value)) = (any.get_field_by_number(1), any.get_field_by_number(2)) else {
        return false;
    };
    let name = url.as_str().and_then(|url| url.rsplit_once('/')).map(|(_, name)| name);
    let descriptor = name.and_then(|name| any.descriptor().parent_pool().get_message_by_name(name));
    let (Some(descriptor), Some(value), Some(depth)) =
        (descriptor, value.as_bytes(), nested_any.checked_sub(1))
    else {
        return false;
    };
    DynamicMessage::decode(descriptor, value.clone()).is_ok_and(|message| is_lossless(&message, depth))
}

fn survives_json(message: &DynamicMessage) -> bool {
    let Ok(json) = to_raw_value(message) else { return false };
    read_json(&message.descriptor(), json.get())
        .is_ok_and(|(read, fault)| fault.is_none() && read == *message)
}

/// Whether the ProtoJSON of an `Any` contains this message in the member `value`.
fn is_written_as_value(descriptor: &MessageDescriptor) -> bool {
    matches!(
        descriptor.full_name(),
        ANY | "google.protobuf.Timestamp"
            | "google.protobuf.Duration"
            | "google.protobuf.FieldMask"
            | "google.protobuf.Struct"
            | "google.protobuf.ListValue"
            | "google.protobuf.Value"
            | "google.protobuf.Empty"
            | "google.protobuf.DoubleValue"
            | "google.protobuf.FloatValue"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt64Value"
            | "google.protobuf.Int32Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.BoolValue"
            | "google.protobuf.StringValue"
            | "google.protobuf.BytesValue"
    )
}

impl fmt::Debug for DetailTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DetailTypes({} types)", self.pool.all_messages().len())
    }
}

/// The error of [`DetailTypes::with_descriptor_set`].
///
/// ```
/// use codelibra::http::DetailTypes;
///
/// let error = DetailTypes::standard().with_descriptor_set(b"no set").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "not a google.protobuf.FileDescriptorSet that can be added to the known types"
/// );
/// ```
#[derive(Debug)]
pub struct InvalidDescriptorSet(prost_reflect::DescriptorError);

impl fmt::Display for InvalidDescriptorSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a google.protobuf.FileDescriptorSet that can be added to the known types")
    }
}

impl std::error::Error for InvalidDescriptorSet {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
