//! Branches under real git: every number and reason with two meanings is found.

use std::fmt::Write;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::support::{Folder, Printed, SHOP, entry, git};

/// How many branches collide.
const COLLIDING: u32 = 100;

/// A repository with these branches, each one commit after the first one of main.
fn repository(name: &str, branches: &[(String, Vec<(&str, String)>)]) -> Folder {
    let folder = Folder::new(name);
    folder.git(&["init", "-q", "-b", "main", "."]);
    // One process for all commits.
    let mut stream = String::new();
    let mut commit = |branch: &str, from: &str, files: &[(&str, String)], mark: usize| {
        let author = "test <test@example.com> 0 +0000";
        let _ =
            write!(stream, "commit refs/heads/{branch}\nmark :{mark}\ncommitter {author}\ndata 1\nx\n{from}");
        for (path, text) in files {
            let _ = match text.is_empty() {
                true => writeln!(stream, "D {path}"),
                false => write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()),
            };
        }
        stream.push('\n');
    };
    commit("main", "", &[("proto/errors.proto", SHOP.to_owned()), ("README", String::from("x"))], 1);
    for ((branch, files), mark) in branches.iter().zip(2..) {
        commit(branch, "from :1\n", files, mark);
    }
    let mut import = git();
    import.current_dir(&folder.0).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut child = import.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    folder.git(&["reset", "-q", "--hard", "main"]);
    folder
}

fn with(rows: &str) -> String {
    let end = SHOP.rfind('}').unwrap();
    format!("{}{rows}}}\n", &SHOP[..end])
}

/// Numbers that a simple generator spreads: the same in every run.
fn seeded(seed: u32) -> u32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995;
    state ^= state >> 15;
    state = state.wrapping_mul(0x85eb_ca6b);
    state ^ state >> 13
}

/// What one branch has, and what the finding about it contains.
fn colliding(index: u32) -> (Vec<(&'static str, String)>, String) {
    // The working tree has 422001 to 422100 as OURS_1 to OURS_100, reserves 424001 to 424100, and uses 426001 to 426100.
    let number = 1 + index;
    let path = "proto/errors.proto";
    match seeded(index) % 6 {
        0 => {
            let text = with(&entry(&format!("ERROR_CODE_THEIRS_{index}X"), 422_000 + number));
            (
                vec![(path, text)],
                format!("code {} is OURS_N{number} here and THEIRS_{index}X ", 422_000 + number),
            )
        }
        1 => {
            let text = with(&entry(&format!("ERROR_CODE_OURS_N{number}"), 423_000 + number));
            let found =
                format!("reason OURS_N{number} is {} here and {} ", 422_000 + number, 423_000 + number);
            (vec![(path, text)], found)
        }
        2 => {
            let text = with(&entry(&format!("ERROR_CODE_THEIRS_{index}X"), 424_000 + number));
            (
                vec![(path, text)],
                format!("code {} is reserved here and is THEIRS_{index}X ", 424_000 + number),
            )
        }
        3 => {
            let text = with(&format!("  reserved {};\n", 422_000 + number));
            (
                vec![(path, text)],
                format!("code {} is OURS_N{number} here and is reserved in ", 422_000 + number),
            )
        }
        4 => {
            // The file was moved.
            let text = with(&entry(&format!("ERROR_CODE_THEIRS_{index}X"), 422_000 + number));
            let files = vec![(path, String::new()), ("api/shop/errors.proto", text)];
            (files, format!("code {} is OURS_N{number} here and THEIRS_{index}X ", 422_000 + number))
        }
        _ => {
            // A number that both had gets another meaning.
            let text = SHOP.replace("ERROR_CODE_TILL_CLOSED", &format!("ERROR_CODE_TILL_N{index}"));
            (vec![(path, text)], format!("code 503001 is TILL_CLOSED here and TILL_N{index} "))
        }
    }
}

fn working_tree() -> String {
    let mut rows = String::from("  reserved 424001 to 424100;\n");
    for number in 1..=COLLIDING {
        rows += &entry(&format!("ERROR_CODE_OURS_N{number}"), 422_000 + number);
    }
    with(&rows)
}

#[test]
fn every_colliding_branch_is_found() {
    let (mut branches, mut expected) = (Vec::new(), Vec::new());
    for index in 0..COLLIDING {
        let (files, found) = colliding(index);
        let branch = format!("team/{index}");
        expected.push(format!("{found}§branch `{branch}`"));
        branches.push((branch, files));
    }
    let folder = repository("colliding", &branches);
    folder.write("proto/errors.proto", working_tree());
    let printed = folder.codelibra(&["check", "proto/errors.proto", "--against", "team/*"]);
    assert_eq!(printed.exit, 1, "{}", printed.stderr);
    let mut missed = Vec::new();
    for expected in &expected {
        let (found, branch) = expected.split_once('§').unwrap();
        let is_it = |line: &str| {
            line.starts_with("proto/errors.proto:")
                && line.contains(found)
                && line.contains(&format!("{branch};"))
        };
        if !printed.stdout.lines().any(is_it) {
            missed.push(expected);
        }
    }
    assert!(missed.is_empty(), "{missed:#?}\n{}", printed.stdout);
    assert_eq!(printed.stdout.lines().count(), 100, "{}", printed.stdout);
    // The control: without the branches there is nothing to find.
    let printed = folder.codelibra(&["check", "proto/errors.proto"]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""));
}

