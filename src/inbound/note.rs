//! [`Note`]: a fault of a received error, or other information about it.

use std::fmt;

use crate::catalog::GrpcCode;
use crate::wire::shed::Shed;

/// A fault of a received error, or other information about it. The error was read in spite of it.
///
/// ```
/// use codelibra::{ApiError, CATALOG, Note, ReceivedError};
///
/// let sent = ApiError::from_catalog(&CATALOG, 404_999)?;
/// let received = ReceivedError::from_details(sent.to_details(), &CATALOG);
/// assert_eq!(received.notes(), [Note::UnknownCode(404_999)]);
/// let text = "the catalogue does not list 404999; it is treated by its class 404";
/// assert_eq!(received.notes()[0].to_string(), text);
/// # Ok::<(), codelibra::InvalidCode>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The code is valid, but the catalogue does not list it. It is treated by its class.
    UnknownCode(u32),
    /// The code belongs to this domain, which is not the domain of the catalogue.
    ForeignDomain(String),
    /// This number is in the place of a code, but it is outside 400000–599999.
    InvalidCode(u64),
    /// The field `codelibra-error-code` does not contain six digits of a valid class.
    InvalidCodeField,
    /// Two places contain different codes. The first one is used.
    CodeContradiction {
        /// The code that is used.
        taken: u32,
        /// The other code.
        other: u32,
    },
    /// The gRPC code is not the one of the six-digit code.
    ClassContradiction {
        /// The six-digit code.
        code: u32,
        /// The gRPC code of the six-digit code.
        expected: GrpcCode,
        /// The gRPC code that was received.
        received: GrpcCode,
    },
    /// The embedded `google.rpc.Status.code` is not the gRPC code in the header. The header is used.
    GrpcCodeContradiction {
        /// The gRPC code in the header.
        header: GrpcCode,
        /// The embedded code.
        embedded: i64,
    },
    /// The embedded `google.rpc.Status.message` is not the message in the header. The header is used.
    MessageContradiction,
    /// A gRPC code outside 0–16, read as UNKNOWN.
    InvalidGrpcCode(i64),
    /// The field `grpc-status` contained this text, which is not one number from 0 to 16. If it repeats one number, that number
    /// is used; otherwise it is read as UNKNOWN.
    InvalidGrpcStatus(String),
    /// `grpc-status` did not arrive. The gRPC code is from the details or `codelibra-error-code`.
    StatusLost,
    /// The details did not arrive, but `codelibra-error-code` did: a proxy removed a part of the response.
    DetailsLost,
    /// The status is OK, but it has error details.
    OkWithDetails,
    /// The HTTP status is not the class of the code. The code is used.
    HttpStatusContradiction {
        /// The class of the code.
        class: u16,
        /// The HTTP status that was received.
        received: u16,
    },
    /// The details are not base64 after some point. The part before it was read.
    InvalidBase64,
    /// The details are not a complete `google.rpc.Status`. The readable part was read.
    CorruptStatus,
    /// A detail is cut off, or is not a protobuf message.
    CorruptDetail {
        /// The index of the detail, counted from 0, both ErrorInfos included.
        index: usize,
        /// The name of its type, or the part of it that could be read.
        type_name: String,
    },
    /// The details contain one of the two ErrorInfos twice, with different content. The first one is used.
    ContradictingErrorInfo {
        /// The index of the detail, counted from 0.
        index: usize,
    },
    /// A metadata key or value is not UTF-8. The entry was ignored.
    InvalidMetadata,
    /// The text of this declared parameter is not a value of its type.
    InvalidParam(&'static str),
    /// The message is not UTF-8, or is not correctly percent-encoded. Invalid bytes were replaced.
    InvalidMessage,
    /// The body does not have the form of its media type. The text is the problem.
    InvalidBody(String),
    /// The body is longer than this number of bytes. The rest was not read.
    BodyTooLong(usize),
    /// A detail of a body cannot be read, or only in part: its type is unknown, or its value does not fit the type.
    UnreadDetail {
        /// The index of the detail, counted from 0.
        index: usize,
        /// The name of its type, or the part of it that could be read.
        type_name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The API did not send the error. It was made on this side from the response of a proxy, from a connection that failed, or
    /// from a response that ended too early.
    Synthesized,
    /// The server removed this part, because the error was larger than proxies accept.
    Shed(Shed),
    /// This many more notes were not kept.
    More(usize),
}

/// The number of notes that are kept. A peer decides how many there are.
const MAX_NOTES: usize = 16;
/// The longest text from a peer in a note, in bytes.
const MAX_TEXT: usize = 80;

/// A list of notes of a bounded size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn push(&mut self, note: Note) {
        if let Some(Note::More(n)) = self.0.last_mut() {
            *n += 1;
        } else if self.0.len() == MAX_NOTES {
            self.0.push(Note::More(1));
        } else {
            self.0.push(note);
        }
    }

    pub(crate) fn extend(&mut self, notes: &Self) {
        notes.0.iter().cloned().for_each(|note| self.push(note));
    }

    pub(crate) fn as_slice(&self) -> &[Note] {
        &self.0
    }
}

