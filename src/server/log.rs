//! One event for each failure, with what the caller does not get.

use std::error::Error;
use std::fmt;

use super::failure::{Failure, Outgoing};
use super::request_id::RequestId;

/// Where a cause was found: in the status itself.
pub(super) type Cause = tonic::Status;

/// Logs a failure once. Empty fields say nothing.
pub(super) fn failure(id: &RequestId, failure: &Failure, outgoing: &Outgoing<'_>, status: Option<Cause>) {
    let parked: Option<&(dyn Error + 'static)> = match &failure.cause {
        Some(cause) => Some(&**cause),
        None => None,
    };
    let cause = parked.or_else(|| status.as_ref().and_then(Error::source));
    let cause = cause.map(Chain).map(tracing::field::display);
    let withheld = Some(&failure.message).filter(|m| !m.is_empty() && ***m != *outgoing.message);
    let panic = failure.panic.as_deref();
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "codelibra::server",
                tracing::Level::$level,
                request_id = id.as_str(),
                code = outgoing.code,
                grpc_code = outgoing.grpc_code.name(),
                received = failure.received,
                cause,
                withheld,
                panic,
                "a call failed",
            )
        };
    }
    if outgoing.class() >= 500 { event!(ERROR) } else { event!(INFO) }
}

/// An error and its sources, each once.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            let text = source.to_string();
            // An error that shows its source has said it.
            if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            (error, last) = (source, text);
        }
        Ok(())
    }
}
