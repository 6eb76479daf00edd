//! The structure of the code: a module of the library imports from lower levels only, and from the module, not from the
//! crate's root; no two types of a crate share a name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The levels, the lowest first. Modules of one level do not import each other.
const LEVELS: [&[&str]; 9] = [
    &["guard", "rpc"],
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

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The names behind each `crate::` of a text without comments and unit tests: what it imports of the crate.
fn imports(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        // What a macro writes is resolved where it is called.
        if code.get(..at).is_some_and(|before| before.ends_with('$')) {
            continue;
        }
        let rest = code.get(at + found.len()..).unwrap_or_default();
        let list = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default(),
        };
        names.extend(
            list.split(',').map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()),
        );
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn a_module_imports_from_lower_levels_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in paths {
        let inner = path.strip_prefix(&src).unwrap();
        let module = inner.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = level(module).unwrap_or_else(|| panic!("{module} has no level; expected one in LEVELS"));
        for name in imports(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let is_allowed = name == module
                || GENERATED.contains(&name.as_str())
                || level(&name).is_some_and(|level| level < own);
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
    let source = "use crate::http::Form;\n// crate::axum\nfn f() { crate::wire::f(); $crate::x }\n\
                  use crate::{server, inbound::Note};\n#[cfg(test)]\nmod tests { use crate::axum; }";
    assert_eq!(imports(source), ["http", "wire", "server", "inbound"]);
}

/// The crates whose types are compared, each by the folder of its source.
const CRATES: [&str; 4] = ["src", "build/src", "derive/src", "cli/src"];

/// Files whose types may share a name, because protobuf chose the names: `PreconditionFailure.Violation` and
/// `QuotaFailure.Violation` of google.rpc.
const NAMED_BY_PROTOBUF: [&str; 1] = ["src/rpc.rs"];

/// Types that are written once for each platform; only one of them is compiled.
const PER_PLATFORM: [&str; 1] = ["Signals"];

/// The names of the types that a source defines, without its unit tests.
fn types(source: &str) -> Vec<&str> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    source.lines().filter_map(defined_type).collect()
}

/// The name of the type that a line defines.
fn defined_type(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let (keyword, rest) = line.trim_start().split_once(' ')?;
    if !["struct", "enum", "trait", "union"].contains(&keyword) {
        return None;
    }
    // `$type` in a macro is no name.
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
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
                if PER_PLATFORM.contains(&name) {
                    continue;
                }
                if let Some(first) = seen.insert(name.to_owned(), inner.clone()) {
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
    let source = "pub struct A;\n    pub(crate) enum B<T> {\n// struct C\nstruct D(u8);\nfn trait_of() {}\n\
                  pub trait E: F {}\n        pub enum $type {\n#[cfg(test)]\nmod tests { struct G; }";
    assert_eq!(types(source), ["A", "B", "D", "E"]);
}
