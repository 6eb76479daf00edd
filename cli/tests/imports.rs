//! Where `--catalog` looks up the imports of a proto: one table of layouts of folders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of a layout.
enum Is {
    /// The catalogue of package `shop.v1`, with one more import.
    Catalogue(&'static str),
    /// A proto of this package that defines nothing and imports nothing.
    Proto(&'static str),
    /// A file that is no proto, such as the binary of the command.
    Binary,
    Folder,
    /// A symbolic link that names itself: it exists, and no user, not even root, can read it.
    Unreadable,
}
use Is::{Binary, Catalogue, Folder, Proto, Unreadable};

struct Layout {
    name: &'static str,
    files: &'static [(&'static str, Is)],
    /// Where the command runs.
    current_dir: &'static str,
    arguments: &'static [&'static str],
    /// Nothing for a catalogue that is read, otherwise what the message contains.
    refused_with: &'static [&'static str],
}

const BESIDE: &[&str] = &["--catalog", "errors.proto"];

const LAYOUTS: &[Layout] = &[
    Layout {
        name: "a file named codelibra in the own folder",
        files: &[("codelibra", Binary), ("errors.proto", Catalogue("google/protobuf/any.proto"))],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &[],
    },
    Layout {
        name: "a file named codelibra in a parent folder",
        files: &[("codelibra", Binary), ("a/b/errors.proto", Catalogue("google/protobuf/any.proto"))],
        current_dir: "",
        arguments: &["--catalog", "a/b/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "files named codelibra and google in the root of the package",
        files: &[
            ("codelibra", Binary),
            ("google", Binary),
            ("shop/v1/errors.proto", Catalogue("google/protobuf/any.proto")),
        ],
        current_dir: "",
        arguments: &["--catalog", "shop/v1/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "a file named codelibra in an include folder",
        files: &[
            ("more/codelibra", Binary),
            ("errors.proto", Catalogue("common.proto")),
            ("more/common.proto", Proto("common")),
        ],
        current_dir: "",
        arguments: &["--catalog", "errors.proto", "--include", "more"],
        refused_with: &[],
    },
    Layout {
        name: "an own file below codelibra, with a file of that name in the first folder searched",
        files: &[
            ("shop/v1/codelibra", Binary),
            ("shop/v1/errors.proto", Catalogue("codelibra/own.proto")),
            ("codelibra/own.proto", Proto("own")),
        ],
        current_dir: "",
        arguments: &["--catalog", "shop/v1/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "the bundled protos come before files of the same name",
        files: &[
            ("codelibra/error/v1/options.proto", Proto("stale")),
            ("errors.proto", Catalogue("google/protobuf/any.proto")),
        ],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &[],
    },
    Layout {
        name: "the own folder",
        files: &[("a/errors.proto", Catalogue("common.proto")), ("a/common.proto", Proto("common"))],
        current_dir: "",
        arguments: &["--catalog", "a/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "the own folder, from within",
        files: &[("a/errors.proto", Catalogue("common.proto")), ("a/common.proto", Proto("common"))],
        current_dir: "a",
        arguments: BESIDE,
        refused_with: &[],
    },
    Layout {
        name: "the root of the package",
        files: &[
            ("proto/shop/v1/errors.proto", Catalogue("shop/v1/common.proto")),
            ("proto/shop/v1/common.proto", Proto("shop.v1")),
        ],
        current_dir: "",
        arguments: &["--catalog", "proto/shop/v1/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "the root of the package, from within",
        files: &[
            ("proto/shop/v1/errors.proto", Catalogue("shop/v1/common.proto")),
            ("proto/shop/v1/common.proto", Proto("shop.v1")),
        ],
        current_dir: "proto/shop/v1",
        arguments: BESIDE,
        refused_with: &[],
    },
    Layout {
        name: "the root of the package, by a path that goes up",
        files: &[
            ("proto/shop/v1/errors.proto", Catalogue("shop/v1/common.proto")),
            ("proto/shop/v1/common.proto", Proto("shop.v1")),
        ],
        current_dir: "proto/shop/v1",
        arguments: &["--catalog", "../../shop/v1/errors.proto"],
        refused_with: &[],
    },
    Layout {
        name: "a parent folder that is not the root of the package",
        files: &[("a/b/errors.proto", Catalogue("common.proto")), ("a/common.proto", Proto("common"))],
        current_dir: "",
        arguments: &["--catalog", "a/b/errors.proto"],
        refused_with: &["errors.proto:4:1:", "'common.proto' not found", "`a/b`", "--include DIR"],
    },
    Layout {
        name: "two include folders, and a nested import",
        files: &[
            ("errors.proto", Catalogue("one/common.proto")),
            ("first/x.proto", Proto("x")),
            ("second/one/common.proto", Proto("common")),
        ],
        current_dir: "",
        arguments: &["--include", "first", "--catalog", "errors.proto", "--include", "second"],
        refused_with: &[],
    },
    Layout {
        name: "the own folder comes before an include folder",
        files: &[
            ("errors.proto", Catalogue("common.proto")),
            ("common.proto", Proto("common")),
            ("first/common.proto", Unreadable),
        ],
        current_dir: "",
        arguments: &["--catalog", "errors.proto", "--include", "first"],
        refused_with: &[],
    },
    Layout {
        name: "a missing import",
        files: &[("errors.proto", Catalogue("nowhere.proto")), ("more", Folder)],
        current_dir: "",
        arguments: &["--catalog", "errors.proto", "--include", "more"],
        refused_with: &["errors.proto:4:1:", "'nowhere.proto' not found", "`.`", "`more`", "--include DIR"],
    },
    Layout {
        name: "a missing import whose first folder is a file",
        files: &[("errors.proto", Catalogue("codelibra/nowhere.proto")), ("codelibra", Binary)],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &["'codelibra/nowhere.proto' not found", "--include DIR"],
    },
    Layout {
        name: "an import that cannot be read",
        files: &[("errors.proto", Catalogue("common.proto")), ("common.proto", Unreadable)],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &["common.proto", "ymbolic link", "os error"],
    },
    Layout {
        name: "an import that is a folder",
        files: &[("errors.proto", Catalogue("common.proto")), ("common.proto", Folder)],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &["common.proto", "os error"],
    },
    Layout {
        name: "an import below a folder that cannot be read",
        files: &[("errors.proto", Catalogue("more/common.proto")), ("more", Unreadable)],
        current_dir: "",
        arguments: BESIDE,
        refused_with: &["more/common.proto", "ymbolic link", "os error"],
    },
    Layout {
        name: "an include folder that does not exist",
        files: &[("errors.proto", Catalogue("google/protobuf/any.proto"))],
        current_dir: "",
        arguments: &["--catalog", "errors.proto", "--include", "nowhere"],
        refused_with: &["--include `nowhere`", "os error 2"],
    },
    Layout {
        name: "an include folder that is a file",
        files: &[("errors.proto", Catalogue("google/protobuf/any.proto")), ("codelibra", Binary)],
        current_dir: "",
        arguments: &["--catalog", "errors.proto", "--include", "codelibra"],
        refused_with: &["--include `codelibra`", "folder"],
    },
    Layout {
        name: "an include folder without a catalogue",
        files: &[("more", Folder)],
        current_dir: "",
        arguments: &["--include", "more"],
        refused_with: &["--include", "--catalog"],
    },
];

impl Is {
    fn write(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match self {
            Self::Catalogue(import) => fs::write(path, catalogue(import)).unwrap(),
            Self::Proto(package) => {
                fs::write(path, format!("syntax = \"proto3\";\npackage {package};\n")).unwrap();
            }
            Self::Binary => fs::write(path, [0x7f, b'E', b'L', b'F', 0, 0xff]).unwrap(),
            Self::Folder => fs::create_dir_all(path).unwrap(),
            Self::Unreadable => std::os::unix::fs::symlink(path.file_name().unwrap(), path).unwrap(),
        }
    }
}

fn catalogue(import: &str) -> String {
    format!(
        "syntax = \"proto3\";
package shop.v1;
import \"codelibra/error/v1/options.proto\";
import \"{import}\";
enum ErrorCode {{
  option (codelibra.error.v1.catalog) = {{domain: \"shop.example.com\"}};
  ERROR_CODE_UNSPECIFIED = 0;
  ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {{summary: \"The item is sold out.\"}}];
}}
"
    )
}

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imports").join(name.replace(' ', "-"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

struct Printed {
    exit: i32,
    stdout: String,
    stderr: String,
}

fn codelibra(current_dir: &Path, arguments: &[&str]) -> Printed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
    let output = command.current_dir(current_dir).args(arguments).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Printed { exit: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// `list` reads the entries; `export` reads the descriptors.
#[test]
#[cfg(unix)]
fn imports_are_looked_up_as_documented() {
    let mut wrong = Vec::new();
    for Layout { name, files, current_dir, arguments, refused_with } in LAYOUTS {
        let folder = folder(name);
        for (path, content) in *files {
            content.write(&folder.join(path));
        }
        for command in [&["list"][..], &["export", "descriptor-set"]] {
            let arguments = [arguments, command].concat();
            let Printed { exit, stdout, stderr } = codelibra(&folder.join(current_dir), &arguments);
            let is_right = if refused_with.is_empty() {
                exit == 0 && stderr.is_empty() && stdout.contains("The item is sold out.")
            } else {
                exit == 2 && stdout.is_empty() && refused_with.iter().all(|part| stderr.contains(part))
            };
            if !is_right {
                wrong.push(format!("{name} ({command:?}): exit {exit}: {stderr}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A folder without permissions. Its outcome depends on the user: root can read it.
#[test]
#[cfg(unix)]
fn a_folder_without_permissions_is_named_with_the_reason() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("permissions");
    Catalogue("more/common.proto").write(&folder.join("errors.proto"));
    Proto("common").write(&folder.join("more/common.proto"));
    let closed = folder.join("more");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let expected = fs::read(closed.join("common.proto"));
    let printed = codelibra(&folder, &["--catalog", "errors.proto", "list"]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    match expected {
        Ok(_) => assert_eq!((printed.exit, &*printed.stderr), (0, "")),
        Err(reason) => {
            assert!(printed.exit == 2 && printed.stderr.contains(&reason.to_string()), "{}", printed.stderr);
        }
    }
}
