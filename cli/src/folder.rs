//! A folder of files is written completely or not at all, and no file of the user is removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use codelibra_pages::File;

use crate::failure::Failure;
use crate::write::{beside, create, target};

/// Lists the other files of the folder, so that a later export knows which files it may remove.
const MANIFEST: &str = ".codelibra-export";

/// Writes the files to a folder beside `path`, which then gets the name. If this fails, the old folder is as it was.
///
/// # Errors
///
/// The folder contains a file that no earlier export wrote, or the file system refuses.
pub(crate) fn write(path: &Path, files: impl Iterator<Item = File>) -> Result<(), Failure> {
    let cannot =
        |error| Failure::bad_input(format_args!("cannot write the folder `{}`: {error}", path.display()));
    let folder = target(path);
    let exists = match fs::metadata(&folder) {
        Ok(found) if found.is_dir() => true,
        Ok(_) => return Err(cannot(io::Error::other("it is a file; expected a folder"))),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(cannot(error)),
    };
    if exists && let Some(foreign) = foreign_file(&folder).map_err(cannot)? {
        return Err(Failure::bad_input(format_args!(
            "`{}` contains `{}`, which no export wrote; expected a folder that does not exist, is empty, or was \
             written by `export html`",
            path.display(),
            foreign.display()
        )));
    }
    let new = beside(&folder, &format!("{}.new", std::process::id())).map_err(cannot)?;
    let written = write_new(&new, files).and_then(|()| replace(&folder, &new, exists));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&new);
    }
    written.map_err(cannot)
}

/// How many threads write. Creating a file is mostly waiting for the file system.
const WRITERS: usize = 4;

/// The most files that wait for a writer.
const MAX_WAITING: usize = 256;

fn write_new(new: &Path, files: impl Iterator<Item = File>) -> io::Result<()> {
    fs::create_dir(new)?;
    let mut manifest = Manifest::default();
    let (sender, receiver) = mpsc::sync_channel(MAX_WAITING);
    let receiver = Mutex::new(receiver);
    let has_failed = AtomicBool::new(false);
    thread::scope(|scope| {
        let write = || write_received(new, &receiver, &has_failed);
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        for file in files {
            manifest.add(file.path.clone());
            if has_failed.load(Ordering::Relaxed) || sender.send(file).is_err() {
                break;
            }
        }
        // The writers end when there is no sender.
        drop(sender);
        let mut ended = writers.into_iter().map(|writer| writer.join());
        ended.try_for_each(|ended| ended.unwrap_or_else(|_| Err(io::Error::other("a writer panicked"))))
    })?;
    fs::write(new.join(MANIFEST), manifest.to_text())
}

/// Writes the files that are received. After a failure of any writer, the rest is received and not written, so that the
/// sender does not wait.
fn write_received(
    new: &Path,
    receiver: &Mutex<mpsc::Receiver<File>>,
    has_failed: &AtomicBool,
) -> io::Result<()> {
    let mut written = Ok(());
    while let Some(file) = receiver.lock().ok().and_then(|receiver| receiver.recv().ok()) {
        if has_failed.load(Ordering::Relaxed) {
            continue;
        }
        written = write_file(new, &file);
        if written.is_err() {
            has_failed.store(true, Ordering::Relaxed);
        }
    }
    written
}

fn write_file(new: &Path, File { path, content }: &File) -> io::Result<()> {
    let file = new.join(path);
    if let Some(parent) = file.parent()
        && parent != new
    {
        fs::create_dir_all(parent)?;
    }
    create_or_keep(&file)?.write_all(content.as_bytes())
}

/// Creates a file. A file system that ignores case can have the file already: `Gone` and `GONE` are two addresses of one
/// entry, with the same content.
fn create_or_keep(file: &Path) -> io::Result<fs::File> {
    match create(file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::File::create(file),
        created => created,
    }
}

/// Gives the name of the old folder to the new one.
fn replace(folder: &Path, new: &Path, exists: bool) -> io::Result<()> {
    if !exists {
        return fs::rename(new, folder);
    }
    fs::set_permissions(new, fs::metadata(folder)?.permissions())?;
    let old = beside(folder, &format!("{}.old", std::process::id()))?;
    fs::rename(folder, &old)?;
    if let Err(error) = fs::rename(new, folder) {
        // The first error is the one to report.
        let _ = fs::rename(&old, folder);
        return Err(error);
    }
    fs::remove_dir_all(&old)
}

/// The first file that the manifest of the folder does not list.
fn foreign_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let manifest = match fs::read_to_string(folder.join(MANIFEST)) {
        Ok(text) => Manifest::from_text(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Manifest::default(),
        Err(error) => return Err(error),
    };
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for found in fs::read_dir(folder.join(&inner))? {
            let found = found?;
            let path = inner.join(found.file_name());
            if found.file_type()?.is_dir() {
                folders.push(path);
            } else if path != Path::new(MANIFEST) && !manifest.contains(&path) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Compares the folder with the files that would be written; returns the first difference.
pub(crate) fn find_difference(
    folder: &Path,
    files: impl Iterator<Item = File>,
) -> Result<Option<String>, Failure> {
    let cannot =
        |path: &Path, error| Failure::bad_input(format_args!("cannot read `{}`: {error}", path.display()));
    fs::read_dir(folder).map_err(|error| cannot(folder, error))?;
    let mut manifest = Manifest::default();
    let differs = |path: &str, content: &str| match fs::read(folder.join(path)) {
        Ok(found) if found == content.as_bytes() => Ok(None),
        Ok(_) => Ok(Some(format!("`{path}` differs"))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Some(format!("`{path}` is missing")))
        }
        Err(error) => Err(cannot(&folder.join(path), error)),
    };
    for File { path, content } in files {
        if let Some(difference) = differs(&path, &content)? {
            return Ok(Some(difference));
        }
        manifest.add(path);
    }
    differs(MANIFEST, &manifest.to_text())
}

/// The paths of the files of a folder, in order.
#[derive(Debug, Default)]
struct Manifest(BTreeSet<String>);

impl Manifest {
    fn add(&mut self, path: String) {
        self.0.insert(path);
    }

    fn contains(&self, path: &Path) -> bool {
        let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
        parts.is_some_and(|parts| self.0.contains(&parts.join("/")))
    }

    fn from_text(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    /// One path a line.
    fn to_text(&self) -> String {
        self.0.iter().fold(String::new(), |text, path| text + path + "\n")
    }
}
