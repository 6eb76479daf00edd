//! An error and its sources, as many as are looked at.

use std::error::Error;
use std::iter::successors;

/// The length of a chain that is followed. A longer one is not a list of causes: an error may be its own source.
const MAX_ERRORS: usize = 64;

/// Iterates over an error and its sources, the outermost first, at most [`MAX_ERRORS`].
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let source =
        |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*error).source() };
    successors(Some(error), source).take(MAX_ERRORS)
}

/// Whether an error has more sources than are looked at. Foreign code follows such a chain without a limit.
#[cfg(feature = "tonic")]
pub(crate) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    chain(error).last().is_some_and(|last| last.source().is_some())
}
