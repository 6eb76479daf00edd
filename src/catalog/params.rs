//! The types of declared parameters, and their text in metadata.

use std::borrow::Cow;
use std::time::SystemTime;

pub use prost_types::{Duration, Timestamp};

use std::ops::RangeInclusive;

use crate::catalog::ParamKind;
use crate::catalog::timestamp::TimestampText;

/// Any text.
pub type String = std::string::String;
/// A decimal 64-bit signed integer.
pub type Int64 = i64;
/// `true` or `false`.
pub type Bool = bool;

/// A value that metadata can carry as text.
///
/// ```
/// use codelibra::ParamKind;
/// use codelibra::params::ParamValue;
///
/// #[derive(Debug, PartialEq)]
/// struct OrderId(i64);
///
/// impl ParamValue for OrderId {
///     const KIND: ParamKind = ParamKind::Int64;
///
///     fn to_text(&self) -> String {
///         self.0.to_string()
///     }
///
///     fn from_text(text: &str) -> Option<Self> {
///         text.parse().ok().map(Self)
///     }
/// }
///
/// assert_eq!(OrderId(7).to_text(), "7");
/// assert_eq!(OrderId::from_text("7"), Some(OrderId(7)));
/// assert_eq!(OrderId::from_text("seven"), None);
/// ```
pub trait ParamValue: Sized {
    /// The kind that the catalogue declares for it.
    const KIND: ParamKind;

    /// The text, as the kind prescribes it.
    fn to_text(&self) -> std::string::String;

    /// Calls `read` with the text. A kind whose text needs no allocation overrides it.
    fn with_text<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        read(&self.to_text())
    }

    /// The value of a text; `None` where it does not fit the kind.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! param_values {
    ($($type:ident, |$value:ident, $read:ident| $with_text:expr;)*) => {$(
        impl ParamValue for $type {
            const KIND: ParamKind = ParamKind::$type;

            fn to_text(&self) -> std::string::String {
                self.to_string()
            }

            fn with_text<R>(&self, $read: impl FnOnce(&str) -> R) -> R {
                let $value = self;
                $with_text
            }

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

param_values! {
    String, |text, read| read(text);
    Int64, |number, read| {
        let (text, start) = decimal(*number);
        read(text.get(start..).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default())
    };
    Bool, |is_set, read| read(if *is_set { "true" } else { "false" });
}

/// Writes a number at the end of an array. Returns the array and where the text starts. The longest text is that of
/// `i64::MIN`: a sign and 19 digits.
fn decimal(number: i64) -> ([u8; 20], usize) {
    let mut text = [b'-'; 20];
    let mut start = text.len();
    let mut rest = number.unsigned_abs();
    for (at, byte) in text.iter_mut().enumerate().rev() {
        *byte = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        start = at;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    (text, if number < 0 { start - 1 } else { start })
}

/// What RFC 3339 can write: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
const TIMESTAMP_SECONDS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The longest `google.protobuf.Duration`, some 10,000 years, in seconds.
pub(crate) const MAX_DURATION_SECONDS: i64 = 315_576_000_000;
/// The seconds that `google.protobuf.Duration` can contain.
const DURATION_SECONDS: RangeInclusive<i64> = -MAX_DURATION_SECONDS..=MAX_DURATION_SECONDS;

/// A time outside the years 1 to 9999 is written as the nearest inside.
impl ParamValue for Timestamp {
    const KIND: ParamKind = ParamKind::Timestamp;

    fn to_text(&self) -> std::string::String {
        self.with_text(str::to_owned)
    }

    fn with_text<R>(&self, read: impl FnOnce(&str) -> R) -> R {
        let Self { seconds, nanos } = self.normalized();
        let (first, last) = TIMESTAMP_SECONDS.into_inner();
        let text = match seconds {
            _ if seconds < first => TimestampText::new(first, 0),
            _ if seconds > last => TimestampText::new(last, 999_999_999),
            _ => TimestampText::new(seconds, nanos),
        };
        read(text.as_str())
    }

    fn from_text(text: &str) -> Option<Self> {
        // prost-types reads more than RFC 3339: a date alone, a space in place of the T.
        let rest = shaped(text.as_bytes(), b"0000-00-00T00:00:00")?;
        let offset = fraction(rest)?;
        let whole = matches!(offset, b"Z" | b"z") || shaped(offset.get(1..)?, b"00:00")?.is_empty();
        let time: Self = text.parse().ok().filter(|_| whole)?;
        TIMESTAMP_SECONDS.contains(&time.seconds).then_some(time)
    }
}

/// A duration that is longer than `google.protobuf.Duration` allows, about 10,000 years, is written as the longest allowed one.
impl ParamValue for Duration {
    const KIND: ParamKind = ParamKind::Duration;

    fn to_text(&self) -> std::string::String {
        // The duration is normalized. Otherwise prost-types uses the sign of one part as the sign of the whole duration.
        let Self { seconds, nanos } = self.normalized();
        let (first, last) = DURATION_SECONDS.into_inner();
        let nearest = match seconds {
            _ if seconds <= first => Self { seconds: first, nanos: 0 },
            _ if seconds >= last => Self { seconds: last, nanos: 0 },
            _ => Self { seconds, nanos },
        };
        nearest.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text).trim_start_matches(|c: char| c.is_ascii_digit());
        let whole = fraction(digits.as_bytes())? == b"s";
        let duration: Self = text.parse().ok().filter(|_| whole)?;
        DURATION_SECONDS.contains(&duration.seconds).then_some(duration)
    }
}

/// What follows text of this shape, in which `0` is any digit.
fn shaped<'a>(text: &'a [u8], shape: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(shape.len())?;
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte.eq_ignore_ascii_case(other),
    };
    head.iter().zip(shape).all(fits).then_some(rest)
}

/// Returns the text after a decimal point and one to nine digits. Without a decimal point, returns the whole text.
fn fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(text) = text.strip_prefix(b".") else { return Some(text) };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&digits).then(|| text.get(digits..)).flatten()
}

/// The type of a field that is a declared parameter of an error: `#[param]` of `#[derive(ApiError)]`.
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
///
/// ```
/// use std::time::Duration;
///
/// use codelibra::params::ToParam;
///
/// assert_eq!(Duration::from_millis(1500).to_param().as_deref(), Some("1.500s"));
/// assert_eq!(None::<i64>.to_param(), None);
/// ```
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

const LONGEST: Duration = Duration { seconds: MAX_DURATION_SECONDS, nanos: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_written_as_std_writes_it() {
        for number in [0, 7, -7, 10, 99, 100, -1_000_000, i64::MAX, i64::MIN, i64::MIN + 1] {
            number.with_text(|text| assert_eq!(text, number.to_string()));
        }
    }
}
