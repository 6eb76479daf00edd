//! No command prints a character that a terminal obeys or does not show, whatever its input.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::{Command, Stdio};

/// An override of the direction of text, a C1 control, an escape sequence, a space without a width, a line separator,
/// a tag.
const HIDDEN: &str = "x\u{202e}\u{9b}31m\u{1b}[31m\u{200b}\u{2028}\r\u{e0041}y";

fn run(arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
    let output = command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

fn is_clean(arguments: &[&str], printed: &str) {
    let hidden =
        printed.chars().find(|c| *c != '\n' && (c.is_control() || HIDDEN[1..].contains(*c) && !c.is_ascii()));
    assert_eq!(hidden.map(|c| c.escape_unicode().to_string()), None, "{arguments:?}: {printed:?}");
}

#[test]
fn messages_show_what_is_hidden() {
    let (param, file) = (format!("{HIDDEN}=1"), format!("/nonexistent/{HIDDEN}"));
    let proto = format!("{file}.proto");
    let value = format!("limit={HIDDEN}");
    for arguments in [
        vec!["explain", HIDDEN],
        vec!["encode", HIDDEN],
        vec!["encode", "403003", "--param", HIDDEN],
        vec!["encode", "403003", "--param", &param],
        vec!["encode", "400005", "--param", &value],
        vec!["map", "http", HIDDEN],
        vec!["map", "grpc", HIDDEN],
        vec!["call", HIDDEN, "/a.B/C"],
        vec!["call", "http://127.0.0.1:1", HIDDEN],
        vec!["call", "http://127.0.0.1:1", "/a.B/C", "--timeout", HIDDEN],
        vec!["call", "http://127.0.0.1:1", "/a.B/C", "--data-base64", HIDDEN],
        vec!["serve", "--http", HIDDEN],
        vec!["serve", "--stream-idle", HIDDEN],
        vec!["--catalog", &file, "list"],
        vec!["--catalog", &proto, "list"],
        vec!["export", "descriptor-set", "--output", &file],
        // What clap reports.
        vec!["list", "--class", HIDDEN],
        vec!["encode", "403003", "--format", HIDDEN],
        vec!["list", HIDDEN],
        vec![HIDDEN],
    ] {
        let (out, error) = run(&arguments);
        is_clean(&arguments, &out);
        is_clean(&arguments, &error);
        assert!(error.contains(r"\u{202e}") || error.contains(r"\u{1b}"), "the value is shown: {error:?}");
    }
}

#[test]
fn what_a_peer_sent_is_shown_and_json_keeps_its_value() {
    let body = serde_json::json!({"code": 403_003, "message": HIDDEN, "domain": HIDDEN, "metadata": {HIDDEN: HIDDEN},
        "details": [{"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": HIDDEN}]});
    let arguments = ["decode", &body.to_string()];
    let (out, error) = run(&arguments);
    is_clean(&arguments, &format!("{out}{error}"));
    assert!(out.contains(r"message     x\u{202e}\u{9b}31m\u{1b}[31m\u{200b}\u{2028}\r\u{e0041}y"), "{out}");
    let (out, _) = run(&["decode", &body.to_string(), "--format", "json"]);
    is_clean(&arguments, &out);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((json["message"].as_str(), json["metadata"][HIDDEN].as_str()), (Some(HIDDEN), Some(HIDDEN)));
}

/// The texts of a catalogue that a user brings.
#[test]
fn a_catalogue_is_shown() {
    let folder = std::env::temp_dir().join(format!("codelibra-hidden-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("errors.proto");
    // The rules of catalogues refuse control characters.
    let text: String = HIDDEN.chars().filter(|c| !c.is_control()).collect();
    let entry = ["summary", "cause", "resolution"].map(|name| format!("{name}: \"{text}\"")).join(", ");
    std::fs::write(
        &file,
        format!(
            r#"syntax = "proto3"; package acme.v1; import "codelibra/error/v1/options.proto";
            enum ErrorCode {{ option (codelibra.error.v1.catalog) = {{domain: "acme"}};
            ERROR_CODE_UNSPECIFIED = 0; ERROR_CODE_GONE = 410001 [(codelibra.error.v1.entry) = {{{entry}}}]; }}"#
        ),
    )
    .unwrap();
    let file = file.to_str().unwrap().to_owned();
    for command in [vec!["list"], vec!["explain", "410001"], vec!["list", "--format", "json"]] {
        let arguments = [&["--catalog", &file][..], &command].concat();
        let (out, error) = run(&arguments);
        is_clean(&arguments, &format!("{out}{error}"));
        assert!(out.contains("410001") && out.contains("202e"), "{out}{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
