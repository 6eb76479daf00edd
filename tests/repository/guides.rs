//! The guides in docs/guides: their links lead somewhere, and their lists equal those of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README, and every page of docs.
fn pages() -> Vec<PathBuf> {
    let files = |folder: &str| fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let mut pages: Vec<_> = files("docs").chain(files("docs/guides")).filter(is_page).collect();
    pages.push(root().join("README.md"));
    pages
}

/// Returns the anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_between_pages_leads_to_a_file_and_a_heading() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("http") || link.contains(' ') {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() {
                let headings = fs::read_to_string(&target).unwrap();
                let mut headings = headings.lines().filter_map(|line| line.strip_prefix("## "));
                assert!(headings.any(|found| anchor(found) == heading), "{}: {link}", page.display());
            }
        }
    }
}

/// Returns the names in the first column of a table of the page.
fn listed(name: &str) -> BTreeSet<String> {
    let page = read("docs/guides/operations.md");
    let (_, table) = page.split_once(&format!("<!-- {name} -->")).unwrap();
    let (table, _) = table.split_once("<!-- end -->").unwrap();
    table.lines().filter_map(|row| Some(row.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect()
}

/// Returns the fields of an event in the source, which begin a line and are followed by `=`.
fn fields(source: &str, from: &str, to: &str) -> BTreeSet<String> {
    let (_, event) = source.split_once(from).unwrap();
    let (event, _) = event.split_once(to).unwrap();
    let field = |line: &str| {
        let (name, _) = line.trim().split_once(" = ")?;
        name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| name.to_owned())
    };
    event.lines().filter_map(field).collect()
}

#[test]
fn the_fields_of_the_log_are_those_of_the_code() {
    let log = read("src/outbound/log.rs");
    let (_, log) = log.split_once("pub(crate) fn write(&self)").unwrap();
    assert_eq!(listed("log fields"), fields(log, "tracing::event!(", "$what,\n"));
    assert_eq!(
        listed("client fields"),
        fields(&read("src/client/tracing.rs"), "::tracing::event!(", "};\n        }")
    );
}

#[test]
fn the_metrics_are_those_of_the_code() {
    use codelibra::client::MetricsObserver;
    let metrics = BTreeSet::from(
        [MetricsObserver::ERRORS, MetricsObserver::SECONDS, MetricsObserver::RETRIES].map(str::to_owned),
    );
    assert_eq!(listed("metrics"), metrics);
    let source = read("src/client/metrics.rs");
    let (_, labels) = source.split_once("let labels = [").unwrap();
    let (labels, _) = labels.split_once("];").unwrap();
    let label = |line: &str| Some(line.trim().strip_prefix("(\"")?.split_once('"')?.0.to_owned());
    assert_eq!(listed("labels"), labels.lines().filter_map(label).collect());
}

/// `tests/fixtures/shop` generates `tests/data/shop.rs` from this file, and the page includes the result.
#[test]
fn the_proto_of_the_page_is_the_one_that_is_compiled() {
    assert!(read("docs/guides/own-catalogue.md").contains(&read("tests/data/shop.proto")));
}

/// A doc test cannot run a build script, so the page shows lines of a crate that has one.
#[test]
fn the_build_script_of_the_page_is_the_one_that_is_compiled() {
    let page = read("docs/guides/own-catalogue.md");
    let snippets: Vec<_> =
        page.split("```rust,ignore\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [script, module] = snippets[..] else { panic!("{snippets:?}") };
    let script = script.replace("proto/shop/errors.proto", "proto/shop/v1/errors.proto");
    assert!(read("tests/fixtures/shop/build.rs").ends_with(&script), "{script}");
    assert!(read("tests/fixtures/shop/src/lib.rs").ends_with(module), "{module}");
}
