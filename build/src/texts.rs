//! The rules about texts of a catalogue: domain, pages, summaries, and what is probably a mistake in them.

use crate::model::{Param, upper_snake_case};

/// The longest summary, in characters.
const MAX_SUMMARY: usize = 1000;

/// AIP-193: a reason has at most 63 characters.
const MAX_REASON: usize = 63;

/// RFC 1035 §2.3.4.
const MAX_DOMAIN: usize = 253;
const MAX_LABEL: usize = 63;

/// The classes that a standard lists: IANA's registry of HTTP statuses, and 499, which gRPC's comments name for CANCELLED.
const LISTED_CLASSES: [(u32, u32); 8] =
    [(400, 417), (421, 426), (428, 429), (431, 431), (451, 451), (499, 499), (500, 508), (510, 511)];

/// Returns what is wrong with a reason: AIP-193 asks for `[A-Z][A-Z0-9_]+[A-Z0-9]`, of at most 63 characters.
///
/// ```
/// use codelibra_build::reason_faults;
///
/// assert!(reason_faults("USER_BANNED").is_empty());
/// let fault = "reason `UserBanned` is misspelt; expected [A-Z][A-Z0-9_]+[A-Z0-9], as USER_BANNED (AIP-193)";
/// assert_eq!(reason_faults("UserBanned"), [fault]);
/// ```
pub fn reason_faults(reason: &str) -> Vec<String> {
    let upper = |c: char| c.is_ascii_uppercase();
    let upper_or_digit = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let well_spelt = reason.len() >= 3
        && reason.starts_with(upper)
        && reason.ends_with(upper_or_digit)
        && reason.chars().all(|c| upper_or_digit(c) || c == '_');
    let mut faults = Vec::new();
    if !well_spelt {
        faults.push(format!(
            "reason `{reason}` is misspelt; expected [A-Z][A-Z0-9_]+[A-Z0-9], as USER_BANNED (AIP-193)"
        ));
    }
    if reason.len() > MAX_REASON {
        faults.push(format!(
            "reason `{reason}` has {} characters; expected at most {MAX_REASON} (AIP-193)",
            reason.len()
        ));
    }
    faults
}

/// What is wrong with a domain: it must be a DNS name (RFC 1123 §2.1).
pub(crate) fn domain_fault(domain: &str) -> Option<String> {
    let expected = "expected a name such as \"shop.example.com\"";
    if domain.is_empty() {
        return Some(String::from(expected));
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = domain.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if domain.len() <= MAX_DOMAIN && domain.split('.').all(is_label) && !is_number {
        return None;
    }
    // What a person who wrote a URI meant.
    let host = domain.split_once("://").map_or(domain, |(_, rest)| rest);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default().trim();
    match host != domain && domain_fault(host).is_none() {
        true => Some(format!("it is not a DNS name; expected {host:?}")),
        false => Some(format!("it is not a DNS name; {expected}")),
    }
}

/// What is wrong with the address of the pages: it must be an absolute URI or an absolute path (RFC 3986 §4.3 and §3.3), to
/// which `/403003` can be added.
pub(crate) fn pages_fault(pages: &str) -> Option<&'static str> {
    const EXPECTED: &str = "expected an absolute URI such as \"https://shop.example.com/errors\", or an absolute path such as \"/errors\"";
    if pages.is_empty() {
        return None;
    }
    let is_uri = pages.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
            && !rest.starts_with('/')
    });
    let is_path = pages.starts_with('/') && !pages.starts_with("//");
    let is_clean = pages.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c));
    if !is_uri && !is_path || !is_clean {
        Some(EXPECTED)
    } else if pages.contains(['?', '#']) {
        Some("the code is added at its end; expected no query and no fragment")
    } else {
        None
    }
}

/// What is wrong with a summary, its owner's name and number before it.
pub(crate) fn summary_fault(number: i32, name: &str, summary: &str) -> Option<String> {
    if summary.trim().is_empty() {
        Some(format!("{number} {name} has no summary; expected one sentence, the default public message"))
    } else if is_too_long(summary) {
        let length = summary.chars().count();
        Some(format!("summary of {name} has {length} characters; expected at most {MAX_SUMMARY}"))
    } else if summary.chars().any(char::is_control) {
        Some(format!("summary {summary:?} of {name} has a control character; expected one line of text"))
    } else {
        None
    }
}

fn is_too_long(summary: &str) -> bool {
    summary.chars().nth(MAX_SUMMARY).is_some()
}

