//! The fields of a gRPC response that describe its end: the list of their names, the pass over the fields of any response, and
//! the pass over those of a failure.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::wire::header::text;
use crate::wire::media_type::MediaType;

/// A field that describes the end of a call, or that this library has to check.
#[derive(Clone, Copy)]
enum EndField {
    Status,
    Message,
    Details,
    Code,
    Encoding,
    Received,
    Cause,
}

impl EndField {
    #[inline]
    fn from_name(name: &str) -> Option<Self> {
        match name {
            text::GRPC_STATUS => Some(Self::Status),
            text::GRPC_MESSAGE => Some(Self::Message),
            text::STATUS_DETAILS_HEADER => Some(Self::Details),
            text::ERROR_CODE_HEADER => Some(Self::Code),
            text::GRPC_ENCODING => Some(Self::Encoding),
            text::RECEIVED_HEADER => Some(Self::Received),
            text::CAUSE_HEADER => Some(Self::Cause),
            _ => None,
        }
    }
}

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
                    (text::GRPC_STATUS, b"0") if scan & Self::STATUS == 0 => Self::STATUS,
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
        match EndField::from_name(name) {
            Some(EndField::Status) => Self::STATUS | Self::ODD_STATUS,
            Some(EndField::Details) => Self::DETAILS,
            Some(EndField::Received | EndField::Cause) => Self::OURS,
            Some(EndField::Message) if !value.is_empty() => Self::MESSAGE,
            Some(EndField::Code) => Self::CODE,
            Some(EndField::Encoding) if value != b"identity" => Self::ENCODING,
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

/// The values of one field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FieldValues<'a> {
    /// The last value; empty if there is none.
    pub(crate) last: &'a [u8],
    pub(crate) count: usize,
}

impl<'a> FieldValues<'a> {
    fn add(&mut self, value: &'a HeaderValue) {
        self.last = value.as_bytes();
        self.count += 1;
    }

    /// Returns the value, if there is exactly one.
    pub(crate) fn single(self) -> Option<&'a [u8]> {
        (self.count == 1).then_some(self.last)
    }

    /// Returns whether there is no value, or a single valid one.
    #[cfg(any(feature = "client", feature = "gateway"))]
    pub(crate) fn is_absent_or(self, is_valid: impl FnOnce(&[u8]) -> bool) -> bool {
        self.count == 0 || self.single().is_some_and(is_valid)
    }
}

/// What one pass over the fields of a failure finds.
#[derive(Debug, Default)]
pub(crate) struct FailureFields<'a> {
    pub(crate) status: FieldValues<'a>,
    pub(crate) message: FieldValues<'a>,
    pub(crate) details: FieldValues<'a>,
    /// `codelibra-error-code`.
    pub(crate) code: FieldValues<'a>,
    pub(crate) has_encoding: bool,
    /// Whether a client layer marked the failure.
    pub(crate) is_received: bool,
    /// Whether a private cause is stored for it.
    pub(crate) has_cause: bool,
}

impl<'a> FailureFields<'a> {
    /// Reads the fields. Calls `visit_other` with every field that does not belong to the failure, `grpc-encoding` included.
    pub(crate) fn read(
        fields: &'a HeaderMap,
        mut visit_other: impl FnMut(&'a HeaderName, &'a HeaderValue),
    ) -> Self {
        let mut read = Self::default();
        for (name, value) in fields {
            match EndField::from_name(name.as_str()) {
                Some(EndField::Status) => read.status.add(value),
                Some(EndField::Message) => read.message.add(value),
                Some(EndField::Details) => read.details.add(value),
                Some(EndField::Code) => read.code.add(value),
                Some(EndField::Received) => read.is_received = true,
                Some(EndField::Cause) => read.has_cause = true,
                Some(EndField::Encoding) => {
                    read.has_encoding = true;
                    visit_other(name, value);
                }
                None => visit_other(name, value),
            }
        }
        read
    }
}
