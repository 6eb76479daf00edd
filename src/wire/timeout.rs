//! `grpc-timeout`: the time for which a caller waits.

use std::time::Duration;

/// Reads the value of the field. PROTOCOL-HTTP2.md ("Timeout"): at most eight digits and a unit. Returns `None` for any other
/// value.
pub(crate) fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(number * 60 * 60)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Writes a time in the smallest unit in which it has at most eight digits. It is rounded down; a time that is too long is cut.
#[cfg(feature = "retry")]
pub(crate) fn to_field(timeout: Duration) -> http::HeaderValue {
    let secs = u128::from(timeout.as_secs());
    let units = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (secs, 'S'),
        (secs / 60, 'M'),
        (secs / 3600, 'H'),
    ];
    let (number, unit) = units.into_iter().find(|(number, _)| *number <= MAX).unwrap_or((MAX, 'H'));
    // Digits and a letter are a valid value.
    http::HeaderValue::try_from(format!("{number}{unit}")).unwrap_or(http::HeaderValue::from_static("0n"))
}

/// The largest number of eight digits.
#[cfg(feature = "retry")]
const MAX: u128 = 99_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_the_specification_are_read() {
        assert_eq!(parse(b"3H"), Some(Duration::from_secs(10_800)));
        assert_eq!(parse(b"2M"), Some(Duration::from_secs(120)));
        assert_eq!(parse(b"99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(parse(b"250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse(b"7u"), Some(Duration::from_micros(7)));
        assert_eq!(parse(b"0n"), Some(Duration::ZERO));
        for wrong in ["", "S", "1", "-1S", "1.5S", "999999999S", "1s", "1 S"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[cfg(feature = "retry")]
    #[test]
    fn a_time_is_written_in_at_most_eight_digits() {
        for (time, text) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_999), "100000u"),
            (Duration::from_millis(1_500), "1500000u"),
            (Duration::from_secs(86_400), "86400000m"),
            (Duration::from_secs(100_000_000), "1666666M"),
            (Duration::MAX, "99999999H"),
        ] {
            assert_eq!(to_field(time), text);
            assert!(parse(text.as_bytes()).unwrap() <= time);
        }
    }
}
