//! Encodes the static details of an [`Entry`]: at compile time for the macro `entry!`, at run time for
//! [`Catalog::leak`](super::Catalog::leak).

use crate::catalog::{Entry, Recovery};
use crate::wire::detail_writer;
use crate::wire::shed::ShedMarks;
use crate::wire::write::{self, Parts, WrittenInfos, WrittenMetadata};

/// Returns the length of [`attached`].
pub const fn attached_len(entry: &Entry) -> usize {
    match entry.recovery {
        Recovery::AcceptTerms => detail_writer::terms_len(entry.domain, entry.summary),
        _ => 0,
    }
}

/// Encodes the details that every error of this entry has besides the two ErrorInfos: a google.rpc.PreconditionFailure
/// of the type `TOS` if the caller has to accept terms. `N` is [`attached_len`].
pub const fn attached<const N: usize>(entry: &Entry) -> [u8; N] {
    let mut bytes = [0; N];
    write_attached(entry, &mut bytes);
    bytes
}

pub(super) const fn write_attached(entry: &Entry, out: &mut [u8]) {
    if let Recovery::AcceptTerms = entry.recovery {
        detail_writer::terms(entry.domain, entry.summary, out);
    }
}

/// Returns the length of [`details`].
pub const fn details_len(entry: &Entry) -> usize {
    write::status_len(&parts(entry))
}

/// Encodes the `google.rpc.Status` with the default message. `N` is [`details_len`].
pub const fn details<const N: usize>(entry: &Entry) -> [u8; N] {
    let mut bytes = [0; N];
    write_details(entry, &mut bytes);
    bytes
}

pub(super) const fn write_details(entry: &Entry, out: &mut [u8]) {
    write::status(&parts(entry), out);
}

const fn parts(entry: &Entry) -> Parts<'static> {
    Parts {
        grpc_code: entry.grpc_code.number(),
        message: entry.summary,
        code: entry.code,
        domain: entry.domain,
        reason: entry.reason,
        metadata: WrittenMetadata::Fields(&[]),
        rest: entry.attached,
        shed: ShedMarks::NONE,
        infos: WrittenInfos::Both,
    }
}
