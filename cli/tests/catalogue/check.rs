//! Faults that `check` finds.

use super::support::{Edit, Folder, Printed, SHOP, edited, entry};

struct Fault {
    name: &'static str,
    edits: &'static [Edit],
    /// The place and the message, or parts of it.
    found: &'static [&'static str],
}

const fn fault(name: &'static str, edits: &'static [Edit], found: &'static [&'static str]) -> Fault {
    Fault { name, edits, found }
}

const SOLD_OUT: &str = "ERROR_CODE_SOLD_OUT = 409001";

/// What fails a build.
const ERRORS: &[Fault] = &[
    fault(
        "a number below the classes",
        &[(SOLD_OUT, "ERROR_CODE_SOLD_OUT = 399999")],
        &[":47:25: error: code 399999", "expected 400001 to 599999"],
    ),
    fault(
        "a number above the classes",
        &[(SOLD_OUT, "ERROR_CODE_SOLD_OUT = 600000")],
        &[":47:25: error: code 600000"],
    ),
    fault(
        "the number of a class",
        &[(SOLD_OUT, "ERROR_CODE_SOLD_OUT = 409000")],
        &[":47:25: error: code 409000", "ends in 000"],
    ),
    fault("a negative number", &[(SOLD_OUT, "ERROR_CODE_SOLD_OUT = -409001")], &["error: code -409001"]),
    fault(
        "a number twice",
        &[("= 409002", "= 409001")],
        &[":53:30: error: code 409001", "used by `ERROR_CODE_SOLD_OUT` already"],
    ),
    fault(
        "a number twice, as an alias",
        &[("  reserved 409004", "  option allow_alias = true;\n  reserved 409004"), ("= 409002", "= 409001")],
        &[":54:30: error: code 409001"],
    ),
    fault(
        "a name twice",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_SOLD_OUT")],
        &[":53:3: error: name 'shop.v1.ERROR_CODE_SOLD_OUT' is defined twice"],
    ),
    fault(
        "a reason twice",
        &[("ERROR_CODE_PRICE_CHANGED", "SOLD_OUT")],
        &[":53:3: error: reason SOLD_OUT of `SOLD_OUT` is used by `ERROR_CODE_SOLD_OUT` already"],
    ),
    fault(
        "a name that differs in `_` only",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_SOLD__OUT")],
        &[":53:3: error: name SoldOut"],
    ),
    fault(
        "a reason in lower case",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_PriceChanged")],
        &["error: reason `PriceChanged` is misspelt"],
    ),
    fault(
        "a reason that is too long",
        &[(
            "ERROR_CODE_PRICE_CHANGED",
            "ERROR_CODE_PRICE_CHANGED_WHILE_THE_CUSTOMER_WAS_READING_THE_TERMS_OF_THE_SALE_AGAIN",
        )],
        &["characters; expected at most 63"],
    ),
    fault(
        "a retired number",
        &[("= 409002", "= 409004")],
        &["error: code 409004 of `ERROR_CODE_PRICE_CHANGED` is reserved"],
    ),
    fault(
        "a number of a retired range",
        &[("= 409002", "= 409015")],
        &["error: code 409015 of `ERROR_CODE_PRICE_CHANGED` is reserved"],
    ),
    fault(
        "a retired name",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_OLD_PRICE")],
        &["error: `ERROR_CODE_OLD_PRICE` is reserved"],
    ),
    fault(
        "no option",
        &[(
            " [(codelibra.error.v1.entry) = {\n    summary: \"The till is closed.\"\n    resolution: \"Try again later.\"\n    recovery: RECOVERY_RETRY\n  }]",
            "",
        )],
        &["error: 503001 TillClosed has no `(codelibra.error.v1.entry)`"],
    ),
    fault(
        "no summary",
        &[("    summary: \"The till is closed.\"\n", "")],
        &["error: 503001 TillClosed has no summary"],
    ),
    fault(
        "a summary of spaces",
        &[("The till is closed.", "  ")],
        &["error: 503001 TillClosed has no summary"],
    ),
    fault(
        "a summary of two lines",
        &[("The till is closed.", "The till\\nis closed.")],
        &["error: summary", "has a control character"],
    ),
    fault(
        "a control character in a resolution",
        &[("Try again later.", "Try \\x07again later.")],
        &["error: resolution of TillClosed has the control character"],
    ),
    fault(
        "a control character in a description",
        &[("The largest quantity.", "The \\0 largest quantity.")],
        &["error: description of param \"max_quantity\""],
    ),
    fault(
        "a param twice",
        &[("name: \"item\"", "name: \"max_quantity\"")],
        &["error: param \"max_quantity\" of QuantityTooLarge is declared twice"],
    ),
    fault(
        "a misspelt param",
        &[("name: \"item\"", "name: \"Item\"")],
        &["error: param \"Item\" of QuantityTooLarge is misspelt"],
    ),
    fault(
        "the param `code`",
        &[("name: \"item\"", "name: \"code\"")],
        &["error: param \"code\" of QuantityTooLarge is taken"],
    ),
    fault(
        "a param without a type",
        &[("      type: PARAM_TYPE_STRING\n", "")],
        &["error: param \"item\" of QuantityTooLarge has no type"],
    ),
    fault(
        "a replacement that is not there",
        &[("replaced_by: \"SOLD_OUT\"", "replaced_by: \"SOLD\"")],
        &["error: replaced_by \"SOLD\" of PriceChanged names no entry", "\"SOLD_OUT\""],
    ),
    fault(
        "a replacement by itself",
        &[("replaced_by: \"SOLD_OUT\"", "replaced_by: \"PRICE_CHANGED\"")],
        &["names the entry itself"],
    ),
    fault(
        "a domain that is a URI",
        &[("domain: \"shop.example.com\"", "domain: \"https://shop\"")],
        &[":9:3: error: domain \"https://shop\"", "not a DNS name; expected \"shop\""],
    ),
    fault("no domain", &[("    domain: \"shop.example.com\"\n", "")], &[":9:3: error: domain \"\""]),
    fault(
        "pages without a scheme",
        &[("https://shop.example.com/errors", "shop.example.com/errors")],
        &[":9:3: error: pages \"shop.example.com/errors\"", "absolute URI"],
    ),
    fault(
        "pages with a fragment",
        &[("https://shop.example.com/errors", "/errors#code")],
        &["error: pages \"/errors#code\""],
    ),
    fault(
        "a misspelt field",
        &[("cause:", "casue:")],
        &[":22:5: error:", "has no field `casue`; nearest: `cause`"],
    ),
    fault(
        "a misspelt field of the catalogue",
        &[("pages:", "page:")],
        &[":11:5: error:", "has no field `page`; nearest: `pages`"],
    ),
    fault(
        "a misspelt recovery",
        &[("RECOVERY_RETRY", "RECOVERY_RETRIE")],
        &[":66:15: error:", "nearest: `RECOVERY_RETRY`"],
    ),
    fault(
        "a recovery without its prefix",
        &[("RECOVERY_RETRY", "RETRY")],
        &["has no value `RETRY`; nearest: `RECOVERY_RETRY`"],
    ),
    fault(
        "a misspelt type",
        &[("PARAM_TYPE_INT64", "PARAM_TYPE_INT46")],
        &[":27:13: error:", "nearest: `PARAM_TYPE_INT64`"],
    ),
    fault(
        "a number in place of a text",
        &[("\"The till is closed.\"", "17")],
        &["expected a string, but found '17'"],
    ),
    fault(
        "a text in place of an option",
        &[(
            "{\n    summary: \"The till is closed.\"\n    resolution: \"Try again later.\"\n    recovery: RECOVERY_RETRY\n  }",
            "\"closed\"",
        )],
        &["its value is no message"],
    ),
    fault(
        "no import of the options",
        &[("import \"codelibra/error/v1/options.proto\";\n", "")],
        &["is not imported; expected `import \"codelibra/error/v1/options.proto\";`"],
    ),
    fault(
        "no entries",
        &[(
            "ERROR_CODE_UNSPECIFIED = 0;\n",
            "ERROR_CODE_UNSPECIFIED = 0;\n}\nenum Other {\n  OTHER_UNSPECIFIED = 0;\n",
        )],
        &["lists no code"],
    ),
];

