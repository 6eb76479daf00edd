//! The chain of an error and its sources, up to a limit.

use std::error::Error;
use std::iter::successors;

/// The number of errors of a chain that are read. A chain may have no end, because an error may be its own source.
const MAX_ERRORS: usize = 64;

/// Iterates over an error and its sources, the outermost first, at most [`MAX_ERRORS`].
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let source =
        |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*error).source() };
    successors(Some(error), source).take(MAX_ERRORS)
}

/// Returns whether a chain is longer than [`chain`] reads. Foreign code must not get it, because that code has no limit.
#[cfg(feature = "tonic")]
pub(crate) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    chain(error).last().is_some_and(|last| last.source().is_some())
}
