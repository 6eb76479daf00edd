//! The name that a person who mistyped one meant.

/// A name that is not known. Case, spaces, `-` and `_` do not count when it is compared with another one.
#[derive(Debug)]
pub struct WantedName(pub(crate) String);

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
