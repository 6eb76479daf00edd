//! Encodes the details of a body.

use std::borrow::Cow;

use super::info::{InfoMembers, write_info};
use super::json::{self, Json, JsonFault};
use crate::http::DetailTypes;
use crate::http::write::ENCODING;
use crate::inbound::note::{Note, Notes, excerpt};
use crate::wire::info::InfoKind;
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO, TYPE_URL_PREFIX};
use crate::wire::{base64, detail_writer};

/// Appends the elements of an array of details, each as one `details` field. A detail that cannot be read becomes a note and
/// does not hide another detail.
pub(super) fn write_details(details: Json<'_>, types: &DetailTypes, notes: &mut Notes, out: &mut Vec<u8>) {
    let mut index = 0;
    let each = |detail: JsonDetail<'_>, text: &str, read: Result<(), JsonFault>| {
        let written = match read {
            Ok(()) => detail.write(text, types, notes, out),
            Err(fault) => Err(format!("it is not a JSON object: {fault}")),
        };
        if let Err(problem) = written {
            let type_name = excerpt(detail.type_name());
            notes.push(Note::UnreadDetail { index, type_name, problem: excerpt(&problem) });
        }
        index += 1;
    };
    let read = json::objects(details.get(), JsonDetail::set, each);
    if let Err(fault) = read {
        notes.push(Note::InvalidBody(format!("the member \"details\" is not an array of details: {fault}")));
    }
}

/// The members of a detail that decide how it is read.
#[derive(Default)]
struct JsonDetail<'a> {
    /// `@type`, in ProtoJSON.
    url: Option<Cow<'a, str>>,
    /// `type`, in the Connect form.
    name: Option<Cow<'a, str>>,
    /// `typeUrl`, which our Connect form adds if the prefix of the URL is not the usual one.
    unusual_url: Option<Cow<'a, str>>,
    value: Option<Json<'a>>,
    debug: Option<Json<'a>>,
    /// Whether [`ENCODING`] marks `value` as base64.
    is_encoded: bool,
    /// The number of members other than `@type` and `value`.
    others: usize,
    info: InfoMembers<'a>,
}

impl<'a> JsonDetail<'a> {
    fn set(&mut self, name: Cow<'a, str>, value: Json<'a>) {
        match &*name {
            "@type" => self.url = value.string(),
            "value" => self.value = Some(value),
            name if name == ENCODING.0 => {
                self.is_encoded = value.string().is_some_and(|text| text == ENCODING.1);
            }
            name => {
                self.others += 1;
                match name {
                    "type" => self.name = value.string(),
                    "typeUrl" => self.unusual_url = value.string(),
                    "debug" => self.debug = Some(value),
                    name => self.info.set(name, value),
                }
            }
        }
    }

    fn url(&self) -> &str {
        self.url.as_deref().or(self.name.as_deref()).unwrap_or("")
    }

    fn type_name(&self) -> &str {
        self.url().rsplit_once('/').map_or(self.url(), |(_, name)| name)
    }

    fn write(
        &self,
        text: &str,
        types: &DetailTypes,
        notes: &mut Notes,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let name = self.type_name();
        let kind = match name {
            ERROR_INFO => Some(InfoKind::Ours),
            GOOGLE_ERROR_INFO => Some(InfoKind::Google),
            _ => None,
        };
        let encoded = if self.is_base64(kind, types) { self.value.and_then(Json::string) } else { None };
        if let Some(encoded) = encoded {
            let decoded = base64::decode(encoded.as_bytes());
            if !decoded.intact {
                notes.push(Note::InvalidBase64);
            }
            detail_writer::detail(&self.full_url(), &decoded.bytes, out);
            return Ok(());
        }
        if let Some(kind) = kind {
            let info = if self.url.is_some() { self.info } else { InfoMembers::read(self.debug) };
            write_info(kind, &info, None, notes, out);
            return Ok(());
        }
        let (value, fault) = match (&self.url, self.debug) {
            (Some(_), _) if name.is_empty() => return Err("it has no type".to_owned()),
            (Some(_), _) if !types.contains(name) => return Err("its type is not known".to_owned()),
            (Some(_), _) => types.json_to_any(name, text)?,
            (None, Some(debug)) if self.name.is_some() => types.json_to_message(name, debug.get())?,
            _ => return Err("it has no type or no value".to_owned()),
        };
        detail_writer::detail(&self.full_url(), &value, out);
        match fault {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// Whether `value` is the message in base64. It always is in the Connect form. Beside `@type` it is if there is no other
    /// member and the ProtoJSON of the type has no member `value`.
    fn is_base64(&self, kind: Option<InfoKind>, types: &DetailTypes) -> bool {
        if self.url.is_none() || self.is_encoded {
            return self.name.is_some() || self.is_encoded;
        }
        self.others == 0 && (kind.is_some() || !types.has_value_member(self.type_name()))
    }

    /// The type URL. The Connect form contains the name only.
    fn full_url(&self) -> Cow<'_, str> {
        if let (None, Some(url)) = (&self.url, &self.unusual_url) {
            return Cow::Borrowed(url);
        }
        let url = self.url();
        if self.url.is_some() || url.contains('/') {
            Cow::Borrowed(url)
        } else {
            Cow::Owned([TYPE_URL_PREFIX, url].concat())
        }
    }
}
