//! How far a long command is: a line on stderr, if it is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Shorter commands show nothing, and the line does not change more often.
const INTERVAL: Duration = Duration::from_millis(100);

/// The number of characters of the bar.
const WIDTH: usize = 30;

pub(crate) struct Progress {
    verb: &'static str,
    total: usize,
    is_terminal: bool,
}

impl Progress {
    /// `verb` is what happens to each of the `total` files: "written".
    pub(crate) fn new(verb: &'static str, total: usize) -> Self {
        Self { verb, total, is_terminal: io::stderr().is_terminal() }
    }

    /// Shows how many of the items have been taken.
    pub(crate) fn count<T>(self, items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let mut shown = Instant::now();
        let mut line = ProgressLine { is_shown: false };
        items.enumerate().map(move |(done, item)| {
            if self.is_terminal && shown.elapsed() >= INTERVAL {
                shown = Instant::now();
                line.show(&self.bar(done));
            }
            item
        })
    }

    /// `[#####     ] 500 of 1000 files written`.
    fn bar(&self, done: usize) -> String {
        let filled = "#".repeat(WIDTH * done / self.total.max(1));
        format!("[{filled:<WIDTH$}] {done} of {} files {}", self.total, self.verb)
    }
}

/// The line, which is removed at the end.
struct ProgressLine {
    is_shown: bool,
}

impl ProgressLine {
    fn show(&mut self, text: &str) {
        self.is_shown = true;
        // A closed stderr is no failure.
        let _ = write!(io::stderr(), "\r{text}");
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            // ECMA-48: erase the line.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn the_bar_shows_the_part_that_is_done() {
        let progress = Progress { verb: "written", total: 60, is_terminal: true };
        assert_eq!(progress.bar(0), format!("[{}] 0 of 60 files written", " ".repeat(30)));
        assert_eq!(
            progress.bar(30),
            format!("[{}{}] 30 of 60 files written", "#".repeat(15), " ".repeat(15))
        );
        assert_eq!(progress.bar(60), format!("[{}] 60 of 60 files written", "#".repeat(30)));
    }
}
