//! The failures of the command, with their messages and exit statuses.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use codelibra_build::{Inspection, Severity};

use crate::visible::{visible, visible_lines};

/// Why the command stops before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is wrong: exit 2, with the value at fault and what would be right.
    BadInput(String),
    /// The input breaks rules: exit 2, with a line for each finding.
    Findings { summary: String, lines: String },
    /// The answer is no: exit 1. It is printed already.
    AnswerIsNo,
    /// Nobody reads the output any more, as behind `head`: no failure of ours.
    OutputClosed,
}

impl Failure {
    pub(crate) fn bad_input(message: impl Display) -> Self {
        Self::BadInput(message.to_string())
    }

    /// What is wrong with a catalogue that a command needs: its errors, without the warnings.
    pub(crate) fn errors(summary: String, inspection: &Inspection) -> Self {
        let errors = inspection.findings().iter().filter(|finding| finding.severity == Severity::Error);
        let lines: Vec<String> = errors.map(ToString::to_string).collect();
        let hint = if inspection.is_missing_import() { "; `--include DIR` adds a folder" } else { "" };
        Self::Findings { summary, lines: lines.join("\n") + hint }
    }

    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::BadInput(message) => {
                warn("error", &message);
                ExitCode::from(2)
            }
            Self::Findings { summary, lines } => {
                warn("error", &summary);
                print(&visible_lines(&lines));
                ExitCode::from(2)
            }
            Self::AnswerIsNo => ExitCode::from(1),
            Self::OutputClosed => ExitCode::SUCCESS,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::bad_input(format_args!("cannot write the output: {error}")),
        }
    }
}

/// Reports arguments that clap refuses, or prints the help that was asked for.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let shown = visible_lines(&text);
    if shown == text {
        // With colours. A closed stream is no failure.
        let _ = error.print();
    } else {
        print(shown.trim_end());
    }
    // 0 or 2.
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Writes a message to stderr, in one line.
pub(crate) fn warn(kind: &str, message: &str) {
    let style = anstyle::Style::new().bold();
    print(&format!("{style}{kind}:{style:#} {}", visible(message)));
}

/// Writes lines to stderr. A closed stderr is no failure.
fn print(lines: &str) {
    use io::Write;
    let _ = writeln!(anstream::stderr(), "{lines}");
}
