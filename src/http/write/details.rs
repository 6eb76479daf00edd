use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use ::base64::display::Base64Display;
use ::base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use crate::ApiError;
use crate::http::DetailTypes;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::write::{CODE_KEY, six_digits};
use crate::wire::{
    ERROR_INFO, ERROR_INFO_URL, GOOGLE_ERROR_INFO, GOOGLE_ERROR_INFO_URL, TYPE_URL_PREFIX, base64,
};

/// The details without both ErrorInfos.
pub(super) struct Attached<'a> {
    pub(super) error: &'a ApiError,
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

/// The details with both ErrorInfos before them, as on the wire.
pub(super) struct StatusDetails<'a> {
    pub(super) error: &'a ApiError,
    pub(super) types: &'a DetailTypes,
}

impl Serialize for StatusDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { error, types } = *self;
        let mut details = serializer.serialize_seq(None)?;
        details.serialize_element(&OurInfo::of(error, Some(ERROR_INFO_URL)))?;
        details.serialize_element(&GoogleInfo::of(error, Some(GOOGLE_ERROR_INFO_URL)))?;
        for detail in (Attached { error, types }).details() {
            details.serialize_element(&detail)?;
        }
        details.end()
    }
}

/// A detail with its `@type`: ProtoJSON, or base64 under `value`.
pub(super) struct AnyDetail<'a> {
    pub(super) detail: Detail<'a>,
    pub(super) types: &'a DetailTypes,
}

/// Says that `value` is base64 where ProtoJSON has a meaning of its own for it.
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

/// Bytes as ProtoJSON has them, for any serializer.
struct Padded<'a>(&'a [u8]);

impl Serialize for Padded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// The details as the Connect protocol has them: the type's name without a prefix, the message in unpadded
/// base64, and ProtoJSON for people.
pub(super) struct ConnectDetails<'a> {
    pub(super) error: &'a ApiError,
    pub(super) types: &'a DetailTypes,
    /// The encoded status: the ErrorInfos are in it.
    pub(super) status: Bytes,
}

#[derive(Serialize)]
struct ConnectDetail<'a, D> {
    r#type: &'a str,
    /// Only where the type URL has another prefix than usual, which the protocol has no place for.
    #[serde(rename = "typeUrl", skip_serializing_if = "Option::is_none")]
    type_url: Option<&'a str>,
    value: BodyBytes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<D>,
}

impl<'a, D> ConnectDetail<'a, D> {
    /// An ErrorInfo, whose type URL is the usual one.
    fn info(r#type: &'static str, detail: &Detail<'a>, debug: D) -> Self {
        Self { r#type, type_url: None, value: BodyBytes(detail.value()), debug: Some(debug) }
    }
}

impl<'a> ConnectDetail<'a, Box<RawValue>> {
    fn of(detail: &Detail<'a>, types: &DetailTypes) -> Self {
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
        for detail in AllDetails::of(status) {
            match detail.type_url() {
                ERROR_INFO_URL => {
                    let debug = OurInfo::of(error, None);
                    details.serialize_element(&ConnectDetail::info(ERROR_INFO, &detail, debug))?;
                }
                GOOGLE_ERROR_INFO_URL => {
                    let debug = GoogleInfo::of(error, None);
                    details.serialize_element(&ConnectDetail::info(GOOGLE_ERROR_INFO, &detail, debug))?;
                }
                _ => details.serialize_element(&ConnectDetail::of(&detail, types))?,
            }
        }
        details.end()
    }
}

/// Bytes as the [`BodyFormatter`] writes them.
struct BodyBytes<'a>(&'a [u8]);

impl Serialize for BodyBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Writes bytes as unpadded base64. A string would be searched for what has to be escaped, which base64 has not.
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
    #[serde(rename = "@type", skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
    code: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    domain: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<Cow<'static, str>, String>,
}

impl<'a> OurInfo<'a> {
    fn of(error: &'a ApiError, url: Option<&'static str>) -> Self {
        Self {
            url,
            code: error.number(),
            domain: error.domain(),
            reason: error.reason(),
            metadata: error.metadata(),
        }
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
    fn of(error: &'a ApiError, url: Option<&'static str>) -> Self {
        Self { url, reason: error.reason(), domain: error.domain(), metadata: GoogleMetadata(error) }
    }
}

/// The metadata with the number in it.
struct GoogleMetadata<'a>(&'a ApiError);

impl Serialize for GoogleMetadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = six_digits(self.0.number());
        let others = self.0.metadata().iter().filter(|(key, _)| *key != CODE_KEY);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(CODE_KEY, std::str::from_utf8(&digits).unwrap_or(""))?;
        for (key, value) in others {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
