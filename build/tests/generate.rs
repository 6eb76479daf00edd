//! The text of the generated module. That it compiles and works is tested where it is used: by the crate
//! `codelibra` itself, and by `tests/fixtures/shop`, a user's crate with a catalogue as difficult as the rules
//! allow.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use codelibra_build::Catalog;

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/codelibra/error/v1/catalog.proto");
const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
const SHOP_CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop/v1/errors.proto");

#[test]
fn every_entry_has_a_documented_constant_and_a_row() {
    let catalog = Catalog::from_proto(CATALOG, &[PROTO]).unwrap();
    let module = catalog.to_rust();
    assert_eq!(catalog.entries.len(), 39);
    for entry in &catalog.entries {
        let constant = format!("    pub const {}: Self = Self({});\n", entry.reason, entry.code);
        assert_eq!(module.matches(&constant).count(), 1, "{constant}");
        let docs = format!("    /// `{} {}`: {}\n", entry.code, entry.name, entry.summary);
        assert!(module.contains(&docs), "{docs}");
        assert_eq!(module.matches(&format!("\n        code: {},\n", entry.code)).count(), 1);
        let the_struct = format!("\npub struct {} {{\n", entry.name);
        assert_eq!(module.contains(&the_struct), !entry.params.is_empty(), "{the_struct}");
    }
}

#[test]
fn the_module_is_the_same_every_time() {
    for (catalog, include) in [(CATALOG, PROTO), (SHOP_CATALOG, SHOP)] {
        let module = || Catalog::from_proto(catalog, &[include]).unwrap().to_rust();
        assert_eq!(module(), module());
        // Nor does it say where it was made.
        assert!(!module().contains(env!("CARGO_MANIFEST_DIR")));
    }
}

#[test]
fn no_text_of_the_author_is_markdown_or_code() {
    let module = Catalog::from_proto(SHOP_CATALOG, &[SHOP]).unwrap().to_rust();
    for line in module.lines().map(str::trim_start).filter_map(|line| line.strip_prefix("///")) {
        let text = line.strip_prefix(' ').unwrap_or(line);
        assert!(!text.starts_with([' ', '\t', '-', '+', '=', '#', '>', '*', '~', '|']), "{line}");
        assert!(!text.contains("``"), "{line}");
        assert!(!text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
    for docs in [
        "/// See \\[nowhere\\], \\[\\`Nothing::at_all\\`\\], \\<div\\>",
        "\\*this\\*, \\_that\\_, \\&amp; <https://example.com/?a=b&c=d#e>.\n",
        "/// 1\\. numbered\n",
        "/// <http://example.com>, (<https://example.com/b>)",
        "/// Not described.\n",
    ] {
        assert!(module.contains(docs), "{docs}");
    }
}

#[test]
fn a_module_is_written_where_cargo_wants_it() {
    // `compile` is for build scripts; without cargo's variable it says so.
    let error = codelibra_build::compile(CATALOG, &[PROTO]);
    match std::env::var_os("OUT_DIR") {
        None => assert!(error.unwrap_err().to_string().contains("OUT_DIR")),
        Some(_) => assert!(error.is_ok()),
    }
}
