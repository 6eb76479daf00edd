//! What is refused with one clear message and exit status 2, and changes no file.

use std::process::Command;

use super::support::{Folder, Printed, SHOP, edited};

const NEW: &[&str] = &["--catalog", "errors.proto", "new", "409", "CartGone"];

#[test]
fn what_is_no_catalogue_is_refused_by_each_command() {
    let two = SHOP.replace("// The errors of the shop.\nenum ErrorCode {", "enum Other {\n  option (codelibra.error.v1.catalog) = {domain: \"x\"};\n  OTHER_UNSPECIFIED = 0;\n}\nenum ErrorCode {");
    for (name, text, expected) in [
        (
            "a syntax error",
            SHOP.replace("  reserved 409004,", "  reserved 409004 409005,"),
            "errors.proto:13:19",
        ),
        ("half of a file", SHOP[..SHOP.len() / 2].to_owned(), "errors.proto"),
        ("an empty file", String::new(), "no enum with the option"),
        ("no catalogue", String::from("syntax = \"proto3\";\n"), "no enum with the option"),
        ("two catalogues", two, "are both catalogues; expected one catalogue a file"),
        (
            "a missing import",
            SHOP.replace("import ", "import \"nowhere.proto\";\nimport "),
            "import 'nowhere.proto' not found",
        ),
    ] {
        let folder = Folder::new("no-catalogue");
        folder.write("errors.proto", &text);
        folder.write("right.proto", SHOP);
        for arguments in [
            &["check", "errors.proto"][..],
            &["diff", "errors.proto", "right.proto"],
            &["diff", "right.proto", "errors.proto"],
            NEW,
        ] {
            let printed = folder.codelibra(arguments);
            assert_eq!(printed.exit, 2, "{name}: {arguments:?}");
            let message = printed.stdout + &printed.stderr;
            assert!(message.contains(expected), "{name}: {arguments:?}: {message}");
            assert_eq!(folder.read("errors.proto"), text, "{name}");
            assert_eq!(folder.names(), ["errors.proto", "right.proto"], "{name}");
        }
    }
}

#[test]
fn a_catalogue_that_breaks_rules_is_no_new_version_and_gets_no_entry() {
    for (name, edit) in [
        ("a number below the classes", ("= 409002", "= 399999")),
        ("a number of a class", ("= 409002", "= 400000")),
        ("a number above the classes", ("= 409002", "= 600000")),
        ("an alias", ("= 409002", "= 409001")),
        ("a control character", ("The till is closed.", "The till\\u0007.")),
        ("an option of the wrong type", ("\"The till is closed.\"", "17")),
    ] {
        let folder = Folder::new("rules-broken");
        let text = edited(&[edit]);
        folder.write("errors.proto", &text);
        folder.write("right.proto", SHOP);
        for arguments in [NEW, &["diff", "right.proto", "errors.proto"]] {
            let printed = folder.codelibra(arguments);
            assert_eq!(
                (printed.exit, &*printed.stdout),
                (2, ""),
                "{name}: {arguments:?}: {}",
                printed.stderr
            );
            assert!(printed.stderr.contains("errors.proto:"), "{name}: {}", printed.stderr);
        }
        assert_eq!(folder.read("errors.proto"), text);
        // Callers know the old version, whatever is wrong with it.
        assert_ne!(folder.codelibra(&["diff", "errors.proto", "right.proto"]).exit, 2, "{name}");
    }
}

#[test]
fn a_descriptor_set_that_is_cut_is_refused() {
    let folder = Folder::new("cut");
    folder.write("right.proto", SHOP);
    let set = codelibra_build::descriptor_set(folder.0.join("right.proto"), &[&folder.0]).unwrap();
    folder.write("whole.binpb", &set);
    assert_eq!(folder.codelibra(&["check", "whole.binpb"]).exit, 0);
    for part in [2, 3, 5] {
        folder.write("cut.binpb", &set[..set.len() / part]);
        for arguments in [&["check", "cut.binpb"][..], &["diff", "cut.binpb", "right.proto"]] {
            let printed = folder.codelibra(arguments);
            assert_eq!(printed.exit, 2, "{arguments:?}: {}", printed.stderr);
        }
    }
    let printed = folder.codelibra(&["--catalog", "whole.binpb", "new", "409", "CartGone"]);
    assert!(
        printed.exit == 2 && printed.stderr.contains("`whole.binpb` is not a .proto file"),
        "{}",
        printed.stderr
    );
}

