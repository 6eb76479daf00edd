//! The structure of the code: a module of the library imports from lower levels only, and from the module, not from the
//! crate's root; no two types of a crate share a name; no files import each other in a circle.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use source::{code, files, imports, module_path};

use crate::root;

mod file_graph;
mod source;

/// The levels, the lowest first. Modules of one level do not import each other.
const LEVELS: [&[&str]; 9] = [
    &["guard"],
    &["wire"],
    &["catalog"],
    &["error"],
    &["inbound"],
    &["outbound"],
    &["tonic"],
    &["client", "http", "server"],
    &["axum"],
];

/// The generated catalogue of this crate, which `lib.rs` includes.
const GENERATED: [&str; 2] = ["CATALOG", "ErrorCode"];

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

#[test]
fn a_module_imports_from_lower_levels_only() {
    let src = root().join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in paths {
        let inner = path.strip_prefix(&src).unwrap();
        let own_path = module_path(inner);
        let Some(module) = own_path.first() else { continue };
        let own = level(module).unwrap_or_else(|| panic!("{module} has no level; expected one in LEVELS"));
        for path in imports(&own_path, &fs::read_to_string(&path).unwrap()) {
            // The rest is in an inline module, or in the module itself.
            let Some(name) = path.first() else { continue };
            seen += 1;
            let is_allowed = name == module
                || GENERATED.contains(&name.as_str())
                || level(name).is_some_and(|level| level < own);
            if !is_allowed {
                wrong.push(format!("src/{} imports crate::{name}", inner.display()));
            }
        }
    }
    assert!(seen > 300, "only {seen} imports were found");
    assert!(
        wrong.is_empty(),
        "imports from the same or a higher level, or from the root:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn an_upward_import_is_found() {
    let own = module_path(Path::new("wire/base64.rs"));
    let found = imports(&own, "use super::super::http::Form;\nuse crate::axum;\nuse super::out;");
    assert_eq!(found, [vec!["axum"], vec!["http", "Form"], vec!["wire", "out"]]);
}

/// The crates whose files and types are compared, each by the folder of its source.
const CRATES: [&str; 5] = ["src", "build/src", "derive/src", "pages/src", "cli/src"];

/// Files whose types may share a name, because protobuf chose the names: `PreconditionFailure.Violation` and
/// `QuotaFailure.Violation` of google.rpc.
const NAMED_BY_PROTOBUF: [&str; 1] = ["src/wire/rpc.rs"];

/// Types that are written once for each platform; only one of them is compiled.
const PER_PLATFORM: [&str; 1] = ["Signals"];

/// The names of the types that a source defines, without its unit tests.
fn types(source: &str) -> Vec<String> {
    code(source).lines().filter_map(defined_type).map(str::to_owned).collect()
}

/// The name of the type that a line defines.
fn defined_type(line: &str) -> Option<&str> {
    // A `type` of an impl or a trait is indented.
    let is_item = !line.starts_with(' ');
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let (keyword, rest) = line.trim_start().split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "union"].contains(&keyword) || (keyword == "type" && is_item);
    if !is_type {
        return None;
    }
    // `$type` in a macro is no name.
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let root = root();
    let mut shared = Vec::new();
    for folder in CRATES {
        let mut paths = Vec::new();
        files(&root.join(folder), &mut paths);
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in paths {
            let inner = path.strip_prefix(root).unwrap().to_owned();
            if NAMED_BY_PROTOBUF.iter().any(|file| inner == Path::new(file)) {
                continue;
            }
            for name in types(&fs::read_to_string(&path).unwrap()) {
                if PER_PLATFORM.contains(&name.as_str()) {
                    continue;
                }
                if let Some(first) = seen.insert(name.clone(), inner.clone()) {
                    shared.push(format!("{name}: {} and {}", first.display(), inner.display()));
                }
            }
        }
        assert!(seen.len() > 5, "only {} types were found in {folder}", seen.len());
    }
    assert!(shared.is_empty(), "two types of a crate share a name:\n{}", shared.join("\n"));
}

#[test]
fn a_defined_type_is_found() {
    let source = "pub struct A;\ntype H = u8;\n    type Error = H;\n    pub(crate) enum B<T> {\n// struct C\nstruct D(u8);\nfn trait_of() {}\n\
                  pub trait E: F {}\n        pub enum $type {\n#[cfg(test)]\nmod tests { struct G; }";
    assert_eq!(types(source), ["A", "H", "B", "D", "E"]);
}
