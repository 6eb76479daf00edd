//! git, called as a program: its time and its output are limited, and its errors are shown.

use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::catalog::{MAX_FILE, or_here};
use crate::failure::Failure;
use crate::nearest::{nearest_names, nearest_of};

/// How long one call may take. A large repository on a slow disk needs seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A hook of git runs with these, relative to another folder.
const HOOK_VARIABLES: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// These change the meaning of paths. `git --literal-pathspecs` sets the first one for its hooks.
const PATHSPEC_VARIABLES: [&str; 4] =
    ["GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"];

/// A repository, seen from one of its folders.
#[derive(Debug)]
pub(crate) struct Repository {
    folder: PathBuf,
}

/// A call of git that came to its end.
struct Ended {
    is_success: bool,
    stdout: Vec<u8>,
    stderr: String,
}

/// A branch, tag or commit, and the commit that it names.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) name: String,
    pub(crate) commit: String,
}

impl Repository {
    /// The repository that a folder is in.
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: or_here(folder.to_owned()) }
    }

    /// The path of the folder from the root of the repository, with a `/` at its end; empty for the root.
    pub(crate) fn prefix(&self) -> Result<String, Failure> {
        self.text(&["rev-parse", "--show-prefix"])
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> Result<String, Failure> {
        self.text(&["rev-parse", "--show-toplevel"])
    }

    /// What a branch, a tag or a commit names.
    pub(crate) fn revision(&self, name: &str) -> Result<Revision, Failure> {
        self.known_revision(name)?.ok_or_else(|| self.unknown(name))
    }

    /// As [`Repository::revision`], for a name that git may not know.
    pub(crate) fn known_revision(&self, name: &str) -> Result<Option<Revision>, Failure> {
        // What starts with `-` is an option, and what starts with `^` is what a list of commits excludes.
        if name.is_empty() || name.starts_with(['-', '^']) {
            return Ok(None);
        }
        // Outside of a repository the error is another one.
        self.prefix()?;
        let ended = self.run(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])?;
        let commit = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        Ok(ended.is_success.then(|| Revision { name: name.to_owned(), commit }))
    }

    /// The branches that a pattern names: `origin/*`, or `refs/heads/**`.
    pub(crate) fn branches(&self, pattern: &str) -> Result<Vec<Revision>, Failure> {
        let patterns = if pattern.starts_with("refs/") {
            vec![pattern.to_owned()]
        } else {
            vec![format!("refs/heads/{pattern}"), format!("refs/remotes/{pattern}")]
        };
        let format = "--format=%(objecttype)%00%(objectname)%00%(refname:short)";
        let arguments: Vec<&str> =
            ["for-each-ref", format].into_iter().chain(patterns.iter().map(String::as_str)).collect();
        let listed = self.text(&arguments)?;
        let branches = listed.lines().filter_map(|line| {
            let mut parts = line.split('\0');
            match (parts.next()?, parts.next()?, parts.next()?) {
                ("commit", commit, name) => {
                    Some(Revision { name: name.to_owned(), commit: commit.to_owned() })
                }
                _ => None,
            }
        });
        Ok(branches.collect())
    }

    /// The commit that two histories share; `None` for histories without one, and where there is no commit yet.
    pub(crate) fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, Failure> {
        let ended = self.run(&["merge-base", one, other])?;
        let commit = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        // 1 without a message: no common ancestor. Everything else is an error, such as a commit that a shallow clone
        // lacks.
        match (ended.is_success, ended.stderr.is_empty()) {
            (true, _) => Ok(Some(commit)),
            (false, true) => Ok(None),
            (false, false) => Err(self.failed("merge-base", &ended.stderr)),
        }
    }

    /// The id of the content of a file in a commit, by its path from the root; `None` if there is no such file.
    pub(crate) fn blob(&self, commit: &str, path: &str) -> Result<Option<String>, Failure> {
        // The root is a folder. git refuses an empty path.
        if path.is_empty() {
            return Ok(None);
        }
        let listed = self.text(&["--literal-pathspecs", "ls-tree", "--full-tree", commit, "--", path])?;
        // 100644 blob ID<tab>PATH
        let mut parts = listed.split([' ', '\t']);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(_), Some("blob"), Some(id)) => Ok(Some(id.to_owned())),
            _ => Ok(None),
        }
    }

    /// The content with an id.
    pub(crate) fn show(&self, blob: &str) -> Result<Vec<u8>, Failure> {
        let ended = self.run(&["show", blob])?;
        if ended.is_success { Ok(ended.stdout) } else { Err(self.failed("show", &ended.stderr)) }
    }

    /// The proto files of a commit, by their paths from the root, that contain a text.
    pub(crate) fn protos_with(&self, commit: &str, text: &str) -> Result<Vec<String>, Failure> {
        // `color.ui` may be `always`.
        let options = ["grep", "--no-color", "--full-name", "-l", "-z", "-F"];
        let ended = self.run(&[&options[..], &["-e", text, commit, "--", ":/*.proto"]].concat())?;
        if !ended.is_success && !ended.stderr.is_empty() {
            return Err(self.failed("grep", &ended.stderr));
        }
        let found = String::from_utf8_lossy(&ended.stdout).into_owned();
        let path = |line: &str| Some(line.split_once(':')?.1.to_owned());
        Ok(found.split('\0').filter_map(path).collect())
    }

    fn text(&self, arguments: &[&str]) -> Result<String, Failure> {
        let ended = self.run(arguments)?;
        if !ended.is_success {
            return Err(self.failed(arguments.first().copied().unwrap_or_default(), &ended.stderr));
        }
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        Ok(text.strip_suffix('\n').map_or(text.clone(), str::to_owned))
    }

    fn run(&self, arguments: &[&str]) -> Result<Ended, Failure> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(arguments);
        // Messages in one language, and no question to a user.
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        for variable in HOOK_VARIABLES.iter().chain(&PATHSPEC_VARIABLES) {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let cannot = |error: &dyn Display| Failure::bad_input(format_args!("cannot run `git`: {error}"));
        let mut child = command.spawn().map_err(|error| cannot(&error))?;
        let (sender, receiver) = mpsc::channel();
        read_to(child.stdout.take(), Stream::Stdout, &sender);
        read_to(child.stderr.take(), Stream::Stderr, &sender);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let end = Instant::now() + TIME_LIMIT;
        for _ in 0..2 {
            match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((Stream::Stdout, bytes)) => stdout = bytes,
                Ok((Stream::Stderr, bytes)) => stderr = bytes,
                Err(_) => {
                    stop(&mut child);
                    let what = arguments.first().copied().unwrap_or_default();
                    let limit = TIME_LIMIT.as_secs();
                    return Err(Failure::bad_input(format_args!(
                        "`git {what}` took more than {limit} s in `{}`",
                        self.folder.display()
                    )));
                }
            }
        }
        if u64::try_from(stdout.len()).is_ok_and(|len| len > MAX_FILE) {
            stop(&mut child);
            return Err(Failure::bad_input(format_args!(
                "git printed more than {MAX_FILE} bytes; expected a catalogue"
            )));
        }
        let status = child.wait().map_err(|error| cannot(&error))?;
        let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
        Ok(Ended { is_success: status.success(), stdout, stderr })
    }

    fn failed(&self, what: &str, stderr: &str) -> Failure {
        Failure::bad_input(format_args!("`git {what}` failed in `{}`: {stderr}", self.folder.display()))
    }

    fn unknown(&self, name: &str) -> Failure {
        let branches = self.branches("**").unwrap_or_default();
        let nearest = nearest_names(branches.iter().map(|branch| branch.name.as_str()), name);
        Failure::bad_input(format_args!("git knows no revision `{name}`{}", nearest_of(nearest)))
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// Reads one stream in a thread of its own, so that neither of two fills up.
fn read_to(
    stream: Option<impl Read + Send + 'static>,
    kind: Stream,
    sender: &mpsc::Sender<(Stream, Vec<u8>)>,
) {
    let sender = sender.clone();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // The bytes that were read before an error are used. The exit status reports the error.
            let _ = stream.take(MAX_FILE + 1).read_to_end(&mut bytes);
        }
        // The receiver is gone after the time limit.
        let _ = sender.send((kind, bytes));
    });
}

fn stop(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
