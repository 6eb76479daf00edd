//! The table of cases: every combination of who made a failure, its identity, class, message, metadata and details, and the
//! boundary. Each part that may be private contains a text of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use codelibra::{CATALOG, Catalog, Entry, Param, ParamKind};
use prost::Message;
use tonic::{Code, Status};

/// The texts of the parts. None is contained in another.
pub(crate) const MESSAGE: &str = "cAnArY in the message";
pub(crate) const DETAIL: &str = "cAnArY in a detail";
pub(crate) const METADATA: &str = "cAnArY in the metadata";
pub(crate) const CAUSE: &str = "cAnArY in the cause";
pub(crate) const REASON: &str = "REASON_OF_ANOTHER_SERVICE";
/// The value of a parameter that is not text.
pub(crate) const LIMIT: &str = "7390155";

pub(crate) const OWN: &str = "codelibra";
pub(crate) const ALLOWED: &str = "allowed.example.com";
pub(crate) const FOREIGN: &str = "foreign.example.com";

/// The id in the request, and another one.
pub(crate) const ID: &str = "caller-17";
pub(crate) const OTHER_ID: &str = "origin-9";

/// Who made a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Own,
    Forwarded,
    Received,
}

/// The domain, and whether there is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A code of the service's catalogue.
    Listed,
    /// A number of the service's domain that its catalogue does not list.
    Unlisted,
    /// A number of a domain that the boundary allows.
    Allowed,
    /// A number of any other domain.
    Foreign,
    /// A number without a domain.
    NoDomain,
    /// No number, but a reason of the service's domain.
    ReasonOfOwn,
    ReasonOfAllowed,
    ReasonOfForeign,
    ReasonAlone,
    /// Nothing that identifies the failure.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    NotFound,
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    Internal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    Nothing,
    Help,
    DebugInfo,
    DebugInfoInAny,
    /// google.rpc.RequestInfo with serving_data, and with the id of the request or another one.
    RequestInfo,
    OtherRequestInfo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Nothing,
    /// A declared parameter that is text.
    Text,
    /// A declared parameter that is a number.
    Number,
    Undeclared,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) identity: Identity,
    pub(crate) class: Class,
    pub(crate) reach: Reach,
    pub(crate) has_message: bool,
    pub(crate) attached: Attached,
    pub(crate) given: Given,
}

const IDENTITIES: [Identity; 10] = [
    Identity::Listed,
    Identity::Unlisted,
    Identity::Allowed,
    Identity::Foreign,
    Identity::NoDomain,
    Identity::ReasonOfOwn,
    Identity::ReasonOfAllowed,
    Identity::ReasonOfForeign,
    Identity::ReasonAlone,
    Identity::Nothing,
];
const CLASSES: [Class; 2] = [Class::NotFound, Class::Unavailable];
pub(crate) const REACHES: [Reach; 2] = [Reach::Public, Reach::Internal];
const ATTACHED: [Attached; 6] = [
    Attached::Nothing,
    Attached::Help,
    Attached::DebugInfo,
    Attached::DebugInfoInAny,
    Attached::RequestInfo,
    Attached::OtherRequestInfo,
];
const GIVEN: [Given; 4] = [Given::Nothing, Given::Text, Given::Number, Given::Undeclared];

/// Every row of one kind.
pub(crate) fn rows(kind: Kind) -> Vec<Case> {
    let mut rows = Vec::new();
    for identity in IDENTITIES {
        for class in CLASSES {
            for reach in REACHES {
                for has_message in [false, true] {
                    for attached in ATTACHED {
                        for given in GIVEN {
                            rows.push(Case { kind, identity, class, reach, has_message, attached, given });
                        }
                    }
                }
            }
        }
    }
    rows
}

/// Chooses the form or the place in which a row is sent. Neither is part of the decision, so they take turns: each of them meets
/// each combination of message, details, metadata and boundary.
pub(crate) fn take_turns<T: Copy>(all: &[T], row: usize) -> T {
    /// The rows of one combination of all but details and metadata.
    const BLOCK: usize = ATTACHED.len() * GIVEN.len();
    // The step from block to block, 31, has no divisor in common with the numbers of forms and places.
    all[(row + row / BLOCK * 7) % all.len()]
}

