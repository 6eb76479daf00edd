//! The catalogues of unmerged branches.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use codelibra_build::Inspection;

use crate::failure::{Failure, warn};
use crate::git::{Repository, Revision};
use crate::source::{GitFile, normal};

/// The catalogue of a branch.
pub(crate) struct Branch {
    /// `branch `main``.
    pub(crate) whose: String,
    pub(crate) catalog: Rc<Inspection>,
    /// What it grew from, as HEAD did.
    pub(crate) base: Option<Rc<Inspection>>,
}

/// Reads the catalogues that `references` have in place of `file`. Branches that are merged into HEAD are left out.
pub(crate) fn unmerged(
    file: &Path,
    own: &Inspection,
    references: &[String],
    include: &[PathBuf],
) -> Result<Vec<Branch>, Failure> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let repository = Rc::new(Repository::at(folder));
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let path = normal(&(repository.prefix()? + name)).unwrap_or_default();
    let domain = own.catalog().map(|catalog| catalog.domain.clone());
    let mut reader = Reader { repository, path, domain, include, read: HashMap::new() };

    let head = reader.repository.known_revision("HEAD")?;
    let mut branches = Vec::new();
    for branch in revisions(&reader.repository, references)? {
        let shared = match &head {
            Some(head) => reader.repository.merge_base(&head.commit, &branch.commit)?,
            None => None,
        };
        if shared.as_ref() == Some(&branch.commit) {
            continue;
        }
        let whose = format!("branch `{}`", branch.name);
        let Some(catalog) = reader.catalog(&branch)? else {
            warn("note", &format!("{whose} has no catalogue `{}`", reader.path));
            continue;
        };
        if catalog.catalog().is_none() {
            let reason = catalog.findings().first().map(ToString::to_string).unwrap_or_default();
            warn("warning", &format!("the catalogue of {whose} cannot be read: {reason}"));
            continue;
        }
        let base = match shared {
            Some(commit) => reader.catalog(&Revision { name: commit.clone(), commit })?,
            None => None,
        };
        branches.push(Branch { whose, catalog, base });
    }
    Ok(branches)
}

/// The commits that are named, each once.
fn revisions(repository: &Repository, references: &[String]) -> Result<Vec<Revision>, Failure> {
    let mut revisions = Vec::new();
    for reference in references {
        let is_pattern = reference.contains(['*', '?', '[']);
        let known = if is_pattern { None } else { repository.known_revision(reference)? };
        match known {
            Some(revision) => revisions.push(revision),
            None if is_pattern || reference.starts_with("refs/") => {
                let found = repository.branches(reference)?;
                if found.is_empty() {
                    return Err(Failure::bad_input(format_args!(
                        "no branch matches `{reference}`; expected a pattern such as 'origin/**' or 'refs/heads/**'"
                    )));
                }
                revisions.extend(found);
            }
            None => revisions.push(repository.revision(reference)?),
        }
    }
    let mut commits = HashSet::new();
    revisions.retain(|revision| commits.insert(revision.commit.clone()));
    Ok(revisions)
}

struct Reader<'a> {
    repository: Rc<Repository>,
    path: String,
    domain: Option<String>,
    include: &'a [PathBuf],
    /// What was read, by its id in git. Most branches share most of their history.
    read: HashMap<String, Rc<Inspection>>,
}

impl Reader<'_> {
    /// The catalogue at the path, or else, as it may have been moved, the one of the same domain.
    fn catalog(&mut self, revision: &Revision) -> Result<Option<Rc<Inspection>>, Failure> {
        if let Some(file) = GitFile::new(&self.repository, revision, self.path.clone())? {
            return self.read(file, revision).map(Some);
        }
        for file in GitFile::catalogs(&self.repository, revision)? {
            let found = self.read(file, revision)?;
            if found.catalog().map(|catalog| &catalog.domain) == self.domain.as_ref() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn read(&mut self, file: GitFile, revision: &Revision) -> Result<Rc<Inspection>, Failure> {
        if let Some(known) = self.read.get(&file.blob) {
            return Ok(Rc::clone(known));
        }
        let blob = file.blob.clone();
        let inspection = Rc::new(file.inspect(&format!("{}:{}", revision.name, self.path), self.include)?);
        self.read.insert(blob, Rc::clone(&inspection));
        Ok(inspection)
    }
}