/// What is probably a mistake.
const WARNINGS: &[Fault] = &[
    fault(
        "a reason with two underscores",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_PRICE__CHANGED")],
        &[":53:3: warning: reason PRICE__CHANGED does not match its name PriceChanged"],
    ),
    fault(
        "a reason with a digit after an underscore",
        &[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_PRICE_2")],
        &["does not match its name Price2"],
    ),
    fault(
        "a summary without a full stop",
        &[("The till is closed.", "The till is closed")],
        &["warning: summary \"The till is closed\" of TillClosed has no full stop"],
    ),
    fault(
        "a placeholder that is not a param",
        &[("{max_quantity}", "{max_qantity}")],
        &["warning: placeholder `{max_qantity}`", "max_quantity, item"],
    ),
    fault(
        "a placeholder without params",
        &[("The till is", "The till {id} is")],
        &["warning: placeholder `{id}`", "has no params"],
    ),
    fault("a class that no standard lists", &[("= 503001", "= 419001")], &["warning: class 419 of 419001"]),
    fault(
        "no resolution",
        &[("    resolution: \"Try again later.\"\n", "")],
        &["warning: 503001 TillClosed has no resolution"],
    ),
];

fn check(text: &str) -> Printed {
    let folder = Folder::new("check");
    folder.write("proto/errors.proto", text);
    folder.codelibra(&["check", "proto/errors.proto"])
}

#[test]
fn every_fault_is_found() {
    assert!(ERRORS.len() + WARNINGS.len() >= 40, "only {} faults", ERRORS.len() + WARNINGS.len());
    let mut wrong = Vec::new();
    for (exit, faults) in [(1, ERRORS), (0, WARNINGS)] {
        for Fault { name, edits, found } in faults {
            let printed = check(&edited(edits));
            let line = printed.stdout.lines().find(|line| found.iter().all(|part| line.contains(part)));
            let is_placed = line.is_some_and(|line| line.starts_with("proto/errors.proto:"));
            if printed.exit != exit || !is_placed {
                wrong.push(format!("{name}: exit {}\n{}{}", printed.exit, printed.stdout, printed.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_summary_has_at_most_1000_characters() {
    for (length, exit) in [(1000, 0), (1001, 1)] {
        let summary = "ü".repeat(length - 1) + ".";
        let printed = check(&SHOP.replace("The till is closed.", &summary));
        assert_eq!(printed.exit, exit, "{}", printed.stdout);
        assert_eq!(printed.stdout.contains("has 1001 characters; expected at most 1000"), exit == 1);
    }
}

#[test]
fn all_faults_of_a_file_are_reported_at_once() {
    let text = edited(&[
        ("cause:", "casue:"),
        ("RECOVERY_RETRY", "RECOVERY_RETRIE"),
        (SOLD_OUT, "ERROR_CODE_SOLD_OUT = 409000"),
        ("ERROR_CODE_CART_NOT_FOUND", "ERROR_CODE_SOLD_OUT"),
        ("= 409002", "= 409004"),
        ("domain: \"shop.example.com\"", "domain: \"shop shop\""),
        ("import \"codelibra/error/v1/options.proto\";\n", ""),
        ("The till is closed.", "The till is closed"),
    ]);
    let printed = check(&text);
    assert_eq!(printed.exit, 1);
    for part in
        ["casue", "RETRIE", "409000", "defined twice", "409004", "shop shop", "not imported", "full stop"]
    {
        assert_eq!(printed.stdout.matches(part).count(), 1, "{part}: {}", printed.stdout);
    }
    assert_eq!(printed.stdout.lines().count(), 8, "{}", printed.stdout);
    assert_eq!(printed.stderr, "checked: 1 file: 7 errors, 1 warning\n");
}

#[test]
fn catalogues_of_one_domain_agree() {
    let folder = Folder::new("domains");
    folder.write("a.proto", SHOP);
    // The same number and reason in both, one number with two reasons, one reason with two numbers.
    let other = edited(&[("ERROR_CODE_PRICE_CHANGED", "ERROR_CODE_PRICE_ROSE"), ("= 503001", "= 503002")]);
    folder.write("b.proto", &other);
    let printed = folder.codelibra(&["check", "a.proto", "b.proto"]);
    assert_eq!(printed.exit, 1);
    assert_eq!(
        printed.stdout,
        "b.proto:53:27: error: code 409002 is PRICE_ROSE here and PRICE_CHANGED in line 53 of `a.proto`; expected an unused number, such as 409003\n\
         b.proto:63:3: error: reason TILL_CLOSED is 503002 here and 503001 in line 63 of `a.proto`; expected one number for it\n"
    );
    // Another domain has numbers of its own.
    folder.write("b.proto", other.replace("domain: \"shop", "domain: \"store"));
    let printed = folder.codelibra(&["check", "a.proto", "b.proto"]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
}

#[test]
fn the_formats_have_the_same_findings() {
    let folder = Folder::new("formats");
    folder.write("proto/a,b%.proto", edited(&[("= 503001", "= 503000")]));
    let file = "proto/a,b%.proto";
    let github = folder.codelibra(&["check", "--format", "github", file]);
    assert_eq!(github.exit, 1);
    assert!(
        github.stdout.starts_with("::error file=proto/a%2Cb%25.proto,line=63,col=28::code 503000 of "),
        "{}",
        github.stdout
    );
    let json = folder.codelibra(&["check", "--format", "json", file]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let finding = &json[0];
    assert_eq!((&finding["severity"], &finding["file"]), (&"error".into(), &file.into()));
    assert_eq!((&finding["line"], &finding["column"]), (&63.into(), &28.into()));
    assert!(finding["message"].as_str().unwrap().starts_with("code 503000 of "));
    // Without a finding the list is empty.
    folder.write("proto/right.proto", SHOP);
    let printed = folder.codelibra(&["check", "--format", "json", "proto/right.proto"]);
    assert_eq!((printed.exit, &*printed.stdout), (0, "[]\n"));
}

#[test]
fn our_own_catalogue_has_no_findings() {
    let folder = Folder::new("ours");
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/codelibra/error/v1/catalog.proto");
    let printed = folder.codelibra(&["check", ours]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
}

/// The classes that the rule lists are those that have a phrase.
#[test]
fn a_class_is_listed_if_it_has_a_phrase() {
    let rows = (400..=599).map(|class| entry(&format!("ERROR_CODE_CLASS_C{class}"), class * 1000 + 999));
    let text = edited(&[]).replace("  // 400 Bad Request\n", &rows.collect::<String>());
    let printed = check(&text);
    for class in 400..=599 {
        let status = u16::try_from(class).ok().and_then(|class| http::StatusCode::from_u16(class).ok());
        let has_phrase = class == 499 || status.is_some_and(|status| status.canonical_reason().is_some());
        // RFC 9110 §15.5.19: "418 (Unused)". Its phrase is a joke of RFC 2324.
        let has_phrase = has_phrase && class != 418;
        let is_reported = printed.stdout.contains(&format!("warning: class {class} "));
        assert_eq!(is_reported, !has_phrase, "{class}");
    }
}

/// A value that cannot be read is one finding. No rule is applied to what stands in its place.
#[test]
fn an_unreadable_grpc_code_has_one_finding() {
    const PAGES: &str = "    pages: \"https://shop.example.com/errors\"\n";
    const FALLBACK: Edit = (
        PAGES,
        "    fallback: {grpc_code: GRPC_CODE_ABORTED code: 409001}\n    fallback: {grpc_code: ZZZZ code: 404001}\n    fallback: {grpc_code: YYYY code: 404001}\n",
    );
    const OF_ENTRY: Edit = (
        PAGES,
        "    fallback: {grpc_code: GRPC_CODE_NOT_FOUND code: 404001}\n    fallback: {grpc_code: GRPC_CODE_ABORTED code: 409001}\n",
    );
    const ENTRY: Edit =
        ("    resolution: \"Open a new cart.\"", "    grpc_code: ZZZZ\n    resolution: \"Open a new cart.\"");
    for (edits, count) in [(&[FALLBACK][..], 2), (&[OF_ENTRY, ENTRY], 1), (&[OF_ENTRY], 0)] {
        let folder = Folder::new("unreadable-grpc-code");
        folder.write("errors.proto", edited(edits));
        let printed = folder.codelibra(&["check", "errors.proto"]);
        assert_eq!(printed.stdout.lines().count(), count, "{}", printed.stdout);
        assert!(printed.stdout.lines().all(|line| line.contains("has no value `")), "{}", printed.stdout);
    }
}
