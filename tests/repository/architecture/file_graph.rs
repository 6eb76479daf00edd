//! The files of a crate: none imports itself by way of others, and each is declared by a module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::CRATES;
use super::source::{ModulePath, code, imports, module_path, modules, uses};

/// The files that each file imports. A path that ends at a re-export means the file of the item.
///
/// A module and the modules below it do not count: the parent declares its children and re-exports from them, and they use what
/// is common to them in the parent.
fn imported_files(modules: &BTreeMap<ModulePath, String>) -> BTreeMap<&ModulePath, BTreeSet<&ModulePath>> {
    let edges = modules.iter().map(|(own, source)| {
        let found = imports(own, source).into_iter().filter_map(|path| file_of(modules, &path));
        (own, found.filter(|file| !file.starts_with(own) && !own.starts_with(file)).collect())
    });
    edges.collect()
}

/// The module with a file that defines the item of a path.
fn file_of<'m>(modules: &'m BTreeMap<ModulePath, String>, path: &[String]) -> Option<&'m ModulePath> {
    let (file, source) = (0..=path.len()).rev().find_map(|len| modules.get_key_value(&path[..len]))?;
    let Some(name) = path.get(file.len()) else { return Some(file) };
    // The declaration may begin with the name of a child, or with `crate`.
    let target = uses(file, source).into_iter().find(|target| {
        target.last() == Some(name)
            && modules.contains_key(&target[..target.len() - 1])
            && target[..] != *path
    });
    match target {
        Some(target) if target.len() > 1 => file_of(modules, &target),
        _ => Some(file),
    }
}

/// The groups of files that import each other.
fn circles(modules: &BTreeMap<ModulePath, String>) -> Vec<Vec<String>> {
    let edges = imported_files(modules);
    let reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = edges
        .keys()
        .map(|start| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&ModulePath> = edges[start].iter().copied().collect();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(&edges[next]);
                }
            }
            (*start, seen)
        })
        .collect();
    let groups: BTreeSet<Vec<String>> = reached
        .iter()
        .filter(|(file, seen)| seen.contains(*file))
        .map(|(file, seen)| {
            let group = seen.iter().filter(|other| reached[**other].contains(*file));
            group.map(|file| file.join("::")).collect()
        })
        .collect();
    groups.into_iter().collect()
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let root = crate::root();
    let mut found = Vec::new();
    for folder in CRATES {
        let modules = modules(&root.join(folder));
        let seen: usize = imported_files(&modules).values().map(BTreeSet::len).sum();
        assert!(seen > modules.len() / 2, "only {seen} imports were found in {folder}");
        found.extend(circles(&modules).iter().map(|circle| format!("{folder}: {}", circle.join(", "))));
    }
    assert!(found.is_empty(), "files that import each other in a circle:\n{}", found.join("\n"));
}

/// A crate of a few files.
fn sample(files: &[(&str, &str)]) -> BTreeMap<ModulePath, String> {
    files.iter().map(|(file, source)| (module_path(Path::new(file)), (*source).to_owned())).collect()
}

#[test]
fn a_circle_of_files_is_found() {
    let mut files = vec![
        ("lib.rs", "mod server;\nmod low;"),
        ("low.rs", ""),
        ("server/mod.rs", "mod body;\nmod call;\nmod layer;\npub use body::Body;\nfn shared() {}"),
        ("server/layer.rs", "use super::Body;\nuse crate::low::X;\nuse super::shared;"),
        ("server/body.rs", "use super::call::Call;\nuse super::{shared};"),
        (
            "server/call.rs",
            "use crate::low;\n#[cfg(test)]\nmod tests {\n    use super::super::layer::Layer;\n}",
        ),
    ];
    assert_eq!(circles(&sample(&files)), Vec::<Vec<String>>::new());
    files[5].1 = "use crate::server::layer::Layer;";
    assert_eq!(circles(&sample(&files)), [["server::body", "server::call", "server::layer"]]);
}

/// The files that no `mod` declares.
fn undeclared(modules: &BTreeMap<ModulePath, String>) -> Vec<String> {
    let is_declared = |file: &ModulePath| {
        let Some((name, parent)) = file.split_last() else { return true };
        let declaration = format!("mod {name};");
        let declares = |line: &str| {
            let before = line.trim().strip_suffix(declaration.as_str());
            before.is_some_and(|before| before.is_empty() || before.starts_with("pub"))
        };
        modules.get(parent).is_some_and(|source| code(source).lines().any(declares))
    };
    modules.keys().filter(|file| !is_declared(file)).map(|file| file.join("::")).collect()
}

#[test]
fn every_file_is_declared_by_a_module() {
    let root = crate::root();
    for folder in CRATES {
        let found = undeclared(&modules(&root.join(folder)));
        assert!(found.is_empty(), "no `mod` declares these files of {folder}: {}", found.join(", "));
    }
}

#[test]
fn a_file_without_a_declaration_is_found() {
    let files = [
        ("main.rs", "mod a;\n// mod b;"),
        ("a/mod.rs", "pub(crate) mod inner;"),
        ("a/inner.rs", ""),
        ("b.rs", ""),
        ("a/c.rs", ""),
    ];
    assert_eq!(undeclared(&sample(&files)), ["a::c", "b"]);
}
