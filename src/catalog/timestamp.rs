//! Writes a time as RFC 3339. The text is the same as that of prost-types, and takes a tenth of the instructions.

/// The text of a time, at the start of an array, and its length.
pub(super) struct TimestampText {
    text: [u8; 30],
    len: usize,
}

impl TimestampText {
    /// Writes a time between the years 1 and 9999, in seconds from 1970 and nanoseconds. The fraction has 0, 3, 6 or 9 digits.
    pub(super) fn new(seconds: i64, nanos: i32) -> Self {
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let (days, second) = (seconds.div_euclid(86_400), unsigned(seconds.rem_euclid(86_400)));
        let (year, month, day) = date(days);
        let time = [second / 3600, second / 60 % 60, second % 60];
        write(&mut text, 0..4, year);
        for (at, number) in [5, 8, 11, 14, 17].into_iter().zip([month, day].into_iter().chain(time)) {
            write(&mut text, at..at + 2, number);
        }
        let nanos = unsigned(i64::from(nanos));
        let point = match nanos {
            0 => 19,
            _ if nanos.is_multiple_of(1_000_000) => 23,
            _ if nanos.is_multiple_of(1_000) => 26,
            _ => 29,
        };
        write(&mut text, 20..29, nanos);
        if let Some(end) = text.get_mut(point) {
            *end = b'Z';
        }
        Self { text, len: point + 1 }
    }

    pub(super) fn as_str(&self) -> &str {
        self.text.get(..self.len).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Writes the last digits of a number.
fn write(text: &mut [u8; 30], range: std::ops::Range<usize>, mut number: u64) {
    for digit in text.get_mut(range).unwrap_or_default().iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// Returns the year, the month and the day of a number of days from 1970-01-01, in the Gregorian calendar. Years are counted from
/// March, so that the leap day is the last day of a year. 400 years have 146,097 days.
fn date(days: i64) -> (u64, u64, u64) {
    // From 0000-03-01.
    let days = unsigned(days + 719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // The months from March have 31, 30, 31, 30, 31 days, again and again.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn every_day_is_written_as_prost_types_writes_it() {
        for day in -719_162..=2_932_896_i64 {
            let second = (day * 7_919).rem_euclid(86_400);
            let nanos =
                [0, 1, 120, 999_000, 1_000_000, 999_999_999][usize::try_from(day.rem_euclid(6)).unwrap()];
            // prost-types is slow without optimisation, so each 101st day is enough, and all days around the end of a century.
            if day % 101 != 0 && !(-40..40).contains(&(day.rem_euclid(146_097) - 11_016)) {
                continue;
            }
            let time = Timestamp { seconds: day * 86_400 + second, nanos };
            assert_eq!(TimestampText::new(time.seconds, nanos).as_str(), time.to_string());
        }
    }
}
