//! What every page has: its links, its style, and the policy that the browser applies to it.

use codelibra::CodeNumber;

use crate::links::Links;

pub(crate) const CSS: &str = include_str!("../assets/pages.css");
pub(crate) const LIST_SCRIPT: &str = include_str!("../assets/list.js");
pub(crate) const CODE_SCRIPT: &str = include_str!("../assets/code.js");
pub(crate) const NOT_FOUND_SCRIPT: &str = include_str!("../assets/not_found.js");

/// The policy of a page, without `connect-src`. It contains the SHA-256 hashes of the style and of the scripts above, so that
/// the browser executes nothing else. `UPDATE_POLICY=1 cargo test -p codelibra-pages` writes the file.
const POLICY: &str = include_str!("../assets/policy.txt");

pub(crate) struct Frame<'a> {
    pub(crate) links: &'a Links,
}

impl Frame<'_> {
    /// The Content-Security-Policy. Only "try it" sends a request, and only to the own server.
    pub(crate) fn policy(&self) -> String {
        let connect = if self.links.api().is_some() { "'self'" } else { "'none'" };
        format!("{}; connect-src {connect}", POLICY.trim_end())
    }

    pub(crate) fn css(&self) -> &'static str {
        CSS
    }
}

/// Writes a page. Writing to a `String` does not fail, and no page has a filter that does.
pub(crate) fn html(page: &impl askama::Template) -> String {
    let mut out = String::with_capacity(32 << 10);
    let written = page.render_into(&mut out);
    debug_assert!(written.is_ok(), "{written:?}");
    out
}

/// `403 Forbidden`.
pub(crate) fn http_status(status: &u16) -> String {
    format!("{status} {}", CodeNumber::from_class(*status).phrase())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    fn hash(text: &str) -> String {
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
    }

    #[test]
    fn the_policy_has_the_hashes_of_the_assets() {
        let scripts = [LIST_SCRIPT, CODE_SCRIPT, NOT_FOUND_SCRIPT].map(hash).join(" ");
        let expected = format!(
            "default-src 'none'; base-uri 'none'; form-action 'self'; img-src data:; style-src {}; script-src {scripts}\n",
            hash(CSS)
        );
        if std::env::var_os("UPDATE_POLICY").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/policy.txt"), &expected).unwrap();
        } else {
            assert_eq!(POLICY, expected, "write it with UPDATE_POLICY=1");
        }
    }
}