#[test]
fn what_git_does_not_know_is_named() {
    let folder = Folder::new("git-unknown");
    folder.write("proto/errors.proto", SHOP);
    folder.commit_all();
    for (old, expected) in [
        ("git:mian:proto/errors.proto", "git knows no revision `mian`; nearest: main"),
        (
            "git:main:proto/error.proto",
            "`proto/error.proto` is not a file of `main`; nearest: proto/errors.proto",
        ),
        ("git:main:proto", "`proto` is not a file of `main`"),
        ("git:main:.", "`.` is not a file of `main`"),
        ("git:main:proto/..", "`proto/..` is not a file of `main`"),
        ("git:main:../errors.proto", "is outside of the repository"),
        ("git:main", "expected git:REV:PATH"),
        ("git::proto/errors.proto", "expected git:REV:PATH"),
        ("git:--help:proto/errors.proto", "git knows no revision `--help`"),
        ("git:-x:proto/errors.proto", "git knows no revision `-x`"),
        ("git:^main:proto/errors.proto", "git knows no revision `^main`"),
        ("nowhere.proto", "cannot read `nowhere.proto`"),
    ] {
        let printed = folder.codelibra(&["diff", old, "proto/errors.proto"]);
        assert_eq!((printed.exit, &*printed.stdout), (2, ""), "{old}");
        assert!(printed.stderr.contains(expected), "{old}: {}", printed.stderr);
    }
    for (reference, expected) in [
        ("nowhere", "git knows no revision `nowhere`"),
        ("origin/*", "no branch matches `origin/*`"),
        ("refs/heads/x", "no branch matches `refs/heads/x`"),
        ("--output=x", "git knows no revision `--output=x`"),
        ("^main", "git knows no revision `^main`"),
    ] {
        let printed = folder.codelibra(&["check", "proto/errors.proto", &format!("--against={reference}")]);
        assert_eq!(printed.exit, 2, "{reference}: {}", printed.stdout);
        assert!(printed.stderr.contains(expected), "{reference}: {}", printed.stderr);
    }
    assert_eq!(folder.names(), [".git", "proto"]);
}

