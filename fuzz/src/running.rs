//! The input of the run in progress, in a file.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// The file that contains the input of the run in progress. It remains if a run does not end, or aborts the process, so that the
/// input can be run again.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    file: File,
    len: usize,
}

impl Running {
    /// Creates the file `TARGET-running` in a folder, and the folder.
    ///
    /// # Errors
    ///
    /// Returns the error that the operating system reports.
    pub fn create(folder: &Path, target: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{target}-running"));
        let file = File::create(&path)?;
        Ok(Self { path, file, len: 0 })
    }

    /// Replaces the contents of the file.
    ///
    /// # Errors
    ///
    /// Returns the error that the operating system reports.
    pub fn write(&mut self, input: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(input)?;
        if input.len() < self.len {
            self.file.set_len(u64::try_from(input.len()).unwrap_or(u64::MAX))?;
        }
        self.len = input.len();
        Ok(())
    }

    /// Removes the file after every run has ended.
    ///
    /// # Errors
    ///
    /// Returns the error that the operating system reports.
    pub fn remove(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_input_of_the_run_in_progress() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fuzz/server-running");
        let mut running = Running::create(path.parent().unwrap(), "server").unwrap();
        for input in [&b"long input"[..], b"short", b"", b"longer than the first input", b"end"] {
            running.write(input).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), input);
        }
        running.remove().unwrap();
        assert!(!path.exists());
    }
}
