//! `grpc-encoding`: the compression of messages.

use http::HeaderMap;

use crate::wire::header::GRPC_ENCODING;

/// A set of compressions: those that the reader of a response accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encodings(u8);

const GZIP: u8 = 1;
const DEFLATE: u8 = 2;
const ZSTD: u8 = 4;
/// All compressions without a bit of their own.
const OTHERS: u8 = 8;

impl Encodings {
    /// `identity` alone, which every reader accepts.
    #[cfg(feature = "client")]
    pub(crate) const NONE: Self = Self(0);
    #[cfg(feature = "gateway")]
    pub(crate) const ALL: Self = Self(u8::MAX);

    /// Reads `grpc-accept-encoding`, a list.
    #[cfg(feature = "client")]
    pub(crate) fn accepted(list: &[u8]) -> Self {
        Self(list.split(|byte| *byte == b',').fold(0, |set, name| set | bit(name.trim_ascii())))
    }

    /// Removes a compression that the reader does not accept, so that the reader can read the status: tonic reads this field
    /// first, and reports UNIMPLEMENTED. If a message is compressed in spite of this, it becomes INTERNAL, as gRPC requires of a
    /// client (compression.md, "Compression Method Asymmetry Between Peers").
    pub(crate) fn remove_others(self, headers: &mut HeaderMap) {
        let is_accepted = |value: &[u8]| bit(value) & !self.0 == 0;
        if headers.get(&GRPC_ENCODING).is_some_and(|value| !is_accepted(value.as_bytes())) {
            headers.remove(GRPC_ENCODING);
        }
    }
}

fn bit(name: &[u8]) -> u8 {
    match name {
        b"identity" => 0,
        b"gzip" => GZIP,
        b"deflate" => DEFLATE,
        b"zstd" => ZSTD,
        _ => OTHERS,
    }
}
