//! The contents of a received error: the bytes of the status, and the parts that were found in it.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::catalog::code::class_of;
use crate::catalog::{Catalog, Entry, GrpcCode, tables};
use crate::inbound::findings::{note_code, note_details};
use crate::inbound::head::{EmbeddedStatus, reconcile_code_field};
use crate::inbound::identity::{first_info, identity};
use crate::inbound::note::{Note, Notes};
use crate::inbound::parts::ReceivedParts;
use crate::inbound::place::{InfoAt, range_in};
use crate::inbound::retry_hints::RetryHints;
use crate::wire::info::Info;

/// The contents of a received error.
#[derive(Clone)]
pub(super) struct ReceivedData {
    pub(super) catalog: &'static Catalog,
    /// Whether the code is of the domain of the catalogue, or has no domain.
    pub(super) is_own: bool,
    pub(super) entry: Option<&'static Entry>,
    pub(super) grpc_code: GrpcCode,
    pub(super) message: Message,
    /// The encoded `google.rpc.Status`.
    pub(super) status: Bytes,
    pub(super) code: Option<u32>,
    /// The ErrorInfo that contains the code, else the first ErrorInfo, as its place in `status`.
    info: Option<InfoAt>,
    pub(super) http_status: Option<u16>,
    pub(super) retry: RetryHints,
    notes: EarlyNotes,
    /// All notes, after a caller asked for them.
    all_notes: OnceLock<Notes>,
}

/// The message of an error.
#[derive(Clone)]
pub(super) enum Message {
    /// The range of the message in the status, if the header and the status contain the same message.
    Embedded(Range<usize>),
    Other(String),
}

/// The notes that are made while an error is read. The notes about its details are made when a caller asks for them.
#[derive(Clone, Default)]
struct EarlyNotes {
    /// About the header, and about gRPC code and message in the details.
    head: Notes,
    /// About the ASCII field.
    code_field: Notes,
    /// About HTTP.
    http: Notes,
}

impl ReceivedData {
    /// Interprets the parts of a failure.
    pub(super) fn read(parts: ReceivedParts<'_>, catalog: &'static Catalog) -> Box<Self> {
        let ReceivedParts { grpc_code, message, details: status, code_field, mut notes } = parts;
        let head = EmbeddedStatus::read(&status, &mut notes);
        let grpc_code = head.reconcile_code(grpc_code, &mut notes);
        let message = match head.reconcile_message(message, &mut notes) {
            Some(message) => Message::Other(message.into_owned()),
            None => Message::Embedded(range_in(&status, head.message())),
        };
        if grpc_code == GrpcCode::Ok && !status.is_empty() {
            notes.push(Note::OkWithDetails);
        }

        let found = identity(&status, catalog);
        let mut notes = EarlyNotes { head: notes, ..EarlyNotes::default() };
        let code = reconcile_code_field(found.map(|f| f.code), code_field, &mut notes.code_field);
        // Without a code, an ErrorInfo of any domain still contains a reason, a domain and metadata.
        let info = found.map(|f| f.info).or_else(|| code.is_none().then(|| first_info(&status)).flatten());
        let is_own = info.is_none_or(|info| info.is_of(catalog.domain()));
        let entry = code.filter(|_| is_own).and_then(|code| catalog.by_code(code));
        let info = info.map(|info| InfoAt::new(&info, &status));

        Box::new(Self {
            catalog,
            is_own,
            entry,
            grpc_code,
            message,
            status,
            code,
            info,
            http_status: None,
            retry: RetryHints::default(),
            notes,
            all_notes: OnceLock::new(),
        })
    }

    /// Adds the HTTP status that the body contains, and the one of the response.
    #[cfg(feature = "gateway")]
    pub(super) fn add_http_status(&mut self, body: Option<u16>, answer: Option<u16>) {
        let class = self.code.map(class_of).or(body);
        for received in body.into_iter().chain(answer.filter(|answer| Some(*answer) != body)) {
            if let Some(class) = class
                && class != received
            {
                self.notes.http.push(Note::HttpStatusContradiction { class, received });
            }
        }
        self.http_status = body.or(answer);
    }

    pub(super) fn info(&self) -> Option<Info<'_>> {
        self.info.as_ref()?.read(&self.status)
    }

    pub(super) fn message(&self) -> &str {
        match &self.message {
            Message::Embedded(range) => {
                self.status.get(range.clone()).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
            }
            Message::Other(message) => message,
        }
    }

    /// Returns the class of the code, else the HTTP status of an error, else the class of the gRPC code.
    pub(super) fn class(&self) -> u16 {
        match (self.code, self.http_status) {
            (Some(code), _) => class_of(code),
            (None, Some(status @ 400..=599)) => status,
            (None, _) => tables::grpc_to_class(self.grpc_code),
        }
    }

    pub(super) fn notes(&self) -> &Notes {
        self.all_notes.get_or_init(|| self.find_notes())
    }

    fn find_notes(&self) -> Notes {
        let mut notes = self.notes.head.clone();
        note_details(&self.status, identity(&self.status, self.catalog), self.catalog.domain(), &mut notes);
        notes.extend(&self.notes.code_field);
        if let Some(code) = self.code {
            note_code(code, self.entry, self.grpc_code, self.is_own, self.info().as_ref(), &mut notes);
        }
        notes.extend(&self.notes.http);
        notes
    }
}
