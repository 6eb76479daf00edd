//! The types of declared parameters, and their text in metadata.

use std::borrow::Cow;
use std::time::SystemTime;

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

/// What a field can be that is a declared parameter of an error: `#[param]` of
/// `#[derive(ApiError)]`.
///
/// Every [`ParamValue`] is one, so implement that for a type of your own. From std come those that lose nothing:
///
/// | parameter | field |
/// |---|---|
/// | string | `String`, `&'static str`, `Cow<'static, str>` |
/// | int64 | `i64`, `i32`, `i16`, `i8`, `u32`, `u16`, `u8` |
/// | bool | `bool` |
/// | timestamp | [`Timestamp`], [`SystemTime`] |
/// | duration | [`Duration`], [`std::time::Duration`] up to protobuf's 10,000 years |
///
/// and an `Option` of any of them: `None` is not sent. `u64` and `usize` are missing because an int64 cannot
/// hold all of their values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter",
    label = "not the type of a parameter",
    note = "a parameter is a string, an integer that always fits an i64, a bool, a timestamp, a duration, or an `Option` of one",
    note = "implement `codelibra::params::ParamValue` for a type of your own"
)]
pub trait ToParam {
    /// The kind that the catalogue has to declare for it.
    const KIND: ParamKind;

    /// The text of the value; `None` where there is none to send.
    fn to_param(&self) -> Option<std::string::String>;
}

impl<T: ParamValue> ToParam for T {
    const KIND: ParamKind = T::KIND;

    fn to_param(&self) -> Option<std::string::String> {
        Some(self.to_text())
    }
}

impl<T: ToParam> ToParam for Option<T> {
    const KIND: ParamKind = T::KIND;

    fn to_param(&self) -> Option<std::string::String> {
        self.as_ref()?.to_param()
    }
}

macro_rules! to_param {
    ($($type:ty: $kind:ident = |$value:ident| $text:expr;)*) => {$(
        impl ToParam for $type {
            const KIND: ParamKind = ParamKind::$kind;

            fn to_param(&self) -> Option<std::string::String> {
                let $value = self;
                Some($text)
            }
        }
    )*};
}

to_param! {
    &str: String = |text| (*text).to_owned();
    Cow<'_, str>: String = |text| text.clone().into_owned();
    i32: Int64 = |number| number.to_string();
    i16: Int64 = |number| number.to_string();
    i8: Int64 = |number| number.to_string();
    u32: Int64 = |number| number.to_string();
    u16: Int64 = |number| number.to_string();
    u8: Int64 = |number| number.to_string();
    SystemTime: Timestamp = |time| Timestamp::from(*time).to_text();
    std::time::Duration: Duration = |time| Duration::try_from(*time).unwrap_or(LONGEST).to_text();
}

/// What `google.protobuf.Duration` holds at most: some 10,000 years.
const LONGEST: Duration = Duration { seconds: 315_576_000_000, nanos: 0 };

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
