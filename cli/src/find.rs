//! Finds what a user means by a code, a name or a reason.

use codelibra::{Catalog, Entry, is_code};

use crate::failure::Failure;

/// What a user named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    Listed(&'static Entry),
    /// A valid number that the catalogue lacks.
    Unlisted(u32),
}

impl Found {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Listed(entry) => entry.code,
            Self::Unlisted(number) => number,
        }
    }

    pub(crate) fn entry(self) -> Option<&'static Entry> {
        match self {
            Self::Listed(entry) => Some(entry),
            Self::Unlisted(_) => None,
        }
    }
}

/// Looks a code, a name or a reason up, whatever its case.
pub(crate) fn find(catalog: &Catalog, wanted: &str) -> Result<Found, Failure> {
    let wanted = wanted.trim();
    if let Ok(number) = wanted.parse::<i128>() {
        let six_digits = wanted.len() == 6 && wanted.bytes().all(|b| b.is_ascii_digit());
        return match u32::try_from(number) {
            Ok(number) if six_digits && is_code(number) => {
                Ok(catalog.by_code(number).map_or(Found::Unlisted(number), Found::Listed))
            }
            _ => Err(no_code(catalog, wanted, number)),
        };
    }
    let same =
        |entry: &&Entry| entry.name.eq_ignore_ascii_case(wanted) || entry.reason.eq_ignore_ascii_case(wanted);
    catalog.entries().iter().find(same).map(Found::Listed).ok_or_else(|| {
        Failure::bad_input(format_args!(
            "`{wanted}` is no code, name or reason of the catalogue; nearest: {}",
            nearest_names(catalog, wanted)
        ))
    })
}

fn no_code(catalog: &Catalog, wanted: &str, number: i128) -> Failure {
    // A class alone is a likely slip: 403 for one of its codes.
    let meant = if (400..=599).contains(&number) { number * 1000 } else { number };
    let nearest = catalog.entries().iter().min_by_key(|entry| (i128::from(entry.code) - meant).abs());
    let nearest = nearest.map_or_else(String::new, |e| format!("; nearest: {} {}", e.code, e.name));
    Failure::bad_input(format_args!(
        "`{wanted}` is no error code; expected six digits, 400000 to 599999{nearest}"
    ))
}

/// The names most like a misspelt one, best first.
fn nearest_names(catalog: &Catalog, wanted: &str) -> String {
    let names = catalog.entries().iter().map(|e| e.name);
    let mut ranked: Vec<(usize, &str)> = names.map(|name| (distance(name, wanted), name)).collect();
    ranked.sort_unstable();
    let names: Vec<&str> = ranked.iter().take(3).map(|(_, name)| *name).collect();
    names.join(", ")
}

fn distance(name: &str, wanted: &str) -> usize {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    // Edit distance is quadratic, and no name is that long.
    let wanted: String = plain(wanted).chars().take(80).collect();
    strsim::damerau_levenshtein(&plain(name), &wanted)
}

/// The one of `known` that is most like `wanted`.
pub(crate) fn nearest<'a>(known: impl IntoIterator<Item = &'a str>, wanted: &str) -> Option<&'a str> {
    known.into_iter().min_by_key(|name| distance(name, wanted))
}
