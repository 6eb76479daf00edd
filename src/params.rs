//! The types of declared parameters, and their text in metadata.

pub use prost_types::{Duration, Timestamp};

use crate::ParamKind;

/// Any text.
pub type String = std::string::String;
/// A decimal 64-bit signed integer.
pub type Int64 = i64;
/// `true` or `false`.
pub type Bool = bool;

/// A value that metadata can carry as text.
pub trait ParamValue: Sized {
    /// The kind that the catalogue declares for it.
    const KIND: ParamKind;

    /// The text, as the kind prescribes it.
    fn to_text(&self) -> std::string::String;

    /// The value of a text; `None` where it does not fit the kind.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! param_values {
    ($($type:ident),*) => {$(
        impl ParamValue for $type {
            const KIND: ParamKind = ParamKind::$type;

            fn to_text(&self) -> std::string::String {
                self.to_string()
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

param_values!(String, Int64, Bool, Timestamp, Duration);

impl ParamKind {
    /// Whether a text is a value of this kind.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Int64 => Int64::from_text(text).is_some(),
            Self::Bool => Bool::from_text(text).is_some(),
            Self::Timestamp => Timestamp::from_text(text).is_some(),
            Self::Duration => Duration::from_text(text).is_some(),
        }
    }

    /// A value of this kind, to show what is expected.
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