/// The catalogue of the service: CodeLibra's, and for each class a code with both sorts of parameters.
pub(crate) static SERVICE: LazyLock<&Catalog> = LazyLock::new(|| {
    const PARAMS: &[Param] = &[
        Param { name: "note", kind: ParamKind::String, description: "A text." },
        Param { name: "limit", kind: ParamKind::Int64, description: "A number." },
    ];
    let entry = |code: u32, name, reason, summary| Entry {
        code,
        name,
        reason,
        summary,
        params: PARAMS,
        grpc_code: codelibra::tables::class_to_grpc(u16::try_from(code / 1000).unwrap()),
        ..CATALOG.entries()[0]
    };
    let mut entries = CATALOG.entries().to_vec();
    entries.push(entry(404_901, "TestGone", "TEST_GONE", "The test is gone."));
    entries.push(entry(503_901, "TestDown", "TEST_DOWN", "The test is down."));
    Catalog::leak(OWN, "", entries, CATALOG.fallback().to_vec())
});

impl Class {
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Unavailable => 503,
        }
    }

    pub(crate) const fn grpc_code(self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Unavailable => Code::Unavailable,
        }
    }
}

/// A detail: its type, its bytes, and its ProtoJSON.
pub(crate) type Detail = (&'static str, Vec<u8>, serde_json::Value);

const PREFIX: &str = "type.googleapis.com/";
pub(crate) const REQUEST_INFO: &str = "google.rpc.RequestInfo";

pub(crate) fn any(name: &str, value: Vec<u8>) -> prost_types::Any {
    prost_types::Any { type_url: format!("{PREFIX}{name}"), value }
}

/// codelibra.error.v1.ErrorInfo.
#[derive(Clone, PartialEq, Message)]
struct OurInfo {
    #[prost(uint32, tag = "1")]
    code: u32,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(string, tag = "3")]
    reason: String,
    #[prost(btree_map = "string, string", tag = "4")]
    metadata: BTreeMap<String, String>,
}

impl Case {
    pub(crate) fn number(&self) -> Option<u32> {
        let number = match self.identity {
            Identity::Listed | Identity::NoDomain => 901,
            Identity::Unlisted => 902,
            Identity::Allowed | Identity::Foreign => 903,
            _ => return None,
        };
        Some(u32::from(self.class.status()) * 1000 + number)
    }

