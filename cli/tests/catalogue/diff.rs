//! Changes that `diff` reports as breaking.

use super::support::{Edit, Folder, Printed, SHOP, edited};

/// A change that breaks callers, and what the line about it contains.
type Break = (&'static str, &'static [Edit], &'static [&'static str]);

const TILL: &str = "  ERROR_CODE_TILL_CLOSED = 503001 [(codelibra.error.v1.entry) = {
    summary: \"The till is closed.\"
    resolution: \"Try again later.\"
    recovery: RECOVERY_RETRY
  }];
";

const ITEM: &str = "    params: {
      name: \"item\"
      type: PARAM_TYPE_STRING
      description: \"The item that was ordered.\"
    }
";

const BREAKS: &[Break] = &[
    (
        "an entry is removed",
        &[(TILL, "")],
        &["503001 TillClosed: removed without `reserved`", "`reserved 503001;`"],
    ),
    (
        "an entry is removed, and another number reserved",
        &[(TILL, "  reserved 503002;\n")],
        &["503001 TillClosed: removed"],
    ),
    (
        "an entry is removed, and its name reserved",
        &[(TILL, "  reserved \"ERROR_CODE_TILL_CLOSED\";\n")],
        &["503001 TillClosed: removed"],
    ),
    (
        "a number changes",
        &[("= 503001", "= 503002")],
        &[":63:28: breaking: 503001 TillClosed: number of TILL_CLOSED changed from 503001 to 503002"],
    ),
    (
        "a number changes, and the old one is reserved",
        &[("= 503001", "= 503002"), ("reserved 409004", "reserved 503001, 409004")],
        &["number of TILL_CLOSED changed"],
    ),
    (
        "the class changes",
        &[("= 503001", "= 500001")],
        &["number of TILL_CLOSED changed from 503001 to 500001"],
    ),
    (
        "a reason changes",
        &[("ERROR_CODE_TILL_CLOSED", "ERROR_CODE_TILL_SHUT")],
        &[":63:3: breaking: 503001 TillClosed: reason changed from TILL_CLOSED to TILL_SHUT"],
    ),
    (
        "two entries swap their numbers",
        &[("= 409001", "= 1"), ("= 409002", "= 409001"), ("= 1 ", "= 409002 ")],
        &["409001 SoldOut: number of SOLD_OUT changed from 409001 to 409002"],
    ),
    ("a param is removed", &[(ITEM, "")], &["400001 QuantityTooLarge: param `item` was removed"]),
    (
        "a param is renamed",
        &[("name: \"item\"", "name: \"article\"")],
        &["param `item` is now `article`; expected both"],
    ),
    (
        "a param gets another type",
        &[("PARAM_TYPE_STRING", "PARAM_TYPE_INT64")],
        &["type of param `item` changed from STRING to INT64"],
    ),
    (
        "the gRPC code is overridden",
        &[("recovery: RECOVERY_RETRY", "recovery: RECOVERY_RETRY\n    grpc_code: GRPC_CODE_INTERNAL")],
        &["503001 TillClosed: gRPC code changed from UNAVAILABLE to INTERNAL"],
    ),
    (
        "a retryable failure is not any more",
        &[("RECOVERY_RETRY", "RECOVERY_NONE")],
        &["recovery changed from RETRY to NONE: clients do not retry any more"],
    ),
    (
        "a retryable failure has no recovery any more",
        &[("    recovery: RECOVERY_RETRY\n", "")],
        &["recovery changed from RETRY to NONE"],
    ),
    (
        "a failure becomes retryable",
        &[("RECOVERY_FIX_REQUEST", "RECOVERY_WAIT")],
        &["recovery changed from FIX_REQUEST to WAIT: clients send the same request again"],
    ),
    (
        "the domain changes",
        &[("domain: \"shop.example.com\"", "domain: \"store.example.com\"")],
        &[":9:3: breaking: domain changed from \"shop.example.com\" to \"store.example.com\""],
    ),
    (
        "a retired number is used again",
        &[("reserved 409004, ", "reserved "), ("= 409002", "= 409004")],
        &["409004 PriceChanged: the number was retired"],
    ),
    (
        "a number of a retired range is used again",
        &[
            ("409010 to 409019", "409010 to 409014"),
            ("", "  ERROR_CODE_NEW = 409015 [(codelibra.error.v1.entry) = {summary: \"New.\"}];"),
        ],
        &["409015 New: the number was retired"],
    ),
    (
        "a retired name is used again",
        &[
            ("  reserved \"ERROR_CODE_OLD_PRICE\";\n", ""),
            ("", "  ERROR_CODE_OLD_PRICE = 409020 [(codelibra.error.v1.entry) = {summary: \"Old.\"}];"),
        ],
        &["reason OLD_PRICE was retired"],
    ),
    (
        "a retired number is not reserved any more",
        &[("reserved 409004, ", "reserved ")],
        &["409004 was reserved; expected `reserved 409004;`"],
    ),
    (
        "a part of a retired range is not reserved any more",
        &[("409010 to 409019", "409010 to 409014")],
        &["409015 to 409019 was reserved"],
    ),
    (
        "a retired name is not reserved any more",
        &[("  reserved \"ERROR_CODE_OLD_PRICE\";\n", "")],
        &["\"ERROR_CODE_OLD_PRICE\" was reserved"],
    ),
];

