//! `codelibra export html`: the folder is complete, its links lead to its files, and no file of the user is removed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Each text of the catalogue, for a page that must not execute it.
const MARKUP: &str =
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> ' \" & <!-- ]]> {{ 7 }}.";

fn codelibra(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
    let output = command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A folder of one test, which does not exist.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("html").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// All files below a folder, by their paths with `/`.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let inner = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(inner, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The file that a link of another file leads to.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop().unwrap_or_else(|| panic!("{from}: {link} leaves the folder"))),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn links(page: &str) -> impl Iterator<Item = &str> {
    let values = |mark: &'static str| page.split(mark).skip(1).map(|rest| rest.split_once('"').unwrap().0);
    values(" href=\"").chain(values(" src=\"")).chain(values("content=\"0; url="))
}

#[test]
fn every_link_leads_to_a_file_of_the_folder() {
    let site = scratch("links").join("site");
    assert_eq!(codelibra(&["export", "html", "--output", site.to_str().unwrap()]), (0, String::new()));
    let files = contents(&site);
    let mut seen = 0;
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(content.len() < 200_000, "{path} has {} bytes", content.len());
        for link in links(content).filter(|link| *link != "data:," && *link != "./") {
            let target = resolve(path, link);
            assert!(files.contains_key(&target), "{path}: {link} leads to {target}");
            seen += 1;
        }
        assert!(!content.contains(" src=") && !content.contains("url("), "{path} loads something");
    }
    assert!(seen > 500, "{seen} links");
    for entry in codelibra::CATALOG.entries() {
        let page = format!("{}/index.html", entry.code);
        assert!(links(&files["index.html"]).any(|link| link == page));
        assert!(links(&files["404.html"]).any(|link| link == format!("./{page}")));
        for address in [entry.name, entry.reason] {
            assert!(files[&format!("{address}/index.html")].contains(&format!("../{page}")), "{address}");
        }
        let json: serde_json::Value = serde_json::from_str(&files[&format!("{}.json", entry.code)]).unwrap();
        assert_eq!(json["reason"], entry.reason);
    }
}

#[test]
fn markup_in_a_text_is_text() {
    let folder = scratch("markup");
    let (proto, site) = (folder.join("errors.proto"), folder.join("site"));
    let text = MARKUP.replace('"', "\\\"");
    let source = format!(
        r#"syntax = "proto3"; package acme.v1; import "codelibra/error/v1/options.proto";
        enum ErrorCode {{ option (codelibra.error.v1.catalog) = {{domain: "acme"}};
        ERROR_CODE_UNSPECIFIED = 0;
        ERROR_CODE_FIRST = 400001 [(codelibra.error.v1.entry) = {{summary: "{text}", cause: "{text}", resolution: "{text}",
            since: "{text}", params: {{name: "type", type: PARAM_TYPE_STRING, description: "{text}"}} }}];
        ERROR_CODE_LAST = 599999 [(codelibra.error.v1.entry) = {{summary: "{text}", deprecated: "{text}",
            replaced_by: "FIRST"}}]; }}"#
    );
    fs::write(&proto, source).unwrap();
    let arguments =
        ["export", "html", "--output", site.to_str().unwrap(), "--catalog", proto.to_str().unwrap()];
    assert_eq!(codelibra(&arguments), (0, String::new()));
    let files = contents(&site);
    assert!(files.contains_key("400001/index.html") && files.contains_key("599999/index.html"));
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let scripts = content.matches("<script").count();
        assert!(scripts <= 1 && content.matches("</script").count() == scripts, "{path}");
        assert!(!content.contains("<img") && !content.contains("alert(1)</"), "{path}");
    }
    assert!(files["400001/index.html"].contains("&#60;/script&#62;"));
}

