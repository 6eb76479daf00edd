//! Changes that neither `check` nor `diff` has anything against.

use super::support::{Edit, Folder, SHOP, edited};

const ENTRY: &str = "  ERROR_CODE_CART_NOT_FOUND = 404001 [(codelibra.error.v1.entry) = {
    summary: \"There is no such cart.\"
    resolution: \"Open a new cart.\"
  }];
";

const HARMLESS: &[(&str, &[Edit])] = &[
    ("nothing", &[]),
    ("a summary", &[("The till is closed.", "The till is not open.")]),
    ("a cause", &[("The order asks for more", "The order has more items")]),
    ("a resolution", &[("Try again later.", "Try again in an hour.")]),
    ("a description", &[("The largest quantity.", "The largest quantity, in pieces.")]),
    (
        "a new entry",
        &[(
            "",
            "  ERROR_CODE_CART_GONE = 410001 [(codelibra.error.v1.entry) = {summary: \"The cart is gone.\", resolution: \"Open a new cart.\"}];",
        )],
    ),
    (
        "a new entry between others",
        &[(
            ENTRY,
            "  ERROR_CODE_ITEM_NOT_FOUND = 404002 [(codelibra.error.v1.entry) = {summary: \"There is no such item!\", resolution: \"Search for it.\"}];\n  ERROR_CODE_CART_NOT_FOUND = 404001 [(codelibra.error.v1.entry) = {\n    summary: \"There is no such cart.\"\n    resolution: \"Open a new cart.\"\n  }];\n",
        )],
    ),
    (
        "the edge numbers",
        &[(
            "",
            "  ERROR_CODE_FIRST = 400999 [(codelibra.error.v1.entry) = {summary: \"First.\", resolution: \"None.\"}];\n  ERROR_CODE_LAST = 511999 [(codelibra.error.v1.entry) = {summary: \"Last.\", resolution: \"None.\"}];",
        )],
    ),
    (
        "a new param",
        &[(
            "resolution: \"Try again later.\"",
            "resolution: \"Try again later.\"\n    params: {name: \"opens_at\", type: PARAM_TYPE_TIMESTAMP, description: \"When.\"}",
        )],
    ),
    (
        "the order of params",
        &[
            (
                "name: \"item\"\n      type: PARAM_TYPE_STRING\n      description: \"The item that was ordered.\"",
                "name: \"x\"",
            ),
            (
                "name: \"max_quantity\"\n      type: PARAM_TYPE_INT64\n      description: \"The largest quantity.\"",
                "name: \"item\"\n      type: PARAM_TYPE_STRING\n      description: \"The item that was ordered.\"",
            ),
            (
                "name: \"x\"",
                "name: \"max_quantity\"\n      type: PARAM_TYPE_INT64\n      description: \"The largest quantity.\"",
            ),
        ],
    ),
    (
        "a deprecation",
        &[(
            "recovery: RECOVERY_RETRY",
            "recovery: RECOVERY_RETRY\n    deprecated: \"2.0\"\n    replaced_by: \"SOLD_OUT\"",
        )],
    ),
    (
        "proto's own deprecation",
        &[("}];\n\n  ERROR_CODE_PRICE", "}, deprecated = true];\n\n  ERROR_CODE_PRICE")],
    ),
    ("a deprecation that is taken back", &[("    deprecated: \"1.2\"\n    replaced_by: \"SOLD_OUT\"\n", "")]),
    ("since", &[("since: \"1.0\"", "since: \"1.0.0\"")]),
    (
        "a removed entry whose number and name are reserved",
        &[(ENTRY, "  reserved 404001;\n  reserved \"ERROR_CODE_CART_NOT_FOUND\";\n")],
    ),
    ("a number that is reserved besides", &[("reserved 409004", "reserved 409003 to 409004")]),
    (
        "reserved numbers in another order",
        &[("reserved 409004, 409010 to 409019", "reserved 409015 to 409019, 409004, 409010 to 409014")],
    ),
    (
        "the recovery of a failure that is not retryable",
        &[("RECOVERY_FIX_REQUEST", "RECOVERY_CONTACT_SUPPORT")],
    ),
    ("a recovery that is still retryable", &[("RECOVERY_RETRY", "RECOVERY_WAIT")]),
    (
        "no recovery, as before",
        &[(
            "resolution: \"Open a new cart.\"",
            "resolution: \"Open a new cart.\"\n    recovery: RECOVERY_NONE",
        )],
    ),
    (
        "the gRPC code that the class has",
        &[("recovery: RECOVERY_RETRY", "recovery: RECOVERY_RETRY\n    grpc_code: GRPC_CODE_UNAVAILABLE")],
    ),
    ("the pages", &[("https://shop.example.com/errors", "/help/errors/")]),
    ("comments", &[("// The errors of the shop.", "// All errors.\n//\n// Of the shop.")]),
    ("the order of the file", &[(ENTRY, ""), ("", ENTRY)]),
    ("the name of the package", &[("package shop.v1;", "package store.v2;")]),
    (
        "the name of the option",
        &[(
            "[(codelibra.error.v1.entry) = {\n    summary: \"The till",
            "[(.codelibra.error.v1.entry) = {\n    summary: \"The till",
        )],
    ),
    (
        "an option that is set field by field",
        &[(
            " = {\n    summary: \"There is no such cart.\"\n    resolution: \"Open a new cart.\"\n  }]",
            ".summary = \"There is no such cart.\", (codelibra.error.v1.entry).resolution = \"Open a new cart.\"]",
        )],
    ),
    (
        "another enum and a message",
        &[(
            "// The errors of the shop.",
            "message Cart {\n  string id = 1;\n}\n\nenum Color {\n  COLOR_UNSPECIFIED = 0;\n  COLOR_RED = 1;\n}\n\n// The errors of the shop.",
        )],
    ),
    ("markup in texts", &[("There is no such cart.", "There is no <b>such</b> cart </script>.")]),
    ("another script", &[("There is no such cart.", "購物車不存在。")]),
    (
        "names that are keywords",
        &[(
            "",
            "  ERROR_CODE_ASYNC = 409005 [(codelibra.error.v1.entry) = {summary: \"Async.\", resolution: \"None.\"}];\n  ERROR_CODE_CLASS = 409006 [(codelibra.error.v1.entry) = {summary: \"Class.\", resolution: \"None.\"}];",
        )],
    ),
];

