//! The memory for a catalogue grows as the catalogue does: twice the rows take twice the memory, and not four times; and all
//! of 20,000 findings are reported. Comparisons allocate nothing: the unit tests of `descriptor.rs` check that protox has no
//! positions to compare with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fmt::Write;
use std::path::PathBuf;

use allocation_counter::measure;
use codelibra_build::{Catalog, Error};

/// A row, of which the number and the options matter.
fn row(i: usize) -> (String, usize, String) {
    (format!("N{i:05}"), 400_000 + i / 999 * 1000 + i % 999 + 1, String::new())
}

type Kind = (&'static str, fn(usize) -> String);

/// What an author can repeat.
const KINDS: [Kind; 7] = [
    ("entries", |n| proto("", (0..n).map(row))),
    ("one name", |n| proto("", (0..n).map(|i| (String::from("SAME"), row(i).1, String::new())))),
    ("one number", |n| proto("", (0..n).map(|i| (row(i).0, 400_001, String::new())))),
    ("retired numbers", |n| {
        let reserved: String = (0..n).map(|i| format!("  reserved {};\n", row(i).1)).collect();
        proto(&reserved, (0..n).map(row))
    }),
    ("replacements that do not exist", |n| {
        proto("", (0..n).map(|i| (row(i).0, row(i).1, format!(", replaced_by: \"X{i}\""))))
    }),
    ("params", |n| {
        let param = |i| format!(", params: {{name: \"p{i}\", type: PARAM_TYPE_STRING}}");
        proto("", [(String::from("ONE"), 400_001, (0..n).map(param).collect())].into_iter())
    }),
    ("params of one name", |n| {
        let param = ", params: {name: \"p\", type: PARAM_TYPE_STRING}";
        proto("", [(String::from("ONE"), 400_001, param.repeat(n))].into_iter())
    }),
];

fn proto(reserved: &str, rows: impl Iterator<Item = (String, usize, String)>) -> String {
    let mut proto = String::from("syntax = \"proto3\";\npackage shop.v1;\n");
    proto.push_str("import \"codelibra/error/v1/options.proto\";\nenum ErrorCode {\n");
    proto.push_str("  option (codelibra.error.v1.catalog) = {domain: \"shop.example\"};\n");
    proto.push_str(reserved);
    proto.push_str("  ERROR_CODE_UNSPECIFIED = 0;\n");
    for (name, number, options) in rows {
        let entry = format!("(codelibra.error.v1.entry) = {{summary: \"Sold out.\"{options}}}");
        writeln!(proto, "  ERROR_CODE_{name} = {number} [{entry}];").unwrap();
    }
    proto + "}\n"
}

fn read(name: &str, proto: &str) -> Result<Catalog, Error> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("linear");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name.replace(' ', "_")).with_extension("proto");
    std::fs::write(&file, proto).unwrap();
    Catalog::from_proto(&file, &[folder])
}

#[test]
fn twice_the_rows_are_twice_the_work() {
    for (name, kind) in KINDS {
        let [once, twice] = [1000, 2000].map(|n| {
            let proto = kind(n);
            measure(|| {
                let _ = read(name, &proto).map(|catalog| catalog.to_rust());
            })
        });
        for (what, once, twice) in [
            ("bytes", once.bytes_total, twice.bytes_total),
            ("allocations", once.count_total, twice.count_total),
        ] {
            assert!(twice < once * 5 / 2, "{name}: {once} {what} become {twice} with twice the rows");
        }
    }
}

/// Compared one by one with the positions of the file, they took 46 seconds.
#[test]
fn a_name_that_is_repeated_20_000_times_is_found_each_time() {
    let rows = (0..20_000).map(|i| (String::from("SAME"), row(i).1, String::new()));
    let error = read("many", &proto("", rows)).unwrap_err();
    let findings = error.diagnostics();
    assert_eq!(findings.len(), 19_999);
    // The first use is in line 7.
    let positions: Vec<_> = findings.iter().map(|finding| finding.position).collect();
    assert!(positions.iter().zip(8..).all(|(position, line)| *position == Some((line, 3))));
    let message = "name 'shop.v1.ERROR_CODE_SAME' is defined twice; expected each name once";
    assert!(findings.iter().all(|finding| finding.message == message));
}

/// protox reports a missing import first. It is not asked about a file with repeated names: see above.
#[test]
fn a_repeated_name_is_found_before_protox_compiles_the_file_with_its_positions() {
    let rows = || (0..3).map(|i| (String::from("SAME"), row(i).1, String::new()));
    let add_import = |proto: String| proto.replacen("import ", "import \"missing.proto\";\nimport ", 1);
    let error = read("import_and_names", &add_import(proto("", rows()))).unwrap_err();
    let messages: Vec<_> = error.diagnostics().iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["name 'shop.v1.ERROR_CODE_SAME' is defined twice; expected each name once"; 2]);
    // The control: without repeated names the import is reported.
    let error = read("import", &add_import(proto("", rows().take(1)))).unwrap_err();
    assert!(error.to_string().contains("missing.proto"), "{error}");
}
