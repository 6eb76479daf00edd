//! The source files of a crate, and the paths that they import.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files of a folder and of the folders in it.
pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A module path, such as `["server", "body"]`; that of the crate's root is empty.
pub(crate) type ModulePath = Vec<String>;

/// The modules of a crate that have a file of their own, with the source of each.
pub(crate) fn modules(folder: &Path) -> BTreeMap<ModulePath, String> {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    let modules = paths
        .iter()
        .map(|path| (module_path(path.strip_prefix(folder).unwrap()), fs::read_to_string(path).unwrap()));
    modules.collect()
}

/// The module of a file, whose path begins at the crate's folder.
pub(crate) fn module_path(file: &Path) -> ModulePath {
    let mut names: ModulePath =
        file.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.last().is_some_and(|name| ["lib", "main", "mod"].contains(&name.as_str())) {
        names.pop();
    }
    names
}

/// A source without comments and unit tests.
pub(crate) fn code(source: &str) -> String {
    let lines = source.lines().take_while(|line| !line.starts_with("mod tests {"));
    let code: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
    code.join("\n")
}

/// The paths behind each `crate::`, `super::` and `self::` of a module's source, from the crate's root.
pub(crate) fn imports(own: &[String], source: &str) -> Vec<ModulePath> {
    let code = code(source);
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            // What a macro writes is resolved where it is called, and a later `super` of a path is read with the first one.
            let is_part = |c: char| c == '$' || c == ':' || c == '_' || c.is_alphanumeric();
            if !code[..at].ends_with(is_part) {
                let mut paths = Vec::new();
                read_tree(&code[at..], Vec::new(), &mut paths);
                let mut module = own.to_vec();
                module.extend(inline_module(&code[..at]).map(str::to_owned));
                found.extend(paths.into_iter().filter_map(|path| from_root(&module, path)));
            }
        }
    }
    found
}

/// The name of the inline module at the end of a text, which contains the lines before it.
fn inline_module(before: &str) -> Option<&str> {
    let mut lines = before.rsplit('\n');
    if !lines.next()?.starts_with(' ') {
        return None;
    }
    let item = lines.find(|line| line.starts_with(|c: char| c.is_alphabetic()))?;
    item.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(" {")
}

/// The path that each name of a `use` declaration of a module means, from the crate's root; a path that begins with a name may
/// be one of another crate.
pub(crate) fn uses(own: &[String], source: &str) -> Vec<ModulePath> {
    let code = code(source);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let line = code[..at].rsplit('\n').next().unwrap_or_default();
        if line.is_empty() || line.starts_with("pub") {
            read_tree(&code[at + 4..], Vec::new(), &mut found);
        }
    }
    found.into_iter().filter_map(|path| from_root(own, path)).collect()
}

/// Reads a path, and each path of a list in braces, and returns the text behind it.
fn read_tree<'a>(text: &'a str, mut path: ModulePath, found: &mut Vec<ModulePath>) -> &'a str {
    let mut text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        text = list.trim_start();
        while !text.is_empty() && !text.starts_with('}') {
            text = read_tree(text, path.clone(), found);
            text = text.split_once([',', '}']).map_or("", |(skipped, _)| &text[skipped.len()..]);
            text = text.strip_prefix(',').unwrap_or(text).trim_start();
        }
        return text.strip_prefix('}').unwrap_or(text);
    }
    let name = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let rest = &text[name.len()..];
    if !name.is_empty() {
        path.push(name.to_owned());
        if let Some(rest) = rest.strip_prefix("::") {
            return read_tree(rest, path, found);
        }
    }
    found.push(path);
    rest
}

/// Resolves `crate`, `super` and `self`; `None` for a path above the root, which another macro or module wrote.
fn from_root(own: &[String], path: ModulePath) -> Option<ModulePath> {
    let mut absolute = own.to_vec();
    for name in path {
        match name.as_str() {
            "crate" => absolute.clear(),
            "super" => drop(absolute.pop()?),
            "self" => {}
            _ => absolute.push(name),
        }
    }
    Some(absolute)
}

#[test]
fn every_import_of_a_source_is_found() {
    let own = ["server".to_owned(), "body".to_owned()];
    let source = "use crate::http::Form;\n// crate::axum\nfn f() { crate::wire::f(); $crate::x; super::super::tonic::g::<u8>() }\n\
                  use crate::{server::{self, inner as other}, inbound::Note};\nuse super::call::{\n    End,\n    Call,\n};\n\
                  pub(super) use other_crate::x;\n\
                  pub mod inline {\n    fn f() { super::super::x() }\n}\n#[cfg(test)]\n#[cfg(unix)]\nmod tests { use crate::axum; }";
    let mut found: Vec<String> = imports(&own, source).iter().map(|path| path.join("::")).collect();
    found.sort();
    let expected = [
        "http::Form",
        "inbound::Note",
        "server",
        "server::call::Call",
        "server::call::End",
        "server::inner",
        "server::x",
        "tonic::g",
        "wire::f",
    ];
    assert_eq!(found, expected);
    assert!(uses(&own, source).contains(&["server", "body", "other_crate", "x"].map(str::to_owned).to_vec()));
}
