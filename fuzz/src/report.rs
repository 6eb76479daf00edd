use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::Path;
use std::time::Duration;

/// The folder of the inputs that broke a promise, and of those of the runs in progress.
pub(crate) const FOLDER: &str = "target/fuzz";

/// The results of a target.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    executions: u64,
    pub(crate) outcomes: usize,
    slowest: (Duration, usize),
    /// The largest memory in use, in bytes, relative to the length of the input; and that length.
    largest: (u64, usize),
    fault: Option<String>,
}

/// The smallest length, in bytes, with which an input is counted, because every run allocates some memory for any input.
const SMALL: usize = 1024;

impl Report {
    pub(crate) const HEAD: &'static str =
        "target          executions panics outcomes  slowest (input)        memory in use / input";

    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, executions: 0, outcomes: 0, slowest: Default::default(), largest: (0, 1), fault: None }
    }

    pub(crate) fn count(&mut self, input: &[u8], took: Duration, allocated: u64) {
        self.executions += 1;
        self.slowest = self.slowest.max((took, input.len()));
        let ratio = |(allocated, len): (u64, usize)| allocated / u64::try_from(len.max(SMALL)).unwrap_or(1);
        if ratio((allocated, input.len())) > ratio(self.largest) {
            self.largest = (allocated, input.len());
        }
    }

    /// Writes the input that broke a promise to a file.
    pub(crate) fn fail(&mut self, input: &[u8], fault: &str) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(input);
        let path = Path::new(FOLDER).join(format!("{}-{hash:016x}", self.name));
        let written = std::fs::create_dir_all(FOLDER).and_then(|()| std::fs::write(&path, input));
        let place = match written {
            Ok(()) => path.display().to_string(),
            Err(error) => format!("not written ({error}): {}", input.escape_ascii()),
        };
        let fault: String = fault.chars().take(2000).collect();
        self.fault = Some(format!("    panic: {fault}\n    input: {place}"));
    }

    pub(crate) fn is_failure(&self) -> bool {
        self.fault.is_some()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let panics = u8::from(self.is_failure());
        let (took, slowest_len) = self.slowest;
        let (allocated, len) = self.largest;
        write!(
            f,
            "{:<15} {:>10} {panics:>6} {:>8}  {:>9.1?} ({slowest_len:>6} B)   {allocated} B / {len} B",
            self.name, self.executions, self.outcomes, took
        )?;
        match &self.fault {
            Some(fault) => write!(f, "\n{fault}"),
            None => Ok(()),
        }
    }
}
