//! Names the known values that are most similar to a misspelt one.

use std::ops::RangeInclusive;

pub(crate) use codelibra_pages::{nearest_name, nearest_names, nearest_numbers};

use crate::output::phrase;

/// The HTTP statuses most like `wanted`, best first: by the digits, or by the phrase; `teapot` means 418.
pub(crate) fn nearest_statuses(wanted: &str, range: RangeInclusive<u16>) -> Vec<u16> {
    // Those that have a phrase of their own, 499 included.
    let own_phrase =
        |status| phrase(status).filter(|phrase| !matches!(*phrase, "Client Error" | "Server Error"));
    let known = || range.clone().filter_map(|status| Some((status, own_phrase(status)?)));
    if is_numeric(wanted) {
        let numbers = nearest_numbers(known().map(|(status, _)| status.into()), wanted);
        numbers.into_iter().filter_map(|number| u16::try_from(number).ok()).collect()
    } else {
        let phrases = nearest_names(known().map(|(_, phrase)| phrase), wanted);
        phrases
            .into_iter()
            .filter_map(|phrase| known().find(|(_, known)| *known == phrase))
            .map(|(status, _)| status)
            .collect()
    }
}

/// Whether there are digits to compare.
pub(crate) fn is_numeric(wanted: &str) -> bool {
    wanted.bytes().any(|byte| byte.is_ascii_digit())
}

/// `; nearest: 404 Not Found`, or nothing if no value is near.
pub(crate) fn nearest_of(values: impl IntoIterator<Item = impl Into<String>>) -> String {
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    if values.is_empty() { String::new() } else { format!("; nearest: {}", values.join(", ")) }
}
