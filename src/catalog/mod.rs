//! The catalogue: codes and their classes, the three tables, the entries of one domain and their lookup, their parameters,
//! and the macros that a generated module calls.

pub(crate) mod code;
pub mod encode;
mod grpc_code;
mod index;
mod macros;
pub mod params;
pub mod tables;
mod timestamp;

pub use code::{CatalogCode, CodeNumber, InvalidCode};
pub use grpc_code::GrpcCode;

use std::fmt;
use std::sync::OnceLock;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::catalog::index::Index;
use crate::catalog::params::ParamValue;

/// The entries of one domain. A generated module has one as `CATALOG`.
///
/// ```
/// use codelibra::CATALOG;
///
/// let entry = CATALOG.by_code(403_003).unwrap();
/// assert_eq!((entry.name, entry.reason), ("UserBanned", "USER_BANNED"));
/// assert_eq!(CATALOG.by_name("UserBanned"), CATALOG.by_reason("USER_BANNED"));
/// ```
pub struct Catalog {
    domain: &'static str,
    pages: &'static str,
    entries: &'static [Entry],
    fallback: &'static [(GrpcCode, u32)],
    index: OnceLock<Index>,
}

impl Catalog {
    /// Makes a catalogue of entries that follow the rules; `codelibra-build` checks them.
    ///
    /// `pages` is the address of the documentation of the codes: the page of 403003 is `{pages}/403003`.
    pub const fn new(domain: &'static str, pages: &'static str, entries: &'static [Entry]) -> Self {
        Self { domain, pages, entries, fallback: &[], index: OnceLock::new() }
    }

    /// Sets the codes for failures without a code, by their gRPC code; `codelibra-build` checks them. It is the option
    /// `fallback` of the catalogue, and the default of a layer's [`Fallback`](crate::Fallback).
    #[must_use]
    pub const fn with_fallback(self, fallback: &'static [(GrpcCode, u32)]) -> Self {
        let Self { domain, pages, entries, .. } = &self;
        let catalog = Self { domain, pages, entries, fallback, index: OnceLock::new() };
        // A const function cannot drop the index, which is empty.
        std::mem::forget(self);
        catalog
    }

    /// Makes a catalogue at run time, of entries that follow the rules. It lives as long as the process.
    ///
    /// `fallback` is as for [`with_fallback`](Self::with_fallback), and may be empty.
    pub fn leak(
        domain: &'static str,
        pages: &'static str,
        mut entries: Vec<Entry>,
        fallback: Vec<(GrpcCode, u32)>,
    ) -> &'static Self {
        for entry in &mut entries {
            let mut attached = vec![0; encode::attached_len(entry)];
            encode::write_attached(entry, &mut attached);
            entry.attached = attached.leak();
            let mut details = vec![0; encode::details_len(entry)];
            encode::write_details(entry, &mut details);
            entry.details = details.leak();
        }
        Box::leak(Box::new(Self::new(domain, pages, entries.leak()).with_fallback(fallback.leak())))
    }

    /// Returns the domain of the codes, such as `shop.example.com`.
    pub const fn domain(&self) -> &'static str {
        self.domain
    }

    /// Returns the address of the documentation of the codes, without a `/` at the end; may be empty.
    pub const fn pages(&self) -> &'static str {
        self.pages
    }

    /// Returns the entries, in the order of their codes.
    pub const fn entries(&self) -> &'static [Entry] {
        self.entries
    }

    /// Returns the codes for failures without a code, by their gRPC code. If a gRPC code is missing, the code is the `CCC000`
    /// of [`tables::grpc_to_class`].
    pub const fn fallback(&self) -> &'static [(GrpcCode, u32)] {
        self.fallback
    }

    /// Returns the entry of a six-digit number. The lookup takes the same time in a catalogue of any size.
    #[inline]
    pub fn by_code(&self, code: u32) -> Option<&'static Entry> {
        self.index().by_code(code)
    }

    /// Returns the entry of a name such as `UserBanned`.
    pub fn by_name(&self, name: &str) -> Option<&'static Entry> {
        self.index().by_name(name)
    }

    /// Returns the entry of a reason such as `USER_BANNED`.
    pub fn by_reason(&self, reason: &str) -> Option<&'static Entry> {
        self.index().by_reason(reason)
    }

    #[inline]
    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(self.entries))
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Catalog({}, {} entries)", self.domain, self.entries.len())
    }
}

/// One row of a catalogue.
///
/// ```
/// use codelibra::{ErrorCode, GrpcCode};
///
/// let entry = ErrorCode::USER_BANNED.entry().unwrap();
/// assert_eq!((entry.code, entry.reason), (403_003, "USER_BANNED"));
/// assert_eq!((entry.class(), entry.grpc_code), (403, GrpcCode::PermissionDenied));
/// assert_eq!(entry.summary, "This user has been banned.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The code, a number of six digits.
    pub code: u32,
    /// The name, such as `UserBanned`.
    pub name: &'static str,
    /// The reason, such as `USER_BANNED` (AIP-193).
    pub reason: &'static str,
    /// The domain of the catalogue.
    pub domain: &'static str,
    /// The default public message, one sentence.
    pub summary: &'static str,
    /// What happened; may be empty. Each of several causes is a line.
    pub cause: &'static str,
    /// What the caller should do next; may be empty. Each of several resolutions is a line.
    pub resolution: &'static str,
    /// The next step, for programs.
    pub recovery: Recovery,
    /// The declared metadata keys.
    pub params: &'static [Param],
    /// The gRPC code: usually the one of the class in [`tables::class_to_grpc`]. An entry can have another one.
    pub grpc_code: GrpcCode,
    /// The version that introduced the entry; may be empty.
    pub since: &'static str,
    /// The version that deprecated the entry; empty if it is not deprecated.
    pub deprecated: &'static str,
    /// The reason of the entry to use instead; may be empty.
    pub replaced_by: &'static str,
    /// The encoded details that every error of this entry has besides the two ErrorInfos. A generated module and
    /// [`Catalog::leak`] fill it; in an entry that you write, it is empty.
    #[doc(hidden)]
    pub attached: &'static [u8],
    /// The encoded `google.rpc.Status` with the default message. Filled as `attached` is.
    #[doc(hidden)]
    pub details: &'static [u8],
}