/// Returns the start of a peer's text, for a note.
pub(crate) fn excerpt(text: &str) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCode(code) => {
                write!(f, "the catalogue does not list {code}; it is treated by its class {}", code / 1000)
            }
            Self::ForeignDomain(domain) => write!(f, "the code is of the domain {domain:?}"),
            Self::InvalidCode(number) => {
                write!(f, "{number} is not an error code; expected 400000 to 599999")
            }
            Self::InvalidCodeField => f.write_str(
                "codelibra-error-code is not an error code; expected six digits, 400000 to 599999",
            ),
            Self::CodeContradiction { taken, other } => {
                write!(f, "two codes were sent, {taken} and {other}; {taken} is used")
            }
            Self::ClassContradiction { code, expected, received } => {
                write!(f, "the gRPC code is {received}, but {code} has {expected}")
            }
            Self::GrpcCodeContradiction { header, embedded } => {
                write!(
                    f,
                    "the details contain gRPC code {embedded}, the header contains {header}; the header is used"
                )
            }
            Self::MessageContradiction => {
                f.write_str("the message in the details is not the one in the header; the header is used")
            }
            Self::InvalidGrpcCode(number) => {
                write!(f, "{number} is not a gRPC code, read as UNKNOWN; expected 0 to 16")
            }
            Self::InvalidGrpcStatus(text) => {
                write!(f, "grpc-status is {text:?}; expected one number, 0 to 16")
            }
            Self::StatusLost => {
                f.write_str("grpc-status did not arrive; the other fields gave the gRPC code")
            }
            Self::DetailsLost => f.write_str("the details did not arrive, but codelibra-error-code did"),
            Self::OkWithDetails => f.write_str("the gRPC code is OK, but there are error details"),
            Self::HttpStatusContradiction { class, received } => {
                write!(f, "the HTTP status is {received}, but the code is of class {class}; the code is used")
            }
            Self::InvalidBase64 => f.write_str("the details are not base64 up to their end"),
            Self::CorruptStatus => f.write_str("the details are not a complete google.rpc.Status"),
            Self::CorruptDetail { index, type_name } if type_name.is_empty() => {
                write!(f, "detail {index} is corrupt")
            }
            Self::CorruptDetail { index, type_name } => {
                write!(f, "detail {index}, a {type_name}, is corrupt")
            }
            Self::ContradictingErrorInfo { index } => {
                write!(
                    f,
                    "detail {index} is an ErrorInfo that contradicts an earlier one; the earlier one is used"
                )
            }
            Self::InvalidMetadata => f.write_str("a metadata entry is not UTF-8 and was ignored"),
            Self::InvalidParam(name) => write!(f, "the text of the parameter {name:?} does not fit its type"),
            Self::InvalidMessage => f.write_str(
                "the message is not well-formed percent-encoded UTF-8; invalid bytes were replaced",
            ),
            Self::InvalidBody(what) => f.write_str(what),
            Self::BodyTooLong(limit) => {
                write!(f, "the body is longer than {limit} bytes; it was read up to there")
            }
            Self::UnreadDetail { index, type_name, problem } => {
                write!(f, "detail {index} of the body, a {type_name:?}, was not read: {problem}")
            }
            Self::Synthesized => f.write_str("the API did not send this error; it was made on this side"),
            Self::Shed(part) => write!(f, "the server left out {part}: the error was too large"),
            Self::More(n) => write!(f, "and {n} more"),
        }
    }
}

/// Serializes a note as its text.
impl serde::Serialize for Note {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
