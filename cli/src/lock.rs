//! One process at a time changes a file.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::write;

/// A lock that is older belongs to a process that was killed. A large catalogue is changed in less than a second.
const MAX_AGE: Duration = Duration::from_secs(10);

/// How long a process waits before it looks for the lock again.
const PAUSE: Duration = Duration::from_millis(10);

/// The lock of a file: another file in the same folder, which is removed on drop.
///
/// Rust 1.89 has `File::lock`; we support 1.88.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
}

impl Lock {
    /// Waits until no other process has the lock of `file`, and takes it.
    ///
    /// It is an error if the lock is older than [`MAX_AGE`], or if the folder cannot be written to.
    pub(crate) fn new(file: &Path) -> Result<Self, Failure> {
        let cannot = |error: &io::Error| {
            Failure::bad_input(format_args!("cannot write `{}`: {error}", file.display()))
        };
        let target = write::target(file);
        let path = write::beside(&target, "lock").map_err(|error| cannot(&error))?;
        let start = Instant::now();
        loop {
            match write::create(&path) {
                Ok(_) => return Ok(Self { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot(&error)),
            }
            // It may have been removed since.
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
            // The clock may have been set back.
            let age = modified.map(|modified| modified.elapsed().unwrap_or(start.elapsed()));
            if age.is_ok_and(|age| age > MAX_AGE) {
                return Err(Failure::bad_input(format_args!(
                    "`{}` is locked by `{}`, which is older than {} s; expected no such file: remove it if no `codelibra new` is running",
                    file.display(),
                    path.display(),
                    MAX_AGE.as_secs()
                )));
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock that stays is reported to the next process.
        let _ = fs::remove_file(&self.path);
    }
}
