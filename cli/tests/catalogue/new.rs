//! `new` writes an entry at its place.

use super::support::{Folder, SHOP, edited, entry};

fn new(folder: &Folder, arguments: &[&str]) -> super::support::Printed {
    folder.codelibra(&[&["--catalog", "errors.proto", "new"], arguments].concat())
}

#[test]
fn an_entry_is_written_after_the_one_with_the_next_lower_number() {
    let folder = Folder::new("new");
    folder.write("errors.proto", SHOP);
    // 409003 is free, 409004 is reserved, 409005 is free.
    for (class, name, expected) in [
        ("409", "CartMerged", "errors.proto:61: added 409003 CartMerged\n"),
        ("409", "CART_SPLIT", "errors.proto:63: added 409005 CartSplit\n"),
        ("400", "HTTPHeaderMissing", "errors.proto:38: added 400002 HttpHeaderMissing\n"),
        ("401", "SignedOut", "errors.proto:40: added 401001 SignedOut\n"),
        ("599", "Last", "errors.proto:77: added 599001 Last\n"),
    ] {
        let printed = new(&folder, &[class, name]);
        assert_eq!((printed.exit, &*printed.stdout), (0, expected), "{}", printed.stderr);
    }
    let text = folder.read("errors.proto");
    let added: Vec<&str> = text.lines().filter(|line| !SHOP.contains(*line)).collect();
    assert_eq!(
        added,
        [
            "  ERROR_CODE_HTTP_HEADER_MISSING = 400002 [(codelibra.error.v1.entry) = {summary: \"Http header missing.\"}];",
            "  ERROR_CODE_SIGNED_OUT = 401001 [(codelibra.error.v1.entry) = {summary: \"Signed out.\"}];",
            "  ERROR_CODE_CART_MERGED = 409003 [(codelibra.error.v1.entry) = {summary: \"Cart merged.\"}];",
            "  ERROR_CODE_CART_SPLIT = 409005 [(codelibra.error.v1.entry) = {summary: \"Cart split.\"}];",
            "  ERROR_CODE_LAST = 599001 [(codelibra.error.v1.entry) = {summary: \"Last.\"}];",
        ]
    );
    // Nothing else changed: without the new lines and the empty line before each, it is the old text.
    let mut rest = text.clone();
    for line in added {
        rest = rest.replace(&format!("\n{line}\n"), "");
    }
    assert_eq!(rest, SHOP);
    assert_eq!(folder.names(), ["errors.proto"]);
}

/// A new user begins here.
#[test]
fn the_first_entry_is_added_to_an_empty_catalogue() {
    let folder = Folder::new("new-first");
    let start = r#"syntax = "proto3";

package parcel.v1;

import "codelibra/error/v1/options.proto";

enum ErrorCode {
  option (codelibra.error.v1.catalog) = {domain: "parcel.example.com"};

  ERROR_CODE_UNSPECIFIED = 0;
}
"#;
    folder.write("errors.proto", start);
    let printed = new(&folder, &["404", "ParcelNotFound"]);
    assert_eq!(
        (printed.exit, &*printed.stdout),
        (0, "errors.proto:12: added 404001 ParcelNotFound\n"),
        "{}",
        printed.stderr
    );
    let row = "  ERROR_CODE_PARCEL_NOT_FOUND = 404001 [(codelibra.error.v1.entry) = {summary: \"Parcel not found.\"}];\n";
    let text = start.replace("= 0;\n", &format!("= 0;\n\n{row}"));
    assert_eq!(folder.read("errors.proto"), text);

    // Any other fault is reported as before.
    folder.write("errors.proto", start.replace("parcel.example.com", "https://parcel"));
    assert_eq!(new(&folder, &["404", "ParcelNotFound"]).exit, 2);
}

#[test]
fn texts_and_recovery_are_written() {
    let folder = Folder::new("new-texts");
    folder.write("errors.proto", SHOP);
    let texts =
        ["--summary", "Say \"no\" to \\ and ü.", "--resolution", "Two\nlines.", "--recovery", "step-up"];
    let printed = new(&folder, &[&["403", "Refused", "--format", "json"], &texts[..]].concat());
    assert_eq!(printed.exit, 0, "{}", printed.stderr);
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let expected = serde_json::json!({"code": 403_001, "name": "Refused", "reason": "REFUSED", "file": "errors.proto", "line": 38});
    assert_eq!(json, expected);
    let expected = "  ERROR_CODE_REFUSED = 403001 [(codelibra.error.v1.entry) = {
    summary: \"Say \\\"no\\\" to \\\\ and ü.\"
    resolution: \"Two\\nlines.\"
    recovery: RECOVERY_STEP_UP
  }];
";
    assert!(folder.read("errors.proto").contains(expected), "{}", folder.read("errors.proto"));
}

