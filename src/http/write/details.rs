//! The details of an error as JSON, for each form that contains them.

use std::{fmt, io};

use ::base64::display::Base64Display;
use ::base64::engine::general_purpose::STANDARD;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use crate::http::DetailTypes;
use crate::outbound::sent_error::SentError;
use crate::wire::base64;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::schema::{CODE_KEY, SHED_KEY};
use crate::wire::schema::{
    ERROR_INFO, ERROR_INFO_URL, GOOGLE_ERROR_INFO, GOOGLE_ERROR_INFO_URL, TYPE_URL_PREFIX,
};
use crate::wire::shed::{self, Shed, ShedMarks};
use crate::wire::write::{is_reserved, six_digits};

/// The metadata as a map.
pub(super) struct JsonMetadata<'a>(pub(super) &'a [(&'a str, &'a str)]);

impl JsonMetadata<'_> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for JsonMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// The details other than the two ErrorInfos.
pub(super) struct Attached<'a> {
    pub(super) error: &'a SentError<'a>,
    pub(super) types: &'a DetailTypes,
}

impl<'a> Attached<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.error.details().next().is_none()
    }

    fn details(&self) -> impl Iterator<Item = AnyDetail<'a>> {
        let types = self.types;
        self.error.details().map(move |detail| AnyDetail { detail, types })
    }
}

impl Serialize for Attached<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.details())
    }
}

/// google.rpc.ErrorInfo and the other details. Readers of these forms parse details as protobuf JSON and reject a body with an
/// unknown type, so `codelibra.error.v1.ErrorInfo` is not written.
pub(super) struct StatusDetails<'a> {
    pub(super) error: &'a SentError<'a>,
    pub(super) types: &'a DetailTypes,
}

impl Serialize for StatusDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { error, types } = *self;
        let mut details = serializer.serialize_seq(None)?;
        details.serialize_element(&GoogleInfo::new(error, Some(GOOGLE_ERROR_INFO_URL), error.shed))?;
        for detail in (Attached { error, types }).details() {
            details.serialize_element(&detail)?;
        }
        details.end()
    }
}

/// A detail with `@type`: ProtoJSON, or base64 in the member `value`.
pub(super) struct AnyDetail<'a> {
    pub(super) detail: Detail<'a>,
    pub(super) types: &'a DetailTypes,
}

/// The member that marks `value` as base64 if the ProtoJSON of the type has a member `value` too.
pub(in crate::http) const ENCODING: (&str, &str) = ("@encoding", "base64");

impl Serialize for AnyDetail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { detail, types } = self;
        if let Some(json) = types.any_to_json(detail) {
            return json.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@type", detail.type_url())?;
        map.serialize_entry("value", &Padded(detail.value()))?;
        if types.has_value_member(detail.type_name()) {
            map.serialize_entry(ENCODING.0, ENCODING.1)?;
        }
        map.end()
    }
}

/// Bytes in padded base64, as in ProtoJSON, for any serializer.
struct Padded<'a>(&'a [u8]);

impl Serialize for Padded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// The details in the form of the Connect protocol: the name of the type without a prefix, the message in unpadded base64, and
/// its ProtoJSON for human readers.
pub(super) struct ConnectDetails<'a> {
    pub(super) error: &'a SentError<'a>,
    pub(super) types: &'a DetailTypes,
    /// The encoded status, which contains the ErrorInfos.
    pub(super) status: Vec<u8>,
}

#[derive(Serialize)]
struct ConnectDetail<'a, D> {
    r#type: &'a str,
    /// The type URL, if its prefix is not the usual one: the protocol does not send the prefix.
    #[serde(rename = "typeUrl", skip_serializing_if = "Option::is_none")]
    type_url: Option<&'a str>,
    value: BodyBytes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<D>,
}

