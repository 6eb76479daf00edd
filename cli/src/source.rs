//! Reads a catalogue that is only inspected, so it may have faults: from a proto, a descriptor set, or a revision of git.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use codelibra_build::{Inspection, package_root_from_text};

use crate::catalog::{self, is_proto};
use crate::failure::Failure;
use crate::git::{Repository, Revision};
use crate::nearest::{nearest_names, nearest_of};

/// What the paths of versions in git start with.
const GIT: &str = "git:";

/// The option that marks a catalogue, as all catalogues write it.
const CATALOG_OPTION: &str = "codelibra.error.v1.catalog";

/// Reads a file.
pub(crate) fn inspect(file: &Path, include: &[PathBuf]) -> Result<Inspection, Failure> {
    let folders = catalog::folders(file, include)?;
    if is_proto(file) {
        return Ok(Inspection::from_proto(file, &folders));
    }
    Ok(Inspection::from_descriptor_set(&catalog::bytes(file)?))
}

/// Reads a file or `git:REV:PATH`.
pub(crate) fn inspect_version(version: &Path, include: &[PathBuf]) -> Result<Inspection, Failure> {
    let Some(rest) = version.to_str().and_then(|text| text.strip_prefix(GIT)) else {
        return inspect(version, include);
    };
    catalog::check_include(include)?;
    let expected = "expected git:REV:PATH, such as git:main:proto/shop/v1/errors.proto";
    let Some((revision, path)) =
        rest.split_once(':').filter(|(rev, path)| !rev.is_empty() && !path.is_empty())
    else {
        return Err(Failure::bad_input(format_args!(
            "`{}` has no revision or no path; {expected}",
            version.display()
        )));
    };
    let repository = Rc::new(Repository::at(Path::new(".")));
    let revision = repository.revision(revision)?;
    let from_here = path.starts_with("./") || path.starts_with("../");
    let full = if from_here { repository.prefix()? + path } else { path.to_owned() };
    let full = normal(&full).ok_or_else(|| {
        Failure::bad_input(format_args!("`{}` is outside of the repository; {expected}", version.display()))
    })?;
    match GitFile::new(&repository, &revision, full)? {
        Some(file) => file.inspect(&version.display().to_string(), include),
        None => {
            let protos = repository.protos_with(&revision.commit, CATALOG_OPTION)?;
            let nearest = nearest_names(protos.iter().map(String::as_str), path);
            Err(Failure::bad_input(format_args!(
                "`{path}` is not a file of `{}`{}",
                revision.name,
                nearest_of(nearest)
            )))
        }
    }
}

/// A file of a commit.
pub(crate) struct GitFile {
    repository: Rc<Repository>,
    commit: String,
    /// From the root of the repository.
    path: String,
    /// What identifies its content.
    pub(crate) blob: String,
}

impl GitFile {
    /// `None` if the commit has no such file.
    pub(crate) fn new(
        repository: &Rc<Repository>,
        revision: &Revision,
        path: String,
    ) -> Result<Option<Self>, Failure> {
        let blob = repository.blob(&revision.commit, &path)?;
        let commit = revision.commit.clone();
        Ok(blob.map(|blob| Self { repository: Rc::clone(repository), commit, path, blob }))
    }

    /// The catalogues of a commit.
    pub(crate) fn catalogs(repository: &Rc<Repository>, revision: &Revision) -> Result<Vec<Self>, Failure> {
        let paths = repository.protos_with(&revision.commit, CATALOG_OPTION)?;
        let files = paths.into_iter().map(|path| Self::new(repository, revision, path));
        Ok(files.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Reads the file. One that is not UTF-8 has no catalogue, and a finding with the reason. Its imports are those of the same commit; folders of `--include` that are not in the repository are
    /// read from disk.
    pub(crate) fn inspect(self, shown: &str, include: &[PathBuf]) -> Result<Inspection, Failure> {
        let content = self.repository.show(&self.blob)?;
        let path = PathBuf::from(&self.path);
        if !is_proto(&path) {
            return Ok(Inspection::from_descriptor_set(&content));
        }
        let Ok(text) = String::from_utf8(content) else {
            let read = |_: &str| Err(io::Error::other("it is not UTF-8; expected a .proto file"));
            return Ok(Inspection::from_reader(&self.path, shown, read));
        };
        let own = path.parent().map(Path::to_owned).unwrap_or_default();
        let mut folders = vec![Folder::Git(own)];
        folders.extend(package_root_from_text(&path, &text).map(Folder::Git));
        let root = self.repository.root()?;
        for folder in include {
            // In another repository, or in none.
            let inside = Repository::at(folder);
            let is_here = inside.root().is_ok_and(|other| other == root);
            folders.push(match inside.prefix() {
                Ok(prefix) if is_here => Folder::Git(PathBuf::from(prefix)),
                _ => Folder::Disk(folder.clone()),
            });
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let main = name.clone();
        let read = move |import: &str| {
            if import == main {
                return Ok(Some(text.clone()));
            }
            for folder in &folders {
                if let Some(text) = folder.read(&self, import)? {
                    return Ok(Some(text));
                }
            }
            Ok(None)
        };
        Ok(Inspection::from_reader(&name, shown, read))
    }
}

/// Where imports of a file of git are looked up.
enum Folder {
    /// From the root of the repository.
    Git(PathBuf),
    Disk(PathBuf),
}

impl Folder {
    fn read(&self, file: &GitFile, import: &str) -> io::Result<Option<String>> {
        let other = |failure: Failure| match failure {
            Failure::BadInput(message) => io::Error::other(message),
            failure => io::Error::other(format!("{failure:?}")),
        };
        match self {
            Self::Git(folder) => {
                let path = folder.join(import);
                let Some(path) = path.to_str().and_then(normal) else { return Ok(None) };
                let Some(blob) = file.repository.blob(&file.commit, &path).map_err(other)? else {
                    return Ok(None);
                };
                let content = file.repository.show(&blob).map_err(other)?;
                String::from_utf8(content).map(Some).map_err(io::Error::other)
            }
            Self::Disk(folder) => match std::fs::read_to_string(folder.join(import)) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}

/// A path from the root of a repository without `.` and `..`; `None` if it goes above the root.
pub(crate) fn normal(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(parts.join("/"))
}