impl Entry {
    /// Returns the HTTP status, which is the class of the code.
    pub const fn class(&self) -> u16 {
        code::class_of(self.code)
    }

    /// Returns the code as a [`CodeNumber`].
    ///
    /// ```
    /// use codelibra::ErrorCode;
    ///
    /// let entry = ErrorCode::USER_BANNED.entry().unwrap();
    /// assert_eq!(entry.number().http_status(), 403);
    /// ```
    pub const fn number(&self) -> CodeNumber {
        CodeNumber::from_any(self.code)
    }
}

/// Serializes the number.
impl Serialize for GrpcCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

/// Serializes the row as `codelibra list --format json` prints it.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Entry", 15)?;
        row.serialize_field("code", &self.code)?;
        row.serialize_field("name", self.name)?;
        row.serialize_field("reason", self.reason)?;
        row.serialize_field("domain", self.domain)?;
        row.serialize_field("http_status", &self.class())?;
        row.serialize_field("grpc_code", &self.grpc_code)?;
        row.serialize_field("grpc_status", self.grpc_code.name())?;
        row.serialize_field("summary", self.summary)?;
        row.serialize_field("cause", self.cause)?;
        row.serialize_field("resolution", self.resolution)?;
        row.serialize_field("recovery", self.recovery.name())?;
        row.serialize_field("params", self.params)?;
        row.serialize_field("since", self.since)?;
        row.serialize_field("deprecated", self.deprecated)?;
        row.serialize_field("replaced_by", self.replaced_by)?;
        row.end()
    }
}

/// A declared metadata key.
///
/// ```
/// use codelibra::{ErrorCode, ParamKind};
///
/// let [param] = ErrorCode::LOCKED_OUT.entry().unwrap().params else { panic!() };
/// assert_eq!((param.name, param.kind), ("locked_until", ParamKind::Timestamp));
/// assert!(param.kind.accepts("2026-01-31T09:30:00Z"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Param {
    /// The key.
    pub name: &'static str,
    /// The type of the value.
    #[serde(rename = "type")]
    pub kind: ParamKind,
    /// The meaning of the value, with its unit.
    pub description: &'static str,
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name, as the catalogue prints it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the value of a name. The case of the letters is ignored.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.name().eq_ignore_ascii_case(name))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        /// Serializes the name.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

named! {
    /// The next step that a program can take.
    ///
    /// ```
    /// use codelibra::{ErrorCode, Recovery};
    ///
    /// let entry = ErrorCode::LOCKED_OUT.entry().unwrap();
    /// assert_eq!(entry.recovery, Recovery::Wait);
    /// assert_eq!(Recovery::from_name("wait"), Some(Recovery::Wait));
    /// ```
    Recovery {
        /// Change the request, then send it again.
        FixRequest = "FIX_REQUEST",
        /// Sign in, then send it again.
        Authenticate = "AUTHENTICATE",
        /// Prove more about the user.
        StepUp = "STEP_UP",
        /// Wait until the time in the error's metadata.
        Wait = "WAIT",
        /// Read the state again; the caller's copy is stale.
        Refresh = "REFRESH",
        /// Ask the user to accept the terms.
        AcceptTerms = "ACCEPT_TERMS",
        /// Send the same request again, after a pause.
        Retry = "RETRY",
        /// A person has to solve the problem.
        ContactSupport = "CONTACT_SUPPORT",
        /// There is no next step.
        None = "NONE",
    }
}

named! {
    /// The type of a metadata value, which is sent as text.
    ///
    /// ```
    /// use codelibra::ParamKind;
    ///
    /// assert_eq!(ParamKind::Duration.name(), "duration");
    /// assert!(ParamKind::Duration.accepts("1.5s"));
    /// assert!(!ParamKind::Duration.accepts("1.5"));
    /// ```
    ParamKind {
        /// Any text.
        String = "string",
        /// A decimal 64-bit signed integer.
        Int64 = "int64",
        /// `true` or `false`.
        Bool = "bool",
        /// A time in the format of RFC 3339.
        Timestamp = "timestamp",
        /// A number of seconds and an `s`, such as `1.5s` (ProtoJSON).
        Duration = "duration",
    }
}

impl ParamKind {
    /// Returns whether a text is a value of this kind.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Int64 => params::Int64::from_text(text).is_some(),
            Self::Bool => params::Bool::from_text(text).is_some(),
            Self::Timestamp => params::Timestamp::from_text(text).is_some(),
            Self::Duration => params::Duration::from_text(text).is_some(),
        }
    }

    /// Returns a description of a value of this kind, for messages about an invalid value.
    pub const fn example(self) -> &'static str {
        match self {
            Self::String => "any text",
            Self::Int64 => "a decimal 64-bit integer such as 500",
            Self::Bool => "true or false",
            Self::Timestamp => "RFC 3339 such as 2026-01-31T09:30:00Z",
            Self::Duration => "seconds and an s, such as 1.5s",
        }
    }
}
