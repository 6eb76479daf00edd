//! How the command ends when it does not end well.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// Why the command stops before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is wrong: exit 2, with the value at fault and what would be right.
    BadInput(String),
    /// Nobody reads the output any more, as behind `head`: no failure of ours.
    OutputClosed,
}

impl Failure {
    pub(crate) fn bad_input(message: impl Display) -> Self {
        Self::BadInput(message.to_string())
    }

    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::BadInput(message) => {
                warn("error", &message);
                ExitCode::from(2)
            }
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

/// Says something on stderr. A closed stderr is nobody's failure.
pub(crate) fn warn(kind: &str, message: &str) {
    use io::Write;
    let style = anstyle::Style::new().bold();
    let _ = writeln!(anstream::stderr(), "{style}{kind}:{style:#} {message}");
}
