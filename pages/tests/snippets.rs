//! The Rust programs of the pages compile. `UPDATE_SNIPPETS=1 cargo test -p codelibra-pages --test snippets` writes them to
//! `snippets/`, where this test includes them.

#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use codelibra::CATALOG;
use codelibra_pages::Pages;

/// A code without parameters, and one with each type of parameter of the catalogue.
const CODES: [u32; 5] = [403_003, 403_005, 400_005, 400_016, 451_001];

mod written {
    include!("snippets/rust.rs");
}

/// Undoes the escapes of HTML.
fn text(html: &str) -> String {
    let unescaped =
        html.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    unescaped.replace("&#38;", "&")
}

#[test]
fn the_rust_programs_are_those_that_are_compiled() {
    let pages = Pages::new(&CATALOG);
    let files: Vec<_> = pages.files().collect();
    let mut out = String::new();
    for code in CODES {
        let path = format!("{code}/index.html");
        let page = &files.iter().find(|file| file.path == path).unwrap().content;
        let rust = page.split_once("<summary>Rust ").unwrap().1.split_once("</details>").unwrap().0;
        for (i, program) in rust.split("<pre class=\"program\" tabindex=\"0\">").skip(1).enumerate() {
            let program = text(program.split_once("</pre>").unwrap().0);
            let name = if i == 0 { "raise" } else { "match" };
            writeln!(out, "mod {name}_{code} {{\n{program}\n}}\n").unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/rust.rs");
    if std::env::var_os("UPDATE_SNIPPETS").is_some() {
        fs::write(&path, &out).unwrap();
    } else {
        assert_eq!(fs::read_to_string(&path).unwrap(), out, "write them with UPDATE_SNIPPETS=1");
    }
}
