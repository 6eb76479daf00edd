//! The positions of an ErrorInfo in the bytes of a status, so that a received error keeps the bytes only once.

use std::ops::Range;

use crate::wire::info::Info;
use crate::wire::info::InfoKind;
use crate::wire::shed::ShedMarks;

/// An [`Info`] as ranges in the status that contains it.
#[derive(Clone)]
pub(super) struct InfoAt {
    kind: InfoKind,
    number: Option<u64>,
    domain: Range<usize>,
    reason: Range<usize>,
    shed: ShedMarks,
    message: Range<usize>,
    is_complete: bool,
}

impl InfoAt {
    pub(super) fn new(info: &Info<'_>, status: &[u8]) -> Self {
        Self {
            kind: info.kind,
            number: info.number,
            domain: range_in(status, info.domain),
            reason: range_in(status, info.reason),
            shed: info.shed,
            message: range_in(status, info.message),
            is_complete: info.is_complete,
        }
    }

    pub(super) fn read<'a>(&self, status: &'a [u8]) -> Option<Info<'a>> {
        Some(Info {
            kind: self.kind,
            number: self.number,
            domain: status.get(self.domain.clone())?,
            reason: status.get(self.reason.clone())?,
            shed: self.shed,
            message: status.get(self.message.clone())?,
            is_complete: self.is_complete,
        })
    }
}

/// Returns the range of `part` in `whole`. `part` is a slice of `whole`, or empty.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        // An empty slice need not be a part of `whole`.
        return 0..0;
    }
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}