/// Several texts as one, each with a line of its own. A text without content is left out.
pub(crate) fn lines(texts: &[String]) -> String {
    let lines = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a longer text, which may have several lines.
pub(crate) fn text_fault(field: &str, name: &str, text: &str) -> Option<String> {
    let is_control = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let found = text.chars().find(is_control)?;
    Some(format!("{field} of {name} has the control character {found:?}; expected text and line breaks"))
}

/// What is probably wrong with a summary that is a text. One that is too long has its error, and no warning.
pub(crate) fn summary_warnings(name: &str, summary: &str, params: &[Param]) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_too_long(summary) {
        return warnings;
    }
    let end = summary.trim_end().trim_end_matches(['"', '\'', ')', '”', '’', '»']);
    if !end.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟']) {
        warnings.push(format!("summary {summary:?} of {name} has no full stop; expected a sentence"));
    }
    for placeholder in placeholders(summary) {
        if params.iter().any(|param| param.name == placeholder) {
            continue;
        }
        let known: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        let expected = match known.as_slice() {
            [] => format!("{name} has no params; expected text without a placeholder"),
            known => format!("expected one of its params: {}", known.join(", ")),
        };
        warnings.push(format!(
            "placeholder `{{{placeholder}}}` in the summary of {name} names no param; {expected}"
        ));
    }
    warnings
}

/// The names in braces: `{limit}`.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == ':').then_some(name)
    })
}

/// Returns a warning if the reason that is made from the name is not this reason.
pub(crate) fn reason_warning(reason: &str, name: &str) -> Option<String> {
    let of_name = upper_snake_case(name);
    (of_name != reason).then(|| {
        format!(
            "reason {reason} does not match its name {name}, whose reason is {of_name}; expected letters after each single `_`"
        )
    })
}

/// A class that no standard lists.
pub(crate) fn class_warning(number: i32, name: &str) -> Option<String> {
    let class = u32::try_from(number).ok()? / 1000;
    let is_listed = LISTED_CLASSES.iter().any(|(first, last)| (*first..=*last).contains(&class));
    // A class out of range is an error.
    (!is_listed && (400..=599).contains(&class)).then(|| {
        let general = class / 100 * 100;
        format!("class {class} of {number} {name} is in no standard, and clients treat it as {general}; expected a status of IANA's registry")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_dns_name() {
        let long_label = "l".repeat(64);
        let long = format!("{}com", "label.".repeat(45));
        for wrong in [
            "",
            "https://shop",
            "shop example",
            "shop_example.com",
            "shop.example.com.",
            ".shop",
            "shop..com",
            "-shop.com",
            "shop-.com",
            "shop:443",
            "127.0.0.1",
            "größe.example.com",
            &long_label,
            &long,
        ] {
            assert!(domain_fault(wrong).is_some(), "{wrong}");
        }
        for right in ["codelibra", "shop.example.com", "SHOP.example", "3com.com", "a-b.c", "x"] {
            assert_eq!(domain_fault(right), None, "{right}");
        }
        assert_eq!(
            domain_fault("https://shop/x"),
            Some(String::from("it is not a DNS name; expected \"shop\""))
        );
    }

    #[test]
    fn a_summary_that_is_too_long_has_one_finding() {
        let summary = "{a}\n".repeat(MAX_SUMMARY);
        let fault = summary_fault(409_001, "SoldOut", &summary);
        let expected = "summary of SoldOut has 4000 characters; expected at most 1000";
        assert_eq!(fault.as_deref(), Some(expected));
        assert!(summary_warnings("SoldOut", &summary, &[]).is_empty());
        let longest = "ü".repeat(MAX_SUMMARY);
        assert_eq!(summary_fault(409_001, "SoldOut", &longest), None);
        assert_eq!(summary_warnings("SoldOut", &longest, &[]).len(), 1, "it has no full stop");
    }

    #[test]
    fn pages_are_an_absolute_uri_or_path() {
        for wrong in [
            "errors",
            "./errors",
            "//shop.example.com/errors",
            "https://",
            "https:///errors",
            "shop.example.com/errors",
            "://x",
            "1http://x",
            "/err ors",
            "/errors\n",
            "https://größe.example.com",
            "/errors?code=",
            "/errors#",
            "/{code}",
        ] {
            assert!(pages_fault(wrong).is_some(), "{wrong}");
        }
        for right in ["", "/", "/errors", "/errors/", "https://shop.example.com", "https://[::1]:80/e%20f/"] {
            assert_eq!(pages_fault(right), None, "{right}");
        }
    }

    #[test]
    fn a_reason_that_its_name_gives_back_is_no_finding() {
        for (reason, name, matches) in [
            ("USER_BANNED", "UserBanned", true),
            ("HTTP2_ERROR", "Http2Error", true),
            ("A__B", "AB", false),
            ("USER_2FA", "User2fa", false),
        ] {
            assert_eq!(reason_warning(reason, name).is_none(), matches, "{reason}");
        }
    }
}