#[test]
fn without_a_repository_or_without_git_the_reason_is_shown() {
    // The folder of the tests may lie in a repository.
    let folder = std::env::temp_dir().join(format!("codelibra-no-git-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("errors.proto"), SHOP).unwrap();
    let run = |arguments: &[&str], path: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
        command.current_dir(&folder).args(arguments);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        Printed::from_command(&mut command)
    };
    for (arguments, path, expected) in [
        (&["check", "errors.proto", "--against", "main"][..], None, "not a git repository"),
        (&["diff", "git:main:errors.proto", "errors.proto"], None, "not a git repository"),
        (&["check", "errors.proto", "--against", "main"], Some(""), "cannot run `git`: "),
    ] {
        let printed = run(arguments, path);
        assert_eq!(printed.exit, 2, "{arguments:?}");
        assert!(printed.stderr.contains(expected), "{arguments:?}: {}", printed.stderr);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// `ulimit -f 0` lets no process write to a file, as a full disk does.
#[test]
#[cfg(unix)]
fn a_full_disk_leaves_the_file_as_it_was() {
    let folder = Folder::new("full-disk");
    folder.write("errors.proto", SHOP);
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    for arguments in
        [NEW, &["--catalog", "errors.proto", "export", "descriptor-set", "--output", "out.binpb"]]
    {
        let mut command = Command::new("sh");
        command.current_dir(&folder.0).args(["-c", script, env!("CARGO_BIN_EXE_codelibra")]).args(arguments);
        let printed = Printed::from_command(&mut command);
        assert_eq!(printed.exit, 2, "{arguments:?}: {}", printed.stderr);
        assert!(printed.stderr.contains("cannot write `"), "{}", printed.stderr);
        assert_eq!(folder.names(), ["errors.proto"]);
        assert_eq!(folder.read("errors.proto"), SHOP);
    }
    // The control: without the limit the entry is written.
    assert_eq!(folder.codelibra(NEW).exit, 0);
}

/// Exit status 2 means that the file is as it was.
#[test]
#[cfg(target_os = "linux")]
fn an_entry_that_cannot_be_printed_is_written_with_a_warning() {
    let folder = Folder::new("full-output");
    folder.write("errors.proto", SHOP);
    let script = "exec \"$0\" \"$@\" >/dev/full";
    for (name, format) in [("CartGone", "text"), ("CartLost", "json")] {
        let mut command = Command::new("sh");
        command.current_dir(&folder.0).args(["-c", script, env!("CARGO_BIN_EXE_codelibra")]);
        command.args(["--catalog", "errors.proto", "new", "410", name, "--format", format]);
        let printed = Printed::from_command(&mut command);
        assert_eq!(printed.exit, 0, "{format}: {}", printed.stderr);
        assert!(printed.stderr.starts_with("warning: 41000"), "{format}: {}", printed.stderr);
        assert!(
            printed.stderr.contains(" was added, but cannot write the output: "),
            "{format}: {}",
            printed.stderr
        );
        assert!(folder.codelibra(&["--catalog", "errors.proto", "explain", name]).exit == 0, "{name}");
    }
}

/// A process that was killed keeps the lock. The next one names the file and does not wait for it.
#[test]
fn an_old_lock_is_named() {
    let folder = Folder::new("old-lock");
    folder.write("errors.proto", SHOP);
    let lock = std::fs::File::create(folder.0.join(".errors.proto.lock")).unwrap();
    lock.set_modified(std::time::UNIX_EPOCH).unwrap();
    let printed = folder.codelibra(NEW);
    assert_eq!(printed.exit, 2, "{}", printed.stderr);
    assert!(printed.stderr.contains(".errors.proto.lock`, which is older than 10 s"), "{}", printed.stderr);
    assert_eq!(folder.read("errors.proto"), SHOP);
    std::fs::remove_file(folder.0.join(".errors.proto.lock")).unwrap();
    assert_eq!(folder.codelibra(NEW).exit, 0);
    assert_eq!(folder.names(), ["errors.proto"]);
}

/// The outcome depends on the user: root may write to every folder.
#[test]
#[cfg(unix)]
fn a_folder_without_write_permission_is_named_with_the_reason() {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("read-only");
    folder.write("errors.proto", SHOP);
    set_permissions(&folder.0, Permissions::from_mode(0o555)).unwrap();
    let allowed = File::create(folder.0.join("probe"));
    let printed = folder.codelibra(NEW);
    set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    match allowed {
        Ok(_) => assert_eq!(printed.exit, 0, "{}", printed.stderr),
        Err(reason) => {
            assert_eq!(printed.exit, 2);
            assert!(printed.stderr.contains(&reason.to_string()), "{}", printed.stderr);
            assert_eq!(
                (folder.read("errors.proto"), folder.names()),
                (SHOP.to_owned(), vec!["errors.proto".to_owned()])
            );
        }
    }
    // A file that is read-only stays so, for root too.
    folder.write("errors.proto", SHOP);
    set_permissions(folder.0.join("errors.proto"), Permissions::from_mode(0o444)).unwrap();
    let printed = folder.codelibra(NEW);
    assert!(printed.exit == 2 && printed.stderr.contains("the file is read-only"), "{}", printed.stderr);
    assert_eq!(folder.read("errors.proto"), SHOP);
}
