//! The known name that a misspelt one probably means.

use crate::wanted_name::WantedName;

/// The one of `known` that is most like `wanted`, if it is like it: two of five characters may differ.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = WantedName::new(wanted);
    let best = known.into_iter().map(|name| (wanted.distance(name), name)).min()?;
    let allowed = best.1.len().max(wanted.0.len()) * 2 / 5;
    (best.0 <= allowed && !wanted.is_empty()).then_some(best.1)
}

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
