//! The members of a JSON body: which of them belong to an error, and in which form.

use std::borrow::Cow;

use super::json::{self, Json};
use crate::catalog::GrpcCode;
use crate::catalog::code::is_code;
use crate::inbound::note::{Note, Notes, excerpt};

macro_rules! members {
    ($($field:ident = $name:literal,)*) => {
        /// The members of an error object in any form. A member that is `null` counts as absent, as in ProtoJSON.
        #[derive(Clone, Copy, Default)]
        pub(super) struct Members<'a> {
            $(pub(super) $field: Option<Json<'a>>,)*
            /// The whole object.
            text: &'a str,
        }

        impl<'a> Members<'a> {
            /// Sets a member. If a member occurs twice, the last one is used, as by most readers (RFC 8259 §4), unless it is
            /// `null`.
            fn set(&mut self, name: &str, value: Json<'a>, notes: &mut Notes) {
                let member = match name {
                    $($name => &mut self.$field,)*
                    _ => return,
                };
                if member.is_some() {
                    notes.push(Note::InvalidBody(format!("the member {name:?} occurs twice; the last one that is not null is used")));
                }
                if !value.is_null() {
                    *member = Some(value);
                }
            }
        }
    };
}

members! {
    code = "code",
    reason = "reason",
    message = "message",
    domain = "domain",
    metadata = "metadata",
    details = "details",
    shed = "shed",
    request_id = "requestId",
    error = "error",
    status = "status",
    kind = "type",
    title = "title",
    detail = "detail",
}

/// The meaning of the member `code`. The ranges do not overlap, so the number is enough to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Ours: native, problem.
    Six(u32),
    /// An HTTP status: AIP-193, Kratos.
    Http(u16),
    /// A gRPC code, by number or by name: rpc status, Connect.
    Grpc(GrpcCode),
}

impl<'a> Members<'a> {
    /// Reads an object up to the first fault. `None` if the text does not begin with an object.
    pub(super) fn read(text: &'a str, notes: &mut Notes) -> Option<Self> {
        if !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        let mut members = Self { text, ..Self::default() };
        if let Err(fault) = json::members(text, |name, value| members.set(&name, value, notes)) {
            notes.push(Note::InvalidBody(format!("the body is not valid JSON: {fault}")));
        }
        Some(members)
    }

    /// Reads a body: an object, or the last element with an error of an array, which Google's streamed REST responses are:
    /// `[{…},{"error":{…}}]`.
    pub(super) fn read_body(text: &'a str, notes: &mut Notes) -> Option<Self> {
        if !text.trim_ascii_start().starts_with('[') {
            return Self::read(text, notes);
        }
        let mut last: Option<Json<'_>> = None;
        let read = json::values(text, |element| {
            if has_error(element) {
                last = Some(element);
            }
        });
        let last = last?;
        if let Err(fault) = read
            && !last.is_cut()
        {
            notes.push(Note::InvalidBody(format!("the body is not valid JSON: {fault}")));
        }
        Self::read(last.get(), notes)
    }

    /// The object in the member `error`, in AIP-193 and at the end of a Connect stream.
    pub(super) fn inner(&self, notes: &mut Notes) -> Option<Self> {
        self.error.filter(|error| error.is_object()).and_then(|error| Self::read(error.get(), notes))
    }

    /// Whether the object is an error in one of the forms, and not some other JSON.
    pub(super) fn is_error(&self) -> bool {
        self.code.is_some() || self.http_status().is_some() || self.is_problem() || self.is_named()
    }

    /// Whether the object has a reason or a domain, and a second text: these identify an error without a code.
    fn is_named(&self) -> bool {
        let texts = [self.reason, self.domain, self.message];
        let is_identified = [self.reason, self.domain].into_iter().flatten().any(Json::is_string);
        is_identified && texts.into_iter().flatten().filter(|text| text.is_string()).count() > 1
    }

    /// Whether the object is a problem without a code (RFC 9457 §3.1). The RFC requires no member. Without a title, or with
    /// neither type nor status, a problem cannot be distinguished from other JSON.
    pub(super) fn is_problem(&self) -> bool {
        self.code.is_none() && self.title.is_some() && (self.kind.is_some() || self.http_status().is_some())
    }

    /// Calls `each` with every member, also with members of no form.
    pub(super) fn for_each(&self, each: impl FnMut(Cow<'a, str>, Json<'a>)) {
        // There is a note of a fault already, from reading the object.
        let _ = json::members(self.text, each);
    }

    pub(super) fn code(&self, notes: &mut Notes) -> Option<Code> {
        let code = self.code?;
        let text = code.string();
        if let Some(named) = text.as_deref().and_then(GrpcCode::from_name) {
            return Some(Code::Grpc(named));
        }
        let Some(number) = text.as_deref().map_or_else(|| number(code.get()), |text| text.parse().ok())
        else {
            notes.push(Note::InvalidBody(format!(
                "the member \"code\" is {}; expected an error code, an HTTP status or a gRPC code",
                excerpt(code.get())
            )));
            return None;
        };
        let found = match u32::try_from(number) {
            Ok(code) if is_code(code) => Some(Code::Six(code)),
            _ => match number {
                400..=599 => u16::try_from(number).ok().map(Code::Http),
                _ => i64::try_from(number).ok().and_then(GrpcCode::from_number).map(Code::Grpc),
            },
        };
        if found.is_none() {
            notes.push(Note::InvalidCode(number));
        }
        found
    }

    /// The member `status` as an HTTP status: RFC 9457.
    pub(super) fn http_status(&self) -> Option<u16> {
        let number = number(self.status?.get()).filter(|status| (400..=599).contains(status))?;
        u16::try_from(number).ok()
    }

    /// The member `status` as the name of a gRPC code: AIP-193.
    pub(super) fn grpc_status(&self) -> Option<GrpcCode> {
        GrpcCode::from_name(&self.status?.string()?)
    }

    /// The message; a problem's `detail`, else its `title`.
    pub(super) fn message(&self) -> Option<Cow<'a, str>> {
        [self.message, self.detail, self.title].into_iter().flatten().find_map(Json::string)
    }
}

/// Whether a value is an object with an object under `error`.
fn has_error(value: Json<'_>) -> bool {
    let mut found = false;
    if value.is_object() {
        // Of an object that is cut, the members before the cut are read.
        let _ = json::members(value.get(), |name, value| found |= name == "error" && value.is_object());
    }
    found
}

/// A whole number that is not negative. JSON allows `403003`, `403003.0` and `4.03003e5`.
fn number(text: &str) -> Option<u64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    // Every code is far below 2^32, up to which a f64 is exact.
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return None;
    }
    format!("{number:.0}").parse().ok()
}
