//! Looks up an entry by a code, a name or a reason.

use codelibra::{Catalog, CodeNumber, Entry};

use crate::nearest::{nearest_names, nearest_numbers};

/// The result of a lookup.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// A number that the catalogue lists.
    Listed(&'static Entry),
    /// A valid number that the catalogue does not list.
    Unlisted(CodeNumber),
}

impl Found {
    /// Returns the number.
    pub fn number(self) -> u32 {
        match self {
            Self::Listed(entry) => entry.code,
            Self::Unlisted(number) => number.as_u32(),
        }
    }

    /// Returns the entry, if the number is listed.
    pub fn entry(self) -> Option<&'static Entry> {
        match self {
            Self::Listed(entry) => Some(entry),
            Self::Unlisted(_) => None,
        }
    }
}

/// Looks up a code, a name or a reason, in any case.
pub fn look_up(catalog: &Catalog, wanted: &str) -> Option<Found> {
    let wanted = wanted.trim();
    if is_number(wanted) {
        let six_digits = wanted.len() == 6 && wanted.bytes().all(|b| b.is_ascii_digit());
        let number = wanted.parse().ok().filter(|_| six_digits)?;
        let number = CodeNumber::from_u32(number).ok()?;
        return Some(catalog.by_code(number.as_u32()).map_or(Found::Unlisted(number), Found::Listed));
    }
    let same =
        |entry: &&Entry| entry.name.eq_ignore_ascii_case(wanted) || entry.reason.eq_ignore_ascii_case(wanted);
    catalog.entries().iter().find(same).map(Found::Listed)
}

/// Returns the entries most like a misspelt code, name or reason, at most three, best first.
pub fn nearest_entries(catalog: &Catalog, wanted: &str) -> Vec<&'static Entry> {
    let entries = catalog.entries().iter();
    if is_number(wanted) {
        let numbers = nearest_numbers(entries.map(|entry| entry.code), wanted);
        return numbers.into_iter().filter_map(|number| catalog.by_code(number)).collect();
    }
    nearest_names(entries.map(|entry| entry.name), wanted)
        .into_iter()
        .filter_map(|name| catalog.by_name(name))
        .collect()
}

/// Returns whether a misspelt input is a number, such as `403,003` or `E403003`: it has more digits than letters, as no name has.
pub fn is_number(wanted: &str) -> bool {
    let count = |is_counted: fn(&char) -> bool| wanted.chars().filter(is_counted).count();
    let (digits, letters) = (count(char::is_ascii_digit), count(|c| c.is_alphabetic()));
    digits > letters
}
