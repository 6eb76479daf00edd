//! Finds the known values that are most similar to a misspelt one.

use std::cmp::Reverse;

use crate::wanted_name::WantedName;

/// The most values that a message names.
const MAX_NEAREST: usize = 3;

/// The most edits by which the distance of another name may exceed the distance of the nearest one.
const NAME_SLACK: usize = 2;

/// Returns the numbers of `known` whose digits are most like `wanted`, at most three, best first.
///
/// Digits count, not size: `4030` means one of 403000 to 403099 and not 400001, although 400001 is nearer to it. The
/// order is: the smallest edit distance, the longest common prefix, the smallest difference. Only numbers with the
/// smallest edit distance are named.
pub fn nearest_numbers(known: impl IntoIterator<Item = u32>, wanted: &str) -> Vec<u32> {
    let digits: String = wanted.chars().filter(char::is_ascii_digit).take(WantedName::MAX_COMPARED).collect();
    let value: i128 = digits.parse().unwrap_or(i128::MAX);
    let mut ranked: Vec<_> = known
        .into_iter()
        .map(|number| {
            let text = number.to_string();
            let distance = strsim::damerau_levenshtein(&text, &digits);
            let prefix = text.bytes().zip(digits.bytes()).take_while(|(a, b)| a == b).count();
            let difference = value.saturating_sub(number.into()).saturating_abs();
            (distance, Reverse(prefix), difference, number)
        })
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    let best = ranked.first().map(|(distance, ..)| *distance);
    let nearest = ranked.iter().take_while(|(distance, ..)| Some(*distance) == best);
    nearest.map(|(.., number)| *number).take(MAX_NEAREST).collect()
}

/// Returns the names of `known` that are most like `wanted`, at most three, best first; none for an empty one. A name that
/// contains `wanted` comes before others; case, spaces and `_` do not count.
pub fn nearest_names<'a>(known: impl IntoIterator<Item = &'a str>, wanted: &str) -> Vec<&'a str> {
    let wanted = WantedName::new(wanted);
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<_> = known.into_iter().map(|name| (wanted.distance(name), name)).collect();
    ranked.sort_unstable();
    let farthest = ranked.first().map_or(0, |(distance, _)| distance + NAME_SLACK);
    let nearest = ranked.into_iter().take_while(|(distance, _)| *distance <= farthest);
    nearest.map(|(_, name)| name).take(MAX_NEAREST).collect()
}

/// Returns the one of `known` that is most like `wanted`.
pub fn nearest_name<'a>(known: impl IntoIterator<Item = &'a str>, wanted: &str) -> Option<&'a str> {
    nearest_names(known, wanted).into_iter().next()
}

#[cfg(test)]
mod tests {
    use codelibra::{CatalogCode, ErrorCode};

    use super::{nearest_names, nearest_numbers};

    /// What a person who wrote the left side meant.
    #[test]
    fn a_mistyped_code_is_found_by_its_digits() {
        let codes = || ErrorCode::catalog().entries().iter().map(|entry| entry.code);
        for (wanted, nearest) in [
            // Too short: the first digits are right.
            ("4", &[400_001, 400_002, 400_003][..]),
            ("40", &[400_001, 400_002, 400_003]),
            ("403", &[403_001, 403_002, 403_003]),
            ("4030", &[403_001, 403_002, 403_003]),
            ("40300", &[403_001, 403_002, 403_003]),
            ("5", &[500_001, 400_005, 400_015]),
            ("404", &[404_001, 404_002, 404_003]),
            ("451", &[451_001]),
            ("4221", &[422_001]),
            ("40303", &[403_003, 403_013]),
            // Too long.
            ("4030031", &[403_003, 403_001]),
            ("4030003", &[403_003, 400_003]),
            ("4404001", &[404_001]),
            // One digit is wrong, or two are exchanged.
            ("600001", &[500_001, 400_001]),
            ("303003", &[403_003]),
            ("430003", &[403_003, 400_003]),
            ("404404", &[404_004]),
            ("403000", &[403_001, 403_002, 403_003]),
            ("403040", &[403_010, 403_004]),
            ("451002", &[451_001]),
            ("+403003", &[403_003]),
            ("-403003", &[403_003]),
            ("999999999999999999999999999999999999999999", &[409_001, 403_009, 400_009]),
        ] {
            assert_eq!(nearest_numbers(codes(), wanted), nearest, "{wanted}");
        }
        assert!(nearest_numbers([], "403").is_empty());
    }

    #[test]
    fn a_mistyped_name_is_found_by_its_letters() {
        let names = || ErrorCode::catalog().entries().iter().map(|entry| entry.name);
        for (wanted, nearest) in [
            ("UserBand", &["UserBanned"][..]),
            ("user-banned", &["UserBanned"]),
            ("USER_BANED", &["UserBanned"]),
            ("NotFond", &["NotFound"]),
            ("LockOut", &["LockedOut"]),
            ("ReadForbiden", &["ReadForbidden"]),
            ("banned", &["UserBanned"]),
            ("Forbidden", &["CreateForbidden", "DeleteForbidden", "ReadForbidden"]),
            ("", &[]),
        ] {
            assert_eq!(nearest_names(names(), wanted), nearest, "{wanted}");
        }
    }

    #[test]
    fn a_mistyped_status_is_found_by_its_digits() {
        let statuses = || [200, 400, 402, 403, 404, 412, 422, 423, 429, 499, 500, 503];
        for (wanted, nearest) in [
            ("42", &[422, 423, 429][..]),
            ("40", &[400, 402, 403]),
            ("4", &[400, 402, 403]),
            ("4040", &[404, 400]),
            ("4004", &[400, 404]),
            ("044", &[404]),
            ("443", &[423, 403]),
            ("50", &[500, 503]),
            ("600", &[500, 400, 200]),
            ("999", &[499]),
        ] {
            assert_eq!(nearest_numbers(statuses(), wanted), nearest, "{wanted}");
        }
    }
}
