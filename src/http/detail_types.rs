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
/// A longer detail is written as base64, which has no limit of its own; read it is not, which a note says. The
/// same holds for one of more values than fit in about 1 MiB, in memory, while they are read: some 1000, or
/// some 8000 in one of the standard details. One whose JSON nests deeper than 100 arrays and objects is written as
/// base64 too.
pub const MAX_DETAIL: usize = 64 * 1024;

/// How many values a detail may have: one of `google.protobuf.ListValue` takes 800 bytes.
const MAX_VALUES: usize = 1024;
/// The standard details have no values of such types: an empty message takes 90 bytes.
const MAX_STANDARD_VALUES: usize = 8 * MAX_VALUES;

/// How deep arrays and objects may nest in a detail that is written as JSON. `serde_json` takes 127 of a whole body, in
/// which the detail is some levels down.
const MAX_DEPTH: usize = 100;

/// How deep `google.protobuf.Any` may nest in a detail that is written as JSON.
const MAX_NESTED_ANY: usize = 8;

const ANY: &str = "google.protobuf.Any";

/// The encoded descriptor of `codelibra/error/v1/error_info.proto`.
const ERROR_INFO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/error_info.descriptors"));

/// The types of details that can be written and read as JSON: those whose descriptor is known.
///
/// Details of other types travel as base64 and lose nothing.
#[derive(Clone)]
pub struct DetailTypes {
    pool: DescriptorPool,
}

impl DetailTypes {
    /// The ten standard details of `google.rpc`, `codelibra.error.v1.ErrorInfo` and the well-known types of protobuf.
    pub fn standard() -> &'static Self {
        static STANDARD: LazyLock<DetailTypes> = LazyLock::new(|| {
            let mut pool = DescriptorPool::global();
            // The sets are whole, which a test shows. Without them these details would travel as base64.
            let added = google_rpc().map(|set| pool.add_file_descriptor_set(set));
            debug_assert!(matches!(added, Ok(Ok(()))), "{added:?}");
            let added = pool.decode_file_descriptor_set(ERROR_INFO);
            debug_assert!(added.is_ok(), "{added:?}");
            DetailTypes { pool }
        });
        &STANDARD
    }

    /// These types and those of an encoded `google.protobuf.FileDescriptorSet`, as `buf build -o` and
    /// `protoc --include_imports --descriptor_set_out` write it. Files that are known already, by their name, are skipped.
    ///
    /// # Errors
    ///
    /// The bytes are no such set, an import is missing, or a type is there twice.
    pub fn with_descriptor_set(&self, bytes: &[u8]) -> Result<Self, InvalidDescriptorSet> {
        let mut pool = self.pool.clone();
        pool.decode_file_descriptor_set(bytes).map_err(InvalidDescriptorSet)?;
        Ok(Self { pool })
    }

    /// All of these types as an encoded `google.protobuf.FileDescriptorSet`, for transcoders and clients that
    /// have to know them.
    pub fn to_descriptor_set(&self) -> Vec<u8> {
        self.pool.encode_to_vec()
    }

    /// Whether details of a type can be written and read as JSON. The name is the full one,
    /// `google.rpc.BadRequest`.
    pub fn contains(&self, type_name: &str) -> bool {
        self.pool.get_message_by_name(type_name).is_some()
    }

    /// Whether `value` is a member of the type's own ProtoJSON, so that it cannot mean base64 there.
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

    /// The detail in ProtoJSON. `None` where its type is not known, JSON would lose something of it, or it is
    /// more than would be read.
    pub(super) fn message_to_json(&self, detail: &Detail<'_>) -> Option<Box<RawValue>> {
        if let Some(info) = RequestInfoJson::from_detail(detail) {
            return to_raw_value(&info).ok();
        }
        let json = to_raw_value(&self.decode(detail)?).ok()?;
        is_readable(detail.type_name(), json.get()).then_some(json)
    }

    /// The detail in ProtoJSON with its `@type`, as [`message_to_json`](Self::message_to_json).
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

    /// Reads ProtoJSON with its `@type`: the encoded message, and what was wrong.
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

    /// Reads ProtoJSON without its `@type`, as [`json_to_any`](Self::json_to_any).
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

/// `google.protobuf.Any` in ProtoJSON, of a message that is an object.
#[derive(Serialize)]
struct AnyOfFields<'a> {
    #[serde(rename = "@type")]
    url: &'a str,
    #[serde(flatten)]
    fields: &'a DynamicMessage,
}

/// `google.protobuf.Any` in ProtoJSON, of a message that ProtoJSON writes otherwise.
#[derive(Serialize)]
struct AnyOfValue<'a> {
    #[serde(rename = "@type")]
    url: &'a str,
    value: &'a DynamicMessage,
}

/// google.rpc's files, by the names that everybody imports them by: tonic-types leaves out the folder, and a
/// user's set that brings `google/rpc/error_details.proto` would have each type twice.
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
        Err("it is longer than what is read of one".to_owned())
    }
}

/// Whether the JSON of a detail is within the limits, for which it need not be read.
fn is_affordable(type_name: &str, json: &str) -> bool {
    let limit = if type_name.starts_with("google.rpc.") { MAX_STANDARD_VALUES } else { MAX_VALUES };
    // A value follows each of these; they may stand in a string too, and then more are counted than there are.
    let values = || json.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    json.len() <= limit || (json.len() <= MAX_DETAIL && values() <= limit)
}

/// Whether the JSON of a detail that is written can be read back.
fn is_readable(type_name: &str, json: &str) -> bool {
    is_affordable(type_name, json) && depth(json) <= MAX_DEPTH
}

/// How deep arrays and objects nest.
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

/// The rest of a string.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

/// Reads ProtoJSON. Members that the type lacks are left out, which the text says.
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

/// Whether ProtoJSON has a place for everything in the message: it has none for unknown fields, and some
/// well-known types have values that it cannot say.
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

/// Whether ProtoJSON in an Any puts the message under `value`.
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

/// The bytes are no descriptor set that can be added.
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
