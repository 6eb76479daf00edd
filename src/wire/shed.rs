//! [`Shed`]: the parts that a server removes from a large error, and the marks of it.

use std::fmt;

use prost::encoding::decode_varint;

macro_rules! shed {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $text:literal;)*) => {
        /// A part of an error that a server removed, so that the error fits into the limit of proxies for header fields.
        /// The numbers are those of `codelibra.error.v1.Shed`. The order is the order in which a server removes the parts.
        ///
        /// ```
        /// use codelibra::{Note, Shed};
        ///
        /// assert_eq!(Shed::FieldViolations.name(), "FIELD_VIOLATIONS");
        /// assert_eq!(Shed::ALL.last(), Some(&Shed::Message));
        /// let note = Note::Shed(Shed::FieldViolations);
        /// assert_eq!(note.to_string(), "the server left out field violations: the error was too large");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Shed {
            $($(#[$doc])* $variant,)*
        }

        impl Shed {
            /// Every part, in the order in which a server removes them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the number in `codelibra.error.v1.Shed`.
            pub(crate) const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// Returns the name in `codelibra.error.v1.Shed`, without its prefix `SHED_`: `DEBUG_INFO`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            fn from_number(number: u64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for Shed {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)*
                })
            }
        }
    };
}

shed! {
    /// google.rpc.DebugInfo.
    DebugInfo = 1, "DEBUG_INFO", "DebugInfo";
    /// google.rpc.Help.
    Help = 2, "HELP", "Help";
    /// google.rpc.LocalizedMessage.
    LocalizedMessage = 3, "LOCALIZED_MESSAGE", "LocalizedMessage";
    /// Field violations of google.rpc.BadRequest. The last ones are removed first.
    FieldViolations = 4, "FIELD_VIOLATIONS", "field violations";
    /// Details of other types.
    Details = 5, "DETAILS", "details";
    /// Metadata entries.
    Metadata = 6, "METADATA", "metadata";
    /// The end of the message, or the whole message.
    Message = 7, "MESSAGE", "the end of the message";
}

/// The prefix of the names in `codelibra.error.v1.Shed`.
pub(crate) const PREFIX: &str = "SHED_";

/// The set of the parts that a server removed from an error. An ErrorInfo contains it as marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShedMarks(u8);

impl ShedMarks {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Tests the bit whose position is the number of the part.
    pub(crate) const fn contains(self, part: Shed) -> bool {
        self.0 & (1 << part.number()) != 0
    }

    pub(crate) const fn with(self, part: Shed) -> Self {
        Self(self.0 | (1 << part.number()))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Shed> {
        Shed::ALL.iter().copied().filter(move |part| self.contains(*part))
    }

    /// Adds a number of `codelibra.error.v1.Shed`. An unknown number is ignored.
    pub(crate) fn add_number(&mut self, number: u64) {
        if let Some(part) = Shed::from_number(number) {
            *self = self.with(part);
        }
    }

    /// Adds packed numbers. The numbers after an invalid varint are ignored.
    pub(crate) fn add_packed(&mut self, mut packed: &[u8]) {
        while !packed.is_empty()
            && let Ok(number) = decode_varint(&mut packed)
        {
            self.add_number(number);
        }
    }

    /// Adds the part of a name, with the prefix `SHED_` or without it. Returns `false` if the name is unknown.
    pub(crate) fn add_name(&mut self, name: &str) -> bool {
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        let part = Shed::ALL.iter().find(|part| part.name() == name);
        if let Some(part) = part {
            *self = self.with(*part);
        }
        part.is_some()
    }

    /// Reads names joined by commas: the value of the key `shed` in google.rpc.ErrorInfo. A newer server may send names
    /// that are unknown here. They are ignored if at least one name is known. Returns `None` for any other text, because
    /// the key then has another meaning for the peer.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let mut marks = Self::NONE;
        for name in text.split(',') {
            if !is_name(name) {
                return None;
            }
            marks.add_name(name);
        }
        Some(marks).filter(|marks| !marks.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text that the writer sends for a set.
    fn text(marks: ShedMarks) -> String {
        marks.iter().map(Shed::name).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn every_set_is_read_from_numbers_and_from_text() {
        for bits in (0..=u8::MAX).filter(|bits| bits & 1 == 0) {
            let marks = ShedMarks(bits);
            let mut read = ShedMarks::NONE;
            read.add_packed(&marks.iter().map(Shed::number).collect::<Vec<_>>());
            assert_eq!(read, marks);
            assert_eq!(ShedMarks::from_text(&text(marks)), Some(marks).filter(|marks| !marks.is_empty()));
        }
    }

    #[test]
    fn unknown_numbers_are_ignored() {
        let mut marks = ShedMarks::NONE;
        // 128, whose second byte is 1; 2; 0; 2^64 - 1; the first byte of a number that is cut.
        marks.add_packed(&[0x80, 1, 2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x81]);
        assert_eq!(marks, ShedMarks::NONE.with(Shed::Help));
    }

    #[test]
    fn other_texts_are_not_read_as_marks() {
        for text in
            ["", ",", "garage", "GARAGE", "help", "HELP,", "HELP, MESSAGE", "HELP,garage", "2", "SHED_"]
        {
            assert_eq!(ShedMarks::from_text(text), None, "{text}");
        }
        let help = Some(ShedMarks::NONE.with(Shed::Help));
        for text in ["HELP", "SHED_HELP", "HELP,HELP", "NEWER,HELP", "HELP,NEWER_2"] {
            assert_eq!(ShedMarks::from_text(text), help, "{text}");
        }
    }
}
