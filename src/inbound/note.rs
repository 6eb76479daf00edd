use std::fmt;

use crate::catalog::GrpcCode;
use crate::wire::shed::Shed;

/// Something that was wrong with a received error, or worth knowing about it. Nothing of it kept the error
/// from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The code is valid, but the catalogue does not list it. It works by its class.
    UnknownCode(u32),
    /// The code is of another domain than the catalogue.
    ForeignDomain(String),
    /// A number where a code should be, outside 400000–599999.
    InvalidCode(u64),
    /// The ASCII field is not six digits of a valid class.
    InvalidCodeField,
    /// Two places name two codes. The first counts.
    CodeContradiction {
        /// The one that counts.
        taken: u32,
        /// The other one.
        other: u32,
    },
    /// The gRPC code is not the one that the six-digit code stands for.
    ClassContradiction {
        /// The six-digit code.
        code: u32,
        /// The gRPC code that it stands for.
        expected: GrpcCode,
        /// The gRPC code that was received.
        received: GrpcCode,
    },
    /// The embedded `google.rpc.Status.code` is not the gRPC code of the header. The header counts.
    GrpcCodeContradiction {
        /// The one of the header.
        header: GrpcCode,
        /// The embedded one.
        embedded: i64,
    },
    /// The embedded `google.rpc.Status.message` is not the message of the header. The header counts.
    MessageContradiction,
    /// A gRPC code outside 0–16, read as UNKNOWN.
    InvalidGrpcCode(i64),
    /// The field `grpc-status` held this text and not a number from 0 to 16. Where it repeats one number, that
    /// one counts; else it is read as UNKNOWN.
    InvalidGrpcStatus(String),
    /// `grpc-status` did not arrive; the gRPC code is the one that the details or `codelibra-error-code` say.
    StatusLost,
    /// The details did not arrive, and `codelibra-error-code` did: something on the way cut the answer short.
    DetailsLost,
    /// The status is OK and has details all the same.
    OkWithDetails,
    /// The HTTP status is not the class of the code. The code counts.
    HttpStatusContradiction {
        /// The class of the code.
        class: u16,
        /// The HTTP status that was received.
        received: u16,
    },
    /// The details are not base64 from some point on. What stands before it was read.
    InvalidBase64,
    /// The details are no whole `google.rpc.Status`. What could be read was.
    CorruptStatus,
    /// A detail is cut or is no protobuf message.
    CorruptDetail {
        /// Which one, counted from 0, both ErrorInfos included.
        index: usize,
        /// The name of its type, as far as it could be read.
        type_name: String,
    },
    /// One of the ErrorInfos stands there twice and says different things. The first counts.
    ContradictingErrorInfo {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A metadata key or value is not UTF-8; it was left out.
    InvalidMetadata,
    /// The text of a declared parameter is no value of its type.
    InvalidParam(&'static str),
    /// The message is not UTF-8 or not percent-encoded as it should be; it was read lossily.
    InvalidMessage,
    /// A body is not what its media type says.
    InvalidBody(String),
    /// The body is longer than what is read of one, in bytes. What stands behind it was not read.
    BodyTooLong(usize),
    /// A detail of a body cannot be read, or not all of it: its type is not known, its value is none of the type.
    UnreadDetail {
        /// Which one, counted from 0.
        index: usize,
        /// The name of its type, as far as it could be read.
        type_name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The error is not the API's: it was made from the answer of a proxy, from a connection that failed, or from
    /// an answer that ended too early.
    Synthesized,
    /// The server left this out, to stay within what proxies let through.
    Shed(Shed),
    /// There were more notes than are kept.
    More(usize),
}

/// More notes than this say nothing new, and a peer decides how many there are.
const MAX_NOTES: usize = 16;
/// The longest text from a peer in a note, in bytes.
const MAX_TEXT: usize = 80;

/// Collects notes, of a bounded size.
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

/// A peer's text for a note: cut to a bounded size.
pub(crate) fn excerpt(text: &str) -> String {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCode(code) => {
                write!(f, "the catalogue does not list {code}; it works by its class {}", code / 1000)
            }
            Self::ForeignDomain(domain) => write!(f, "the code is of the domain {domain:?}"),
            Self::InvalidCode(number) => write!(f, "{number} is no error code; expected 400000 to 599999"),
            Self::InvalidCodeField => {
                f.write_str("codelibra-error-code is no error code; expected six digits, 400000 to 599999")
            }
            Self::CodeContradiction { taken, other } => {
                write!(f, "two codes were sent, {taken} and {other}; {taken} counts")
            }
            Self::ClassContradiction { code, expected, received } => {
                write!(f, "the gRPC code is {received}, but {code} stands for {expected}")
            }
            Self::GrpcCodeContradiction { header, embedded } => {
                write!(f, "the details say gRPC code {embedded}, the header says {header}; the header counts")
            }
            Self::MessageContradiction => {
                f.write_str("the message in the details is not the one of the header; the header counts")
            }
            Self::InvalidGrpcCode(number) => {
                write!(f, "{number} is no gRPC code, read as UNKNOWN; expected 0 to 16")
            }
            Self::InvalidGrpcStatus(text) => {
                write!(f, "grpc-status is {text:?}; expected one number, 0 to 16")
            }
            Self::StatusLost => f.write_str("grpc-status did not arrive; what arrived gave the gRPC code"),
            Self::DetailsLost => f.write_str("the details did not arrive; codelibra-error-code did"),
            Self::OkWithDetails => f.write_str("the gRPC code is OK, yet there are error details"),
            Self::HttpStatusContradiction { class, received } => {
                write!(f, "the HTTP status is {received}, but the code is of class {class}; the code counts")
            }
            Self::InvalidBase64 => f.write_str("the details are not base64 to their end"),
            Self::CorruptStatus => f.write_str("the details are no whole google.rpc.Status"),
            Self::CorruptDetail { index, type_name } if type_name.is_empty() => {
                write!(f, "detail {index} is corrupt")
            }
            Self::CorruptDetail { index, type_name } => {
                write!(f, "detail {index}, a {type_name}, is corrupt")
            }
            Self::ContradictingErrorInfo { index } => {
                write!(
                    f,
                    "detail {index} is an ErrorInfo that contradicts an earlier one; the earlier one counts"
                )
            }
            Self::InvalidMetadata => f.write_str("a metadata entry is not UTF-8 and was left out"),
            Self::InvalidParam(name) => write!(f, "the text of the parameter {name:?} does not fit its type"),
            Self::InvalidMessage => {
                f.write_str("the message is not well-formed percent-encoded UTF-8; it was read lossily")
            }
            Self::InvalidBody(what) => f.write_str(what),
            Self::BodyTooLong(limit) => {
                write!(f, "the body is longer than {limit} bytes; it was read up to there")
            }
            Self::UnreadDetail { index, type_name, problem } => {
                write!(f, "detail {index} of the body, a {type_name:?}, was not read: {problem}")
            }
            Self::Synthesized => {
                f.write_str("the answer is none of the API's; the error was made on this side")
            }
            Self::Shed(part) => write!(f, "the server left out {part}: the error was too large"),
            Self::More(n) => write!(f, "and {n} more"),
        }
    }
}

/// As its text.
impl serde::Serialize for Note {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
