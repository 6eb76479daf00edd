//! A catalogue, edits of it, and the command in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A catalogue without findings.
pub(crate) const SHOP: &str = r#"syntax = "proto3";

package shop.v1;

import "codelibra/error/v1/options.proto";

// The errors of the shop.
enum ErrorCode {
  option (codelibra.error.v1.catalog) = {
    domain: "shop.example.com"
    pages: "https://shop.example.com/errors"
  };
  reserved 409004, 409010 to 409019;
  reserved "ERROR_CODE_OLD_PRICE";

  ERROR_CODE_UNSPECIFIED = 0;

  // 400 Bad Request

  ERROR_CODE_QUANTITY_TOO_LARGE = 400001 [(codelibra.error.v1.entry) = {
    summary: "The quantity is larger than {max_quantity}."
    cause: "The order asks for more than the shop sells at once."
    resolution: "Order max_quantity or less."
    recovery: RECOVERY_FIX_REQUEST
    params: {
      name: "max_quantity"
      type: PARAM_TYPE_INT64
      description: "The largest quantity."
    }
    params: {
      name: "item"
      type: PARAM_TYPE_STRING
      description: "The item that was ordered."
    }
    since: "1.0"
  }];

  // 404 Not Found

  ERROR_CODE_CART_NOT_FOUND = 404001 [(codelibra.error.v1.entry) = {
    summary: "There is no such cart."
    resolution: "Open a new cart."
  }];

  // 409 Conflict

  ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {
    summary: "The item is sold out."
    resolution: "Choose another item."
    recovery: RECOVERY_REFRESH
  }];

  ERROR_CODE_PRICE_CHANGED = 409002 [(codelibra.error.v1.entry) = {
    summary: "The price has changed."
    resolution: "Read the price again."
    recovery: RECOVERY_REFRESH
    deprecated: "1.2"
    replaced_by: "SOLD_OUT"
  }];

  // 503 Service Unavailable

  ERROR_CODE_TILL_CLOSED = 503001 [(codelibra.error.v1.entry) = {
    summary: "The till is closed."
    resolution: "Try again later."
    recovery: RECOVERY_RETRY
  }];
}
"#;

/// A change of a text: what is replaced, and by what. An empty first part means that the second is added at the end of the
/// enum.
pub(crate) type Edit = (&'static str, &'static str);

/// The shop after some edits. Each has to change something.
pub(crate) fn edited(edits: &[Edit]) -> String {
    let mut text = SHOP.to_owned();
    for (from, to) in edits {
        text = match *from {
            "" => {
                let end = text.rfind('}').unwrap();
                format!("{}{to}\n{}", &text[..end], &text[end..])
            }
            from => {
                assert!(text.contains(from), "{from:?} is not in the catalogue");
                text.replacen(from, to, 1)
            }
        };
    }
    text
}

pub(crate) fn entry(name: &str, number: u32) -> String {
    format!(
        "  {name} = {number} [(codelibra.error.v1.entry) = {{summary: \"It failed.\", resolution: \"Stop.\"}}];\n"
    )
}

/// What the command printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Printed {
    pub(crate) fn from_command(command: &mut Command) -> Self {
        let output = command.env("NO_COLOR", "1").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { exit: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// An empty folder of one test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        // Tests run at the same time, and some use one name.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn codelibra(&self, arguments: &[&str]) -> Printed {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
        Printed::from_command(command.current_dir(&self.0).args(arguments))
    }

    /// Runs git, which has to succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let printed = Printed::from_command(git().current_dir(&self.0).args(arguments));
        assert_eq!(printed.exit, 0, "git {arguments:?}: {}", printed.stderr);
        printed.stdout
    }

    /// Makes a repository of the folder, with one commit of all that is in it.
    pub(crate) fn commit_all(&self) {
        if !self.0.join(".git").exists() {
            self.git(&["init", "-q", "-b", "main", "."]);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "a change"]);
    }
}

/// git that reads no configuration of this machine.
pub(crate) fn git() -> Command {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
    }
    command
}