#[test]
fn several_causes_are_a_list() {
    let folder = scratch("lists");
    let (proto, site) = (folder.join("errors.proto"), folder.join("site"));
    let source = r#"syntax = "proto3"; package acme.v1; import "codelibra/error/v1/options.proto";
        enum ErrorCode { option (codelibra.error.v1.catalog) = {domain: "acme"};
        ERROR_CODE_UNSPECIFIED = 0;
        ERROR_CODE_SOLD = 410001 [(codelibra.error.v1.entry) = {summary: "Sold.", cause: "One." cause: "Two.",
            resolution: ["Wait.", "Ask."]}];
        ERROR_CODE_GONE = 410002 [(codelibra.error.v1.entry) = {summary: "Gone.", cause: "Three."}]; }"#;
    fs::write(&proto, source).unwrap();
    let catalog = ["--catalog", proto.to_str().unwrap()];
    let arguments = [&["export", "html", "--output", site.to_str().unwrap()][..], &catalog].concat();
    assert_eq!(codelibra(&arguments), (0, String::new()));
    let files = contents(&site);
    let page = &files["410001/index.html"];
    for part in ["Possible causes", "<li>One.</li><li>Two.</li>", "<li>Wait.</li><li>Ask.</li>"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(files["410002/index.html"].contains("<dt>Cause</dt><dd>Three.</dd>"));
    // A text of the API has a line for each.
    let json: serde_json::Value = serde_json::from_str(&files["410001.json"]).unwrap();
    assert_eq!((&json["cause"], &json["resolution"]), (&"One.\nTwo.".into(), &"Wait.\nAsk.".into()));
    let explain = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
        let output = command.args([arguments, &catalog].concat()).env("NO_COLOR", "1").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(explain(&["explain", "410001"]).contains("  cause       One.\n              Two.\n"));
    assert!(explain(&["export", "markdown"]).contains("- Cause: One.\n- Cause: Two.\n"));
}

#[test]
fn an_export_replaces_an_earlier_one_and_nothing_else() {
    let folder = scratch("replace");
    let site = folder.join("site");
    let path = site.to_str().unwrap();
    let lending = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lending.proto");
    let lending = ["export", "html", "--output", path, "--catalog", lending];
    let ours = ["export", "html", "--output", path];
    assert_eq!(codelibra(&lending).0, 0);
    assert!(site.join("404004").exists());
    // An empty folder and an earlier export are replaced.
    assert_eq!(codelibra(&ours).0, 0);
    assert!(!site.join("410001").exists() && site.join("403003").exists());
    // A file of the user is not removed, and the folder stays as it was.
    fs::write(site.join("403003/notes.txt"), "mine").unwrap();
    let before = contents(&site);
    let (status, message) = codelibra(&lending);
    assert!(status == 2 && message.contains("403003/notes.txt"), "{message}");
    assert_eq!(contents(&site), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is beside it");
    // A folder of the user.
    let own = folder.join("own");
    fs::create_dir(&own).unwrap();
    assert_eq!(codelibra(&["export", "html", "--output", own.to_str().unwrap()]).0, 0, "it is empty");
    fs::remove_file(own.join(".codelibra-export")).unwrap();
    let (status, message) = codelibra(&["export", "html", "--output", own.to_str().unwrap()]);
    assert!(status == 2 && message.contains("which no export wrote"), "{message}");
    let file = folder.join("file");
    fs::write(&file, "mine").unwrap();
    let (status, message) = codelibra(&["export", "html", "--output", file.to_str().unwrap()]);
    assert!(status == 2 && message.contains("expected a folder"), "{message}");
    let missing = folder.join("no/such/folder");
    assert_eq!(codelibra(&["export", "html", "--output", missing.to_str().unwrap()]).0, 2);
}

#[test]
fn check_names_the_first_difference() {
    let folder = scratch("check");
    let site = folder.join("site");
    let write = ["export", "html", "--output", site.to_str().unwrap()];
    let check = [&write[..], &["--check"]].concat();
    assert_eq!(codelibra(&check).0, 2, "there is no folder");
    assert_eq!(codelibra(&write).0, 0);
    assert_eq!(codelibra(&check), (0, String::new()));
    let page = site.join("403003/index.html");
    let old = fs::read_to_string(&page).unwrap();
    fs::write(&page, format!("{old} ")).unwrap();
    let (status, message) = codelibra(&check);
    assert!(status == 1 && message.contains("`403003/index.html` differs"), "{message}");
    fs::remove_dir_all(page.parent().unwrap()).unwrap();
    let (status, message) = codelibra(&check);
    assert!(status == 1 && message.contains("`403003/index.html` is missing"), "{message}");
    assert!(!page.exists(), "nothing is written");
    assert_eq!(codelibra(&write).0, 0);
    // A code that the catalogue no longer has.
    let manifest = site.join(".codelibra-export");
    let listed = fs::read_to_string(&manifest).unwrap() + "599999.json\n";
    fs::write(&manifest, listed).unwrap();
    let (status, message) = codelibra(&check);
    assert!(status == 1 && message.contains(".codelibra-export"), "{message}");
}

/// A disk that is full after some files. The limit of the process applies to each file, so `index.html` cannot be written.
#[cfg(unix)]
#[test]
fn a_failed_write_leaves_nothing() {
    let folder = scratch("full");
    let site = folder.join("site");
    let command = format!(
        "ulimit -f 1; trap '' XFSZ; exec '{}' export html --output '{}'",
        env!("CARGO_BIN_EXE_codelibra"),
        site.display()
    );
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("cannot write the folder"), "{message}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