fn diff(old: &str, new: &str) -> Printed {
    let folder = Folder::new("diff");
    folder.write("old.proto", old);
    folder.write("new.proto", new);
    folder.codelibra(&["diff", "old.proto", "new.proto"])
}

#[test]
fn every_breaking_change_is_found() {
    let mut wrong = Vec::new();
    for (name, edits, found) in BREAKS {
        let printed = diff(SHOP, &edited(edits));
        let is_found =
            |line: &str| line.contains(": breaking: ") && found.iter().all(|part| line.contains(part));
        let placed = printed.stdout.lines().all(|line| line.starts_with("new.proto:"));
        if printed.exit != 1 || !placed || !printed.stdout.lines().any(is_found) {
            wrong.push(format!("{name}: exit {}\n{}{}", printed.exit, printed.stdout, printed.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fallback_that_changes_breaks_callers_and_a_new_one_does_not() {
    let with = |rows: &str| edited(&[]).replace("/errors\"\n", &format!("/errors\"\n{rows}"));
    let row = |grpc_code: &str, code: u32| {
        format!("    fallback: {{grpc_code: GRPC_CODE_{grpc_code}, code: {code}}}\n")
    };
    let old = with(&row("ABORTED", 409_001));
    for (new, exit, found) in [
        (with(&row("ABORTED", 409_002)), 1, "breaking: fallback of ABORTED changed from 409001 to 409002"),
        (with(""), 1, "breaking: fallback of ABORTED was 409001 and was removed"),
        (
            with(&(row("NOT_FOUND", 404_001) + &row("ABORTED", 409_001))),
            0,
            "safe: new fallback of NOT_FOUND: 404001",
        ),
    ] {
        let printed = diff(&old, &new);
        assert_eq!(printed.exit, exit, "{}", printed.stderr);
        assert!(printed.stdout.contains(found), "{found}: {}", printed.stdout);
    }
}

#[test]
fn the_override_that_is_removed_changes_the_grpc_code() {
    let old = edited(&[(
        "recovery: RECOVERY_RETRY",
        "recovery: RECOVERY_RETRY\n    grpc_code: GRPC_CODE_INTERNAL",
    )]);
    let printed = diff(&old, SHOP);
    assert_eq!(printed.exit, 1);
    assert!(printed.stdout.contains("gRPC code changed from INTERNAL to UNAVAILABLE"), "{}", printed.stdout);
}

#[test]
fn both_sides_of_a_swap_are_reported() {
    let printed =
        diff(SHOP, &edited(&[("= 409001", "= 1"), ("= 409002", "= 409001"), ("= 1 ", "= 409002 ")]));
    assert_eq!(printed.stderr, "compared: 4 breaking changes, 0 safe changes\n");
}

#[test]
fn the_formats_have_the_same_changes() {
    let folder = Folder::new("diff-formats");
    folder.write("old.proto", SHOP);
    folder.write("new.proto", edited(&[("= 503001", "= 503002"), ("The till is closed.", "Closed.")]));
    let github = folder.codelibra(&["diff", "--format", "github", "old.proto", "new.proto"]);
    assert_eq!(github.exit, 1);
    let lines: Vec<&str> = github.stdout.lines().collect();
    assert!(
        lines[0].starts_with("::error file=new.proto,line=63,col=28::503001 TillClosed: number "),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("::notice file=new.proto,line=63,col="), "{lines:?}");
    let json = folder.codelibra(&["diff", "--format", "json", "old.proto", "new.proto"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let kinds: Vec<_> =
        json.as_array().unwrap().iter().map(|change| (&change["breaking"], &change["change"])).collect();
    assert_eq!(kinds, [(&true.into(), &"number".into()), (&false.into(), &"text".into())]);
    assert_eq!((&json[0]["code"], &json[0]["name"]), (&503_001.into(), &"TillClosed".into()));
}

#[test]
fn a_version_is_a_file_a_descriptor_set_or_a_revision() {
    let folder = Folder::new("versions");
    folder.write("proto/shop/v1/errors.proto", SHOP);
    let exported = folder.codelibra(&[
        "--catalog",
        "proto/shop/v1/errors.proto",
        "export",
        "descriptor-set",
        "--output",
        "proto/old.binpb",
    ]);
    assert_eq!(exported.exit, 0, "{}", exported.stderr);
    // Our own catalogue is in that set too: only one of both is wanted.
    let set = codelibra_build::descriptor_set(
        folder.0.join("proto/shop/v1/errors.proto"),
        &[folder.0.join("proto")],
    );
    folder.write("proto/old.binpb", set.unwrap());
    folder.commit_all();
    folder.git(&["tag", "v1"]);
    folder.write("proto/shop/v1/errors.proto", edited(&[("= 503001", "= 503002")]));
    let new = "proto/shop/v1/errors.proto";
    for old in [
        "git:main:proto/shop/v1/errors.proto",
        "git:v1:./proto/shop/v1/errors.proto",
        "git:HEAD:proto/old.binpb",
        "proto/old.binpb",
    ] {
        let printed = folder.codelibra(&["diff", old, new]);
        assert_eq!(printed.exit, 1, "{old}: {}", printed.stderr);
        assert_eq!(
            printed.stdout,
            "proto/shop/v1/errors.proto:63:28: breaking: 503001 TillClosed: number of TILL_CLOSED changed from 503001 to 503002\n"
        );
    }
    let printed = folder.codelibra(&[
        "diff",
        "git:main:proto/shop/v1/errors.proto",
        "git:v1:proto/shop/v1/errors.proto",
    ]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
}

#[test]
fn a_revision_has_its_own_imports() {
    let folder = Folder::new("imports-of-revisions");
    let import = "import \"codelibra/error/v1/options.proto\";\nimport \"shop/v1/common.proto\";\nimport \"shared.proto\";";
    let text = edited(&[("import \"codelibra/error/v1/options.proto\";", import)]);
    folder.write("proto/shop/v1/errors.proto", &text);
    folder.write("proto/shop/v1/common.proto", "syntax = \"proto3\";\npackage shop.v1;\n");
    folder.write("more/shared.proto", "syntax = \"proto3\";\npackage shared;\n");
    folder.commit_all();
    // On disk they do not parse.
    folder.write("proto/shop/v1/common.proto", "syntax");
    folder.write("more/shared.proto", "syntax");
    folder.write("new.proto", SHOP);
    let arguments = ["diff", "git:main:proto/shop/v1/errors.proto", "new.proto"];
    let printed = folder.codelibra(&[&arguments[..], &["--include", "more"]].concat());
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
    let printed = folder.codelibra(&arguments);
    assert_eq!(printed.exit, 2);
    assert!(printed.stderr.contains("import 'shared.proto' not found"), "{}", printed.stderr);
}
