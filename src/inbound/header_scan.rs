//! One pass over the fields of a gRPC response, which finds out which fields need a closer look.

use http::header::{CONTENT_TYPE, HeaderMap};

use crate::wire::media_type::MediaType;
use crate::wire::{CAUSE, RECEIVED};

/// A set of bits, which stays in a register. There are few fields: looking at each name is quicker than looking names
/// up.
#[derive(Clone, Copy)]
pub(crate) struct HeaderScan(u8);

impl HeaderScan {
    pub(crate) const STATUS: u8 = 1;
    /// A `grpc-status` other than `0`, or more than one.
    pub(crate) const ODD_STATUS: u8 = 2;
    pub(crate) const DETAILS: u8 = 4;
    /// A field of our own which no peer may send.
    pub(crate) const OURS: u8 = 8;
    /// A `content-type` of gRPC.
    pub(crate) const GRPC: u8 = 16;
    /// A `grpc-message` that is not empty.
    pub(crate) const MESSAGE: u8 = 32;
    /// A `codelibra-error-code`.
    pub(crate) const CODE: u8 = 64;
    /// A `grpc-encoding` other than `identity`.
    pub(crate) const ENCODING: u8 = 128;

    #[inline]
    pub(crate) fn from_fields(fields: &HeaderMap) -> Self {
        let mut scan = 0;
        for (name, value) in fields {
            let value = value.as_bytes();
            // A standard name is a number. Asking for its text is slower.
            scan |= if *name == CONTENT_TYPE {
                if value == b"application/grpc" { Self::GRPC } else { Self::in_content_type(value) }
            } else {
                match (name.as_str(), value) {
                    ("grpc-status", b"0") if scan & Self::STATUS == 0 => Self::STATUS,
                    (name, value) => Self::in_other(name, value),
                }
            };
        }
        Self(scan)
    }

    /// What a `content-type` contributes that is not the usual one.
    #[inline(never)]
    fn in_content_type(value: &[u8]) -> u8 {
        if MediaType::read(value) == Some(MediaType::Grpc) { Self::GRPC } else { 0 }
    }

    /// What a field contributes that a success seldom has. It is not part of the loop, which stays small.
    #[inline(never)]
    fn in_other(name: &str, value: &[u8]) -> u8 {
        match name {
            "grpc-status" => Self::STATUS | Self::ODD_STATUS,
            "grpc-status-details-bin" => Self::DETAILS,
            RECEIVED | CAUSE => Self::OURS,
            "grpc-message" if !value.is_empty() => Self::MESSAGE,
            "codelibra-error-code" => Self::CODE,
            "grpc-encoding" if value != b"identity" => Self::ENCODING,
            _ => 0,
        }
    }

    pub(crate) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// Returns whether the fields are an OK that tonic can read without a fault.
    #[cfg(any(feature = "client", feature = "gateway"))]
    pub(crate) const fn is_plain_ok(self) -> bool {
        self.0 & (Self::STATUS | Self::ODD_STATUS | Self::DETAILS | Self::MESSAGE) == Self::STATUS
    }
}
