//! Encodes the members of a body or of a detail as an ErrorInfo.

use std::borrow::Cow;

use super::json::{self, Json};
use super::members::Members;
use crate::inbound::note::{Note, Notes, excerpt};
use crate::wire::detail_writer;
use crate::wire::info::InfoKind;
use crate::wire::shed::ShedMarks;

/// The members of a body or of a detail that become an ErrorInfo.
#[derive(Clone, Copy, Default)]
pub(super) struct InfoMembers<'a> {
    code: Option<Json<'a>>,
    domain: Option<Json<'a>>,
    reason: Option<Json<'a>>,
    metadata: Option<Json<'a>>,
    /// The parts that were shed, in our ErrorInfo and in the native form.
    shed: Option<Json<'a>>,
}

impl<'a> InfoMembers<'a> {
    /// The members of a body. Its `code` is read separately.
    pub(super) fn from_members(members: &Members<'a>) -> Self {
        Self {
            code: None,
            domain: members.domain,
            reason: members.reason,
            metadata: members.metadata,
            shed: members.shed,
        }
    }

    pub(super) fn read(object: Option<Json<'a>>) -> Self {
        let mut info = Self::default();
        if let Some(object) = object {
            // A value that is not an object has no members.
            let _ = json::members(object.get(), |name, value| info.set(&name, value));
        }
        info
    }

    pub(super) fn set(&mut self, name: &str, value: Json<'a>) {
        match name {
            "code" => self.code = Some(value),
            "domain" => self.domain = Some(value),
            "reason" => self.reason = Some(value),
            "metadata" => self.metadata = Some(value),
            "shed" => self.shed = Some(value),
            _ => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.domain.is_none() && self.reason.is_none() && self.metadata.is_none()
    }

    /// The parts that were shed, as names or numbers, because ProtoJSON writes a repeated enum as either. Other values are
    /// ignored: the peer may use the member for something else.
    fn shed(&self) -> ShedMarks {
        let mut marks = ShedMarks::NONE;
        if let Some(shed) = self.shed {
            // Of an array that is cut, the elements before the cut are read.
            let _ = json::values(shed.get(), |value| match value.string() {
                Some(name) => {
                    marks.add_name(&name);
                }
                None => {
                    if let Ok(number) = value.get().parse() {
                        marks.add_number(number);
                    }
                }
            });
        }
        marks
    }

    /// The code of our ErrorInfo. ProtoJSON accepts a uint32 as a number or as a string.
    fn number(&self) -> Option<u64> {
        let code = self.code?;
        code.string().map_or_else(|| code.get().parse().ok(), |text| text.parse().ok())
    }
}

/// Appends an ErrorInfo as one `details` field. `code` is the code of the body, if `members` are those of the body.
pub(super) fn write_info(
    kind: InfoKind,
    members: &InfoMembers<'_>,
    code: Option<u32>,
    notes: &mut Notes,
    out: &mut Vec<u8>,
) {
    let domain = text_member("domain", members.domain, notes);
    let reason = text_member("reason", members.reason, notes);
    detail_writer::info_detail(kind, out, |info| {
        match (kind, code.map(u64::from).or_else(|| members.number())) {
            (InfoKind::Ours, Some(code)) => info.code(code),
            (InfoKind::Google, _) | (InfoKind::Ours, None) => {}
        }
        info.domain(&domain);
        info.reason(&reason);
        info.shed(members.shed());
        if let Some(metadata) = members.metadata.filter(|value| !value.is_null()) {
            let read = json::members(metadata.get(), |key, value| match value.string() {
                Some(text) => info.metadata(&key, &text),
                // There is a note already that the body is cut.
                None if value.is_cut() => {}
                None => {
                    info.metadata(&key, value.get());
                    notes.push(Note::InvalidBody(format!(
                        "the metadata value {:?} is not a string",
                        excerpt(&key)
                    )));
                }
            });
            if let Err(fault) = read {
                notes.push(Note::InvalidBody(format!(
                    "the member \"metadata\" is not a map of strings: {fault}"
                )));
            }
        }
    });
}

/// Appends a google.rpc.ErrorInfo with the type and the extension members of a problem (RFC 9457 §3.2). A member that is not
/// a string is kept as JSON.
pub(super) fn write_problem(problem: &Members<'_>, out: &mut Vec<u8>) {
    detail_writer::info_detail(InfoKind::Google, out, |info| {
        problem.for_each(|name, value| match &*name {
            "status" | "detail" | "details" | "message" => {}
            "type" if value.string().is_some_and(|kind| kind == "about:blank") => {}
            _ if value.is_cut() => {}
            _ => info.metadata(&name, &value.string().unwrap_or(Cow::Borrowed(value.get()))),
        });
    });
}

fn text_member<'a>(name: &str, value: Option<Json<'a>>, notes: &mut Notes) -> Cow<'a, str> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Cow::Borrowed("") };
    value.string().unwrap_or_else(|| {
        notes.push(Note::InvalidBody(format!("the member {name:?} is not a string")));
        Cow::Borrowed("")
    })
}
