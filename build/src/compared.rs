//! The rules that compare the entries of one catalogue: numbers, reasons and names that are used twice, and `replaced_by`, which
//! names another entry.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{EnumDescriptor, EnumValueDescriptor};

use crate::field_numbers::{VALUE_NAME, VALUE_NUMBER};
use crate::model::{Entry, pascal_case};
use crate::positions::written_name;

/// The paths of the numbers, reasons and names that are used again, each with a message.
///
/// protox rejects a name that occurs twice. Two values can still have the same reason (`ERROR_CODE_A` and `A`) or the same name
/// in Rust (`A_B` and `A__B`). `reason` gives the reason of a value.
pub(crate) fn repeated(
    the_enum: &EnumDescriptor,
    reason: impl Fn(&EnumValueDescriptor) -> String,
) -> Vec<(Vec<i32>, String)> {
    let mut findings = Vec::new();
    let mut numbers = HashMap::new();
    let mut reasons = HashMap::new();
    let mut names = HashMap::new();
    let mut values: Vec<EnumValueDescriptor> = the_enum.values().filter(|v| v.number() != 0).collect();
    // In the order of the file, not of the numbers: the second use is the one at fault.
    values.sort_by(|a, b| a.path().cmp(b.path()));
    for value in values {
        let full = written_name(&value);
        let at = |field: i32| [value.path(), &[field]].concat();
        if let Some(first) = numbers.insert(value.number(), full.to_owned()) {
            findings.push((
                at(VALUE_NUMBER),
                format!(
                    "code {} of `{full}` is used by `{first}` already; expected an unused number",
                    value.number()
                ),
            ));
        }
        let reason = reason(&value);
        let name = pascal_case(&reason);
        let first_of_reason = reasons.insert(reason.clone(), full.to_owned());
        let first_of_name = names.insert(name.clone(), full.to_owned());
        match (first_of_reason, first_of_name) {
            // The name of the value itself is repeated, which is reported.
            (Some(first), _) if first == full => {}
            (Some(first), _) => findings.push((
                at(VALUE_NAME),
                format!(
                    "reason {reason} of `{full}` is used by `{first}` already; expected an unused reason"
                ),
            )),
            (None, Some(first)) => findings.push((
                at(VALUE_NAME),
                format!("name {name} of `{full}` is used by `{first}` already; expected an unused name"),
            )),
            (None, None) => {}
        }
    }
    findings
}

/// The entries whose replacement does not exist or is the entry itself, each with a message.
pub(crate) fn replacements(entries: &[Entry]) -> Vec<(&Entry, String)> {
    let reasons: BTreeMap<&str, u32> = entries.iter().map(|e| (e.reason.as_str(), e.code)).collect();
    let sorted: Vec<&str> = reasons.keys().copied().collect();
    let mut findings = Vec::new();
    for entry in entries.iter().filter(|e| !e.replaced_by.is_empty()) {
        let target = entry.replaced_by.as_str();
        let name = &entry.name;
        match reasons.get(target) {
            None => {
                let near = nearest(target, &sorted);
                findings.push((
                    entry,
                    format!(
                        "replaced_by {target:?} of {name} names no entry; expected the reason of one, such as {near:?}"
                    ),
                ));
            }
            Some(found) if *found == entry.code => findings.push((
                entry,
                format!("replaced_by {target:?} of {name} names the entry itself; expected another"),
            )),
            Some(_) => {}
        }
    }
    findings
}

/// The name that begins like `wanted` for the most characters, of sorted ones; the first of several.
fn nearest<'a>(wanted: &str, sorted: &[&'a str]) -> &'a str {
    let shared = |name: &str| {
        let same = name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b);
        same.map(|(c, _)| c.len_utf8()).sum::<usize>()
    };
    // Those that begin most alike are next to the place of `wanted`.
    let place = sorted.partition_point(|name| *name < wanted);
    let beside = [place.checked_sub(1), Some(place)];
    let most = beside.iter().flatten().filter_map(|at| sorted.get(*at)).map(|name| shared(name)).max();
    let prefix = wanted.get(..most.unwrap_or(0)).unwrap_or_default();
    sorted.get(sorted.partition_point(|name| *name < prefix)).copied().unwrap_or("USER_BANNED")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_the_one_that_a_search_of_all_finds() {
        let mut sorted = ["A", "AB", "ABC", "ABD", "B", "BÄ", "BÖ", "C_X", "C_Y"];
        sorted.sort_unstable();
        for wanted in ["", "A", "ABCD", "ABX", "ABÄ", "B", "BÜ", "C", "C_Z", "Z", "a", "Ä"] {
            let shared = |name: &str| name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
            let all = sorted.iter().copied();
            let expected = all.max_by_key(|name| (shared(name), std::cmp::Reverse(*name))).unwrap();
            assert_eq!(nearest(wanted, &sorted), expected, "{wanted:?}");
        }
        assert_eq!(nearest("A", &[]), "USER_BANNED");
    }
}