impl<'a, D> ConnectDetail<'a, D> {
    /// An ErrorInfo. Its type URL has the usual prefix.
    fn info(r#type: &'static str, detail: &Detail<'a>, debug: D) -> Self {
        Self { r#type, type_url: None, value: BodyBytes(detail.value()), debug: Some(debug) }
    }
}

impl<'a> ConnectDetail<'a, Box<RawValue>> {
    fn new(detail: &Detail<'a>, types: &DetailTypes) -> Self {
        let r#type = detail.type_name();
        let is_usual = detail.type_url().strip_prefix(TYPE_URL_PREFIX) == Some(r#type);
        Self {
            r#type,
            type_url: (!is_usual).then(|| detail.type_url()),
            value: BodyBytes(detail.value()),
            debug: types.message_to_json(detail),
        }
    }
}

impl Serialize for ConnectDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { error, types, status } = self;
        let mut details = serializer.serialize_seq(None)?;
        // The marks are in our ErrorInfo, which comes first, if it is sent.
        let mut googles_shed = error.shed;
        for detail in AllDetails::new(status) {
            match detail.type_url() {
                ERROR_INFO_URL => {
                    googles_shed = ShedMarks::NONE;
                    let debug = OurInfo::new(error);
                    details.serialize_element(&ConnectDetail::info(ERROR_INFO, &detail, debug))?;
                }
                GOOGLE_ERROR_INFO_URL => {
                    let debug = GoogleInfo::new(error, None, googles_shed);
                    details.serialize_element(&ConnectDetail::info(GOOGLE_ERROR_INFO, &detail, debug))?;
                }
                _ => details.serialize_element(&ConnectDetail::new(&detail, types))?,
            }
        }
        details.end()
    }
}

/// Bytes in the encoding of [`BodyFormatter`].
struct BodyBytes<'a>(&'a [u8]);

impl Serialize for BodyBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Writes bytes as unpadded base64. serde_json would search a string for characters to escape, which base64 does not contain.
pub(super) struct BodyFormatter;

impl Formatter for BodyFormatter {
    fn write_byte_array<W: io::Write + ?Sized>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        writer.write_all(b"\"")?;
        writer.write_all(base64::encode(bytes).as_bytes())?;
        writer.write_all(b"\"")
    }
}

/// `codelibra.error.v1.ErrorInfo` in ProtoJSON.
#[derive(Serialize)]
struct OurInfo<'a> {
    code: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "JsonMetadata::is_empty")]
    metadata: JsonMetadata<'a>,
    #[serde(skip_serializing_if = "ShedValues::is_empty")]
    shed: ShedValues,
}

impl<'a> OurInfo<'a> {
    fn new(error: &'a SentError<'a>) -> Self {
        Self {
            code: error.code,
            domain: &error.domain,
            reason: error.reason,
            metadata: JsonMetadata(&error.metadata),
            shed: ShedValues(error.shed),
        }
    }
}

/// `codelibra.error.v1.Shed` in ProtoJSON.
struct ShedValues(ShedMarks);

impl ShedValues {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ShedValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|part| [shed::PREFIX, part.name()].concat()))
    }
}

/// The names of the parts that were shed: `["HELP","METADATA"]`.
pub(super) struct ShedNames(pub(super) ShedMarks);

impl ShedNames {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ShedNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Shed::name))
    }
}

/// `google.rpc.ErrorInfo` in ProtoJSON.
#[derive(Serialize)]
struct GoogleInfo<'a> {
    #[serde(rename = "@type", skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    metadata: GoogleMetadata<'a>,
}

impl<'a> GoogleInfo<'a> {
    /// `shed`: the marks in its metadata.
    fn new(error: &'a SentError<'a>, url: Option<&'static str>, shed: ShedMarks) -> Self {
        let metadata = GoogleMetadata { error, shed };
        Self { url, reason: error.reason, domain: &error.domain, metadata }
    }
}

/// The metadata with the code and the marks.
struct GoogleMetadata<'a> {
    error: &'a SentError<'a>,
    shed: ShedMarks,
}

impl Serialize for GoogleMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { error, shed } = self;
        let digits = six_digits(error.code);
        let others = error.metadata.iter().filter(|(key, _)| !is_reserved(key));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(CODE_KEY, std::str::from_utf8(&digits).unwrap_or(""))?;
        for (key, value) in others {
            map.serialize_entry(key, value)?;
        }
        if !shed.is_empty() {
            map.serialize_entry(SHED_KEY, &JoinedNames(*shed))?;
        }
        map.end()
    }
}

/// The names of the parts that were shed, joined by commas.
struct JoinedNames(ShedMarks);

impl fmt::Display for JoinedNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            f.write_str(part.name())?;
        }
        Ok(())
    }
}

impl Serialize for JoinedNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