#[test]
fn a_branch_without_a_collision_has_no_finding() {
    let path = "proto/errors.proto";
    let branches: Vec<(String, Vec<(&str, String)>)> = [
        ("same", vec![(path, SHOP.replace("The till is closed.", "The till is not open."))]),
        ("other-number", vec![(path, with(&entry("ERROR_CODE_THEIRS", 422_500)))]),
        ("same-entry", vec![(path, with(&entry("ERROR_CODE_OURS_N7", 422_007)))]),
        (
            "other-domain",
            vec![(
                path,
                with(&entry("ERROR_CODE_THEIRS", 422_001)).replace("domain: \"shop", "domain: \"store"),
            )],
        ),
        ("removed", vec![(path, String::new())]),
        ("no-change", vec![("README", String::from("y"))]),
        (
            "retired",
            vec![(
                path,
                SHOP.replace("ERROR_CODE_TILL_CLOSED = 503001", "ERROR_CODE_X = 503009")
                    .replace("reserved 409004", "reserved 503001, 409004"),
            )],
        ),
    ]
    .map(|(name, files)| (name.to_owned(), files))
    .into();
    let folder = repository("not-colliding", &branches);
    folder.write("proto/errors.proto", working_tree());
    let printed = folder.codelibra(&["check", "proto/errors.proto", "--against", "*"]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
    assert!(
        printed.stderr.contains("note: branch `removed` has no catalogue `proto/errors.proto`"),
        "{}",
        printed.stderr
    );
}

#[test]
fn a_change_of_ours_is_not_a_meaning_of_theirs() {
    // Their branch has the old reason, as the commit has from which both grew.
    let folder = repository("ours", &[(String::from("theirs"), vec![("README", String::from("y"))])]);
    folder.write("proto/errors.proto", SHOP.replace("ERROR_CODE_TILL_CLOSED", "ERROR_CODE_TILL_SHUT"));
    let printed = folder.codelibra(&["check", "proto/errors.proto", "--against", "theirs"]);
    assert_eq!((printed.exit, &*printed.stdout), (0, ""), "{}", printed.stderr);
}

#[test]
fn a_merged_branch_and_an_unrelated_one_are_told_apart() {
    let text = with(&entry("ERROR_CODE_THEIRS", 422_001));
    let folder = repository("merged", &[(String::from("theirs"), vec![("proto/errors.proto", text)])]);
    let ours = with(&entry("ERROR_CODE_OURS", 422_001));
    folder.write("proto/errors.proto", &ours);
    let arguments = ["check", "proto/errors.proto", "--against", "theirs"];
    assert_eq!(folder.codelibra(&arguments).exit, 1);
    // Without a common commit all of the branch is new.
    folder.git(&["checkout", "-q", "--orphan", "unrelated"]);
    folder.git(&["commit", "-q", "-a", "-m", "unrelated"]);
    assert_eq!(folder.codelibra(&arguments).exit, 1);
    folder.git(&["merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "merged", "theirs"]);
    assert_eq!(folder.codelibra(&arguments).exit, 0);
}

#[test]
fn new_skips_the_numbers_of_branches() {
    let branches: Vec<(String, Vec<(&str, String)>)> = [
        ("a", with(&entry("ERROR_CODE_A_NEW", 409_003))),
        ("b", with(&entry("ERROR_CODE_B_NEW", 409_006))),
        ("c", with("  reserved 409007;\n")),
        // The same numbers in another domain.
        ("d", with(&entry("ERROR_CODE_D_NEW", 409_005)).replace("domain: \"shop", "domain: \"store")),
    ]
    .map(|(name, text)| (name.to_owned(), vec![("proto/errors.proto", text)]))
    .into();
    let folder = repository("new-against", &branches);
    let new = |name: &str| {
        folder.codelibra(&[
            "--catalog",
            "proto/errors.proto",
            "new",
            "409",
            name,
            "--against",
            "a",
            "b",
            "c",
            "d",
        ])
    };
    // 409004 is reserved here.
    for (name, code) in [("First", 409_005), ("Second", 409_008)] {
        let printed = new(name);
        assert!(
            printed.stdout.ends_with(&format!(": added {code} {name}\n")),
            "{}{}",
            printed.stdout,
            printed.stderr
        );
    }
    let printed = new("BNew");
    assert_eq!(printed.exit, 2);
    assert_eq!(printed.stderr, "error: reason B_NEW is 409006 in branch `b`; expected another name\n");
}

/// A catalogue that moved is found with every setting of git, and in a hook of git with `--literal-pathspecs`.
#[test]
fn settings_of_git_hide_no_catalogue() {
    let text = with(&entry("ERROR_CODE_THEIRS", 422_001));
    let folder = repository("settings", &[(String::from("theirs"), vec![("proto/errors.proto", text)])]);
    folder.git(&["mv", "proto/errors.proto", "proto/moved.proto"]);
    folder.write("proto/moved.proto", with(&entry("ERROR_CODE_OURS", 422_001)));
    folder.commit_all();
    let check = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
        command.current_dir(&folder.0).args(["check", "proto/moved.proto", "--against", "theirs"]);
        Printed::from_command(command.envs(variables.iter().copied()))
    };
    let config =
        |key| [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", key), ("GIT_CONFIG_VALUE_0", "always")];
    let color = config("color.ui");
    let color_of_grep = config("color.grep");
    for variables in [
        &[][..],
        &color,
        &color_of_grep,
        &[("GIT_LITERAL_PATHSPECS", "1")],
        &[("GIT_NOGLOB_PATHSPECS", "1")],
        &[("GIT_GLOB_PATHSPECS", "1")],
        &[("GIT_ICASE_PATHSPECS", "1")],
    ] {
        let printed = check(variables);
        assert_eq!(printed.exit, 1, "{variables:?}: {}", printed.stderr);
        assert!(printed.stdout.contains("OURS here and THEIRS"), "{variables:?}: {}", printed.stdout);
    }
}

/// A branch whose file is not UTF-8 gets a warning, and the other branches are checked.
#[test]
fn a_branch_without_text_hides_no_other_branch() {
    let text = with(&entry("ERROR_CODE_THEIRS", 422_001));
    let folder = repository("no-text", &[(String::from("theirs"), vec![("proto/errors.proto", text)])]);
    folder.git(&["checkout", "-q", "-b", "binary"]);
    folder.write("proto/errors.proto", [0xff, 0xfe]);
    folder.commit_all();
    folder.git(&["checkout", "-q", "main"]);
    folder.write("proto/errors.proto", with(&entry("ERROR_CODE_OURS", 422_001)));
    let printed = folder.codelibra(&["check", "proto/errors.proto", "--against", "*"]);
    assert_eq!(printed.exit, 1, "{}", printed.stderr);
    assert!(
        printed.stderr.contains("warning: the catalogue of branch `binary` cannot be read"),
        "{}",
        printed.stderr
    );
    assert!(printed.stdout.contains("OURS here and THEIRS"), "{}", printed.stdout);
}