    /// The domain that the failure contains.
    pub(crate) const fn domain(&self) -> &'static str {
        match self.identity {
            Identity::Listed | Identity::Unlisted | Identity::ReasonOfOwn => OWN,
            Identity::Allowed | Identity::ReasonOfAllowed => ALLOWED,
            Identity::Foreign | Identity::ReasonOfForeign => FOREIGN,
            Identity::NoDomain | Identity::ReasonAlone | Identity::Nothing => "",
        }
    }

    pub(crate) fn reason(&self) -> &'static str {
        match (self.identity, self.class) {
            (Identity::Listed | Identity::NoDomain, Class::NotFound) => "TEST_GONE",
            (Identity::Listed | Identity::NoDomain, Class::Unavailable) => "TEST_DOWN",
            (Identity::Unlisted | Identity::Nothing, _) => "",
            _ => REASON,
        }
    }

    pub(crate) const fn message(&self) -> &'static str {
        if self.has_message { MESSAGE } else { "" }
    }

    pub(crate) const fn metadata(&self) -> Option<(&'static str, &'static str)> {
        match self.given {
            Given::Nothing => None,
            Given::Text => Some(("note", METADATA)),
            Given::Number => Some(("limit", LIMIT)),
            Given::Undeclared => Some(("host", METADATA)),
        }
    }

    pub(crate) fn detail(&self) -> Option<Detail> {
        let debug = || codelibra::rpc::DebugInfo { stack_entries: vec![], detail: DETAIL.into() };
        let request = |id: &str| {
            let info = codelibra::rpc::RequestInfo { request_id: id.into(), serving_data: DETAIL.into() };
            (REQUEST_INFO, info.encode_to_vec(), serde_json::json!({"requestId": id, "servingData": DETAIL}))
        };
        Some(match self.attached {
            Attached::Nothing => return None,
            Attached::Help => {
                let link = codelibra::rpc::help::Link { description: DETAIL.into(), url: String::new() };
                let help = codelibra::rpc::Help { links: vec![link] }.encode_to_vec();
                ("google.rpc.Help", help, serde_json::json!({"links": [{"description": DETAIL}]}))
            }
            Attached::DebugInfo => {
                ("google.rpc.DebugInfo", debug().encode_to_vec(), serde_json::json!({"detail": DETAIL}))
            }
            Attached::DebugInfoInAny => (
                "google.protobuf.Any",
                any("google.rpc.DebugInfo", debug().encode_to_vec()).encode_to_vec(),
                serde_json::json!({"value": {"@type": format!("{PREFIX}google.rpc.DebugInfo"), "detail": DETAIL}}),
            ),
            Attached::RequestInfo => request(ID),
            Attached::OtherRequestInfo => request(OTHER_ID),
        })
    }

    /// The metadata of google.rpc.ErrorInfo, if the failure has one.
    pub(crate) fn google_info(&self) -> Option<tonic_types::pb::ErrorInfo> {
        let mut metadata: std::collections::HashMap<_, _> =
            self.metadata().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        metadata.extend(self.number().map(|number| ("code".to_owned(), number.to_string())));
        let (domain, reason) = (self.domain().to_owned(), self.reason().to_owned());
        let is_empty = metadata.is_empty() && domain.is_empty() && reason.is_empty();
        (!is_empty).then_some(tonic_types::pb::ErrorInfo { reason, domain, metadata })
    }

    /// The failure in gRPC's fields, as another library writes it.
    pub(crate) fn status(&self) -> Status {
        let mut details = Vec::new();
        if let Some(code) = self.number() {
            let metadata = self.metadata().into_iter().map(|(key, value)| (key.into(), value.into()));
            let (domain, reason) = (self.domain().into(), self.reason().into());
            let info = OurInfo { code, domain, reason, metadata: metadata.collect() };
            details.push(any("codelibra.error.v1.ErrorInfo", info.encode_to_vec()));
        }
        details.extend(self.google_info().map(|info| any("google.rpc.ErrorInfo", info.encode_to_vec())));
        details.extend(self.detail().map(|(name, value, _)| any(name, value)));
        let code = self.class.grpc_code();
        let message = self.message();
        if details.is_empty() {
            return Status::new(code, message);
        }
        let status = tonic_types::pb::Status { code: code.into(), message: message.into(), details };
        Status::with_details(code, message, status.encode_to_vec().into())
    }

    /// The failure as an error of this service, if one can be made.
    pub(crate) fn api_error(&self) -> Option<codelibra::ApiError> {
        let catalog = match self.identity {
            Identity::Listed | Identity::Unlisted => *SERVICE,
            Identity::Allowed => *ALLOWED_CATALOG,
            Identity::Foreign => *FOREIGN_CATALOG,
            _ => return None,
        };
        let mut error = codelibra::ApiError::from_catalog(catalog, self.number()?).unwrap();
        if self.has_message {
            error = error.with_message(MESSAGE);
        }
        if let Some((key, value)) = self.metadata() {
            error = error.with_metadata(key, value);
        }
        if let Some((name, value, _)) = self.detail() {
            error = error.with_raw_detail(&format!("{PREFIX}{name}"), &value);
        }
        Some(error)
    }
}

/// The summary of the entries of other catalogues.
pub(crate) const OTHER_SUMMARY: &str = "Another service failed.";

static ALLOWED_CATALOG: LazyLock<&Catalog> = LazyLock::new(|| other_catalog(ALLOWED));
static FOREIGN_CATALOG: LazyLock<&Catalog> = LazyLock::new(|| other_catalog(FOREIGN));

fn other_catalog(domain: &'static str) -> &'static Catalog {
    let entries = CLASSES.map(|class| Entry {
        code: u32::from(class.status()) * 1000 + 903,
        name: "ReasonOfAnotherService",
        reason: REASON,
        domain,
        summary: OTHER_SUMMARY,
        params: &[],
        grpc_code: codelibra::tables::class_to_grpc(class.status()),
        ..CATALOG.entries()[0]
    });
    Catalog::leak(domain, "", entries.to_vec(), vec![])
}
