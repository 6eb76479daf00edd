//! google.rpc.RequestInfo in ProtoJSON. Every error of the server layer has this detail, so it is read and written without
//! reflection.

use prost::Message;
use serde::{Deserialize, Serialize};

use crate::wire::details::Detail;
use crate::wire::fields::{Fields, Value};
use crate::wire::rpc;
use crate::wire::schema::REQUEST_INFO;

/// Longer messages are read and written by reflection, with its limits.
const MAX_LEN: usize = 1024;

/// The ProtoJSON of a message that has the two known fields only. Any other message is read and written by reflection.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RequestInfoJson<'a> {
    #[serde(rename = "@type", skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    serving_data: &'a str,
}

impl<'a> RequestInfoJson<'a> {
    /// Reads the message of a detail. The result has no `@type`.
    pub(super) fn from_detail(detail: &Detail<'a>) -> Option<Self> {
        if !detail.is_a(REQUEST_INFO) || detail.value().len() > MAX_LEN {
            return None;
        }
        let mut info = Self::default();
        let mut fields = Fields::new(detail.value());
        for field in fields.by_ref() {
            match field {
                (1, Value::Bytes(text)) => info.request_id = str::from_utf8(text).ok()?,
                (2, Value::Bytes(text)) => info.serving_data = str::from_utf8(text).ok()?,
                _ => return None,
            }
        }
        (!fields.is_corrupt()).then_some(info)
    }

    /// Adds `@type`.
    pub(super) fn with_url(self, url: &'a str) -> Self {
        Self { url: Some(url), ..self }
    }

    /// Reads ProtoJSON with `@type`.
    pub(super) fn read_any(type_name: &str, json: &'a str) -> Option<Self> {
        Self::read(type_name, json).filter(|info| info.url.is_some())
    }

    /// Reads ProtoJSON without `@type`.
    pub(super) fn read_message(type_name: &str, json: &'a str) -> Option<Self> {
        Self::read(type_name, json).filter(|info| info.url.is_none())
    }

    fn read(type_name: &str, json: &'a str) -> Option<Self> {
        if type_name != REQUEST_INFO || json.len() > MAX_LEN {
            return None;
        }
        serde_json::from_str(json).ok()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let (request_id, serving_data) = (self.request_id.to_owned(), self.serving_data.to_owned());
        rpc::RequestInfo { request_id, serving_data }.encode_to_vec()
    }
}
