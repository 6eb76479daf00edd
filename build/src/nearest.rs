//! The name that a person who mistyped one meant.

/// A name that is not known. Case, spaces, `-` and `_` do not count when it is compared with another one.
#[derive(Debug)]
pub struct WantedName(String);

impl WantedName {
    /// The number of characters that are compared: edit distance is quadratic, and no name is that long.
    pub const MAX_COMPARED: usize = 80;

    /// The shortest part of a name that means the name.
    const MIN_PART: usize = 4;

    /// Takes the name as a person wrote it.
    pub fn new(wanted: &str) -> Self {
        Self(plain(wanted).chars().take(Self::MAX_COMPARED).collect())
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of edits between this name and a known one; 0 if the known one contains this one, which is at least four
    /// bytes long.
    pub fn distance(&self, known: &str) -> usize {
        let known = plain(known);
        if self.0.len() >= Self::MIN_PART && known.contains(&self.0) {
            0
        } else {
            strsim::damerau_levenshtein(&known, &self.0)
        }
    }
}

fn plain(name: &str) -> String {
    name.replace(['_', '-', ' '], "").to_ascii_lowercase()
}

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