#[test]
fn the_text_of_the_file_is_kept() {
    let head = SHOP.split_once("  ERROR_CODE_UNSPECIFIED").unwrap().0;
    for (name, body, expected) in [
        (
            "comment in the same line",
            "  ERROR_CODE_UNSPECIFIED = 0;\n@ERROR_CODE_ANY@\n  // last\n}\n",
            "  ERROR_CODE_UNSPECIFIED = 0;\n@ERROR_CODE_ANY@\n  ERROR_CODE_NEW = 409002 [(codelibra.error.v1.entry) = {summary: \"New.\"}];\n  // last\n}\n",
        ),
        (
            "all in one line",
            "  ERROR_CODE_UNSPECIFIED = 0; }",
            "  ERROR_CODE_UNSPECIFIED = 0;\n\n  ERROR_CODE_NEW = 409001 [(codelibra.error.v1.entry) = {summary: \"New.\"}];\n  }",
        ),
    ] {
        let entry = entry("ERROR_CODE_ANY", 409_001);
        let with_entry =
            |text: &str| text.replace("@ERROR_CODE_ANY@", &format!("{} // why", entry.trim_end()));
        for newline in ["\n", "\r\n"] {
            let folder = Folder::new("new-kept");
            let written = |body: &str| (head.to_owned() + &with_entry(body)).replace('\n', newline);
            // A catalogue lists at least one code.
            let body = if body.contains('@') {
                body.to_owned()
            } else {
                body.replacen(
                    "= 0; }",
                    "= 0; ERROR_CODE_END = 599001 [(codelibra.error.v1.entry) = {summary: \"Z.\"}]; }",
                    1,
                )
            };
            let expected = if expected.contains('@') {
                expected.to_owned()
            } else {
                expected.replacen(
                    "\n  }",
                    "\n  ERROR_CODE_END = 599001 [(codelibra.error.v1.entry) = {summary: \"Z.\"}]; }",
                    1,
                )
            };
            folder.write("errors.proto", written(&body));
            let printed = new(&folder, &["409", "New"]);
            assert_eq!(printed.exit, 0, "{name}: {}", printed.stderr);
            assert_eq!(folder.read("errors.proto"), written(&expected), "{name}");
        }
    }
}

#[test]
#[cfg(unix)]
fn links_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("new-links");
    folder.write("real/errors.proto", SHOP);
    let real = folder.0.join("real/errors.proto");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/errors.proto", folder.0.join("errors.proto")).unwrap();
    assert_eq!(new(&folder, &["409", "CartGone"]).exit, 0);
    assert!(folder.0.join("errors.proto").symlink_metadata().unwrap().is_symlink());
    assert!(folder.read("real/errors.proto").contains("CART_GONE"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_class_is_filled_to_its_end_and_then_refused() {
    let folder = Folder::new("new-full");
    let rows: String = (1..=999)
        .filter(|number| ![7, 8].contains(number))
        .map(|number| entry(&format!("ERROR_CODE_NUM{number}"), 410_000 + number))
        .collect();
    let text = edited(&[]).replace("  // 404 Not Found\n", &(rows + "  reserved 410007;\n"));
    folder.write("errors.proto", &text);
    let printed = new(&folder, &["410", "Gap"]);
    assert!(printed.stdout.ends_with(": added 410008 Gap\n"), "{}{}", printed.stdout, printed.stderr);
    let before = folder.read("errors.proto");
    let printed = new(&folder, &["410", "Full"]);
    assert_eq!(printed.exit, 2);
    assert_eq!(
        printed.stderr,
        "error: class 410 has no free number: 410001 to 410999 are used or reserved; expected another class\n"
    );
    assert_eq!(folder.read("errors.proto"), before);
}

#[test]
fn a_name_that_cannot_be_added_is_refused() {
    let folder = Folder::new("new-refused");
    folder.write("errors.proto", SHOP);
    let long = "A".repeat(64);
    for (arguments, expected) in [
        (&["409", "SoldOut"][..], "reason SOLD_OUT is 409001 already; expected another name"),
        (&["409", "OldPrice"], "reason OLD_PRICE is reserved"),
        (&["409", "größe"], "reason `GRÖSSE` is misspelt"),
        (&["409", "X"], "reason `X` is misspelt"),
        (&["409", ""], "reason `` is misspelt"),
        (&["409", "a; b"], "misspelt"),
        (&["409", "SoldOut_"], "misspelt"),
        (&["409", &long], "has 64 characters; expected at most 63"),
        (&["409", "New", "--summary", "two\nlines"], "control character"),
        (&["409", "New", "--recovery", "pray"], "expected one of FIX_REQUEST"),
        (&["399", "New"], "expected 400 to 599"),
        (&["600", "New"], "expected 400 to 599"),
    ] {
        let printed = new(&folder, arguments);
        assert_eq!((printed.exit, &*printed.stdout), (2, ""), "{arguments:?}");
        assert!(printed.stderr.contains(expected), "{arguments:?}: {}", printed.stderr);
        assert_eq!(folder.read("errors.proto"), SHOP);
    }
    let printed = folder.codelibra(&["new", "409", "New"]);
    assert!(printed.exit == 2 && printed.stderr.contains("needs --catalog FILE"), "{}", printed.stderr);
}

/// An entry that the command reports is in the file, also if several commands run at the same time.
#[test]
fn an_entry_that_was_added_is_not_lost() {
    let folder = Folder::new("at-once");
    folder.write("errors.proto", SHOP);
    let names =
        ["OneGone", "TwoGone", "ThreeGone", "FourGone", "FiveGone", "SixGone", "SevenGone", "EightGone"];
    let added: Vec<&str> = std::thread::scope(|scope| {
        let add = |name| {
            let folder = &folder;
            scope.spawn(move || (name, folder.codelibra(&["--catalog", "errors.proto", "new", "410", name])))
        };
        let threads: Vec<_> = names.into_iter().map(add).collect();
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.filter(|(_, printed)| printed.exit == 0).map(|(name, _)| name).collect()
    });
    let listed = folder.codelibra(&["--catalog", "errors.proto", "list"]).stdout;
    for name in &added {
        assert!(listed.contains(name), "{name} of {added:?} is lost: {listed}");
    }
}
