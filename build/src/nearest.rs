//! The name that a person who mistyped one meant.

/// The one of `known` that is most like `wanted`, if it is like it: two of five characters may differ, and a part of a
/// name that is at least four characters long means the name.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let wanted: String = plain(wanted).chars().take(MAX_COMPARED).collect();
    let distance = |name: &str| {
        let name = plain(name);
        if wanted.len() >= MIN_PART && name.contains(&wanted) {
            0
        } else {
            strsim::damerau_levenshtein(&name, &wanted)
        }
    };
    let best = known.into_iter().map(|name| (distance(name), name)).min()?;
    let allowed = best.1.len().max(wanted.len()) * 2 / 5;
    (best.0 <= allowed && !wanted.is_empty()).then_some(best.1)
}

/// Edit distance is quadratic, and no name is that long.
const MAX_COMPARED: usize = 80;

/// The shortest part of a name that means the name.
const MIN_PART: usize = 4;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        let fields = ["summary", "cause", "resolution", "recovery", "params", "since", "deprecated"];
        for (wanted, expected) in [
            ("sumary", Some("summary")),
            ("Summary", Some("summary")),
            ("ressolution", Some("resolution")),
            ("esolution", Some("resolution")),
            ("param", Some("params")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(wanted, fields), expected, "{wanted}");
        }
        let values = ["RECOVERY_RETRY", "RECOVERY_WAIT", "RECOVERY_NONE"];
        assert_eq!(nearest("RETRY", values), Some("RECOVERY_RETRY"));
        assert_eq!(nearest("RECOVERY_RETRIE", values), Some("RECOVERY_RETRY"));
        assert_eq!(nearest("x", []), None);
    }
}
