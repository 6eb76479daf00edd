//! The numbers and names of a catalogue that are never used again.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

/// The numbers and names in the `reserved` statements of an enum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retired {
    /// By their first number, with the last number of this range and of all before it.
    ranges: BTreeMap<i32, i32>,
    names: HashSet<String>,
}

impl Retired {
    /// Adds ranges and names.
    pub(crate) fn extend(
        &mut self,
        ranges: impl IntoIterator<Item = RangeInclusive<i32>>,
        names: impl IntoIterator<Item = String>,
    ) {
        let mut all: Vec<(i32, i32)> = self.ranges.iter().map(|(start, end)| (*start, *end)).collect();
        all.extend(ranges.into_iter().map(RangeInclusive::into_inner));
        all.sort_unstable();
        let mut last = i32::MIN;
        for (start, end) in all {
            last = last.max(end);
            self.ranges.insert(start, last);
        }
        self.names.extend(names);
    }

    pub(crate) fn has_number(&self, number: i32) -> bool {
        self.ranges.range(..=number).next_back().is_some_and(|(_, last)| number <= *last)
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The numbers that are retired here and not there, as ranges from the first to the last number.
    pub(crate) fn without(&self, other: &Self) -> Vec<RangeInclusive<i32>> {
        let mut rest = Vec::new();
        let mut from = i32::MIN;
        for (start, end) in &self.ranges {
            // What is before `from` was looked at with an earlier range.
            let mut at = from.max(*start);
            while at <= *end {
                let covered = other.ranges.range(..=at).next_back().map(|(_, last)| *last);
                if let Some(last) = covered.filter(|last| at <= *last) {
                    at = last.saturating_add(1);
                } else {
                    let next = other.ranges.range(at..).next().map_or(i32::MAX, |(next, _)| next - 1);
                    let last = next.min(*end);
                    rest.push(at..=last);
                    at = last.saturating_add(1);
                }
                if at == i32::MAX {
                    break;
                }
            }
            from = from.max(end.saturating_add(1));
        }
        rest
    }

    /// The retired names, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_retired_no_more_is_found() {
        let retired = |ranges: &[(i32, i32)]| {
            let mut retired = Retired::default();
            retired.extend(ranges.iter().map(|(start, end)| *start..=*end), []);
            retired
        };
        for (old, new, rest) in [
            (&[(1, 3)][..], &[(1, 1), (2, 3)][..], &[][..]),
            (&[(1, 3)], &[], &[(1, 3)]),
            (&[(1, 9), (5, 7)], &[(2, 3), (8, 20)], &[(1, 1), (4, 7)]),
            (&[(1, 2), (2, 4), (9, 9)], &[(3, 3)], &[(1, 2), (4, 4), (9, 9)]),
            (&[(7, i32::MAX)], &[(1, 8)], &[(9, i32::MAX)]),
        ] {
            let found = retired(old).without(&retired(new));
            let found: Vec<(i32, i32)> = found.into_iter().map(RangeInclusive::into_inner).collect();
            assert_eq!(found, rest, "{old:?} {new:?}");
        }
    }
}