#[test]
fn a_harmless_change_has_no_findings() {
    assert!(HARMLESS.len() >= 20, "only {} changes", HARMLESS.len());
    let folder = Folder::new("harmless");
    folder.write("old.proto", SHOP);
    let mut wrong = Vec::new();
    for (name, edits) in HARMLESS {
        folder.write("new.proto", edited(edits));
        let checked = folder.codelibra(&["check", "new.proto"]);
        let compared = folder.codelibra(&["diff", "old.proto", "new.proto"]);
        if checked.exit != 0 || !checked.stdout.is_empty() {
            wrong.push(format!("{name}: check: {}{}", checked.stdout, checked.stderr));
        }
        if compared.exit != 0 || compared.stdout.contains(": breaking: ") {
            wrong.push(format!("{name}: diff: {}{}", compared.stdout, compared.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is safe is listed all the same: a reviewer sees what callers will see.
#[test]
fn a_safe_change_is_listed() {
    let folder = Folder::new("safe");
    folder.write("old.proto", SHOP);
    folder.write(
        "new.proto",
        edited(&[
            ("The till is closed.", "Closed."),
            ("", "  ERROR_CODE_CART_GONE = 410001 [(codelibra.error.v1.entry) = {summary: \"Gone.\"}];"),
        ]),
    );
    let printed = folder.codelibra(&["diff", "old.proto", "new.proto"]);
    assert_eq!(
        printed.stdout,
        "new.proto:63:36: safe: 503001 TillClosed: summary changed from \"The till is closed.\" to \"Closed.\"\n\
         new.proto:68:26: safe: 410001 CartGone: new\n"
    );
}
