//! The text of an error and of its sources in one line of the log.

use std::error::Error;
use std::fmt;

use crate::guard;
use crate::outbound::log_limit::{Beginning, LogLimit};

/// The texts of an error and of its sources, for the log: each once, and all in one line. A peer's text in them is escaped.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'a> {
    pub(crate) error: &'a (dyn Error + 'static),
    pub(crate) limit: LogLimit,
}

impl<'a> Chain<'a> {
    /// Returns the texts of the errors in [`guard::chain`].
    fn texts(self) -> impl Iterator<Item = Beginning> + use<'a> {
        guard::chain(self.error).map(move |error| self.limit.beginning_of(&error))
    }

    /// Returns whether the logged part of the chain contains a text.
    pub(crate) fn shows(self, text: &str) -> bool {
        self.texts().any(|shown| {
            let is_beginning = !shown.is_whole() && text.starts_with(&shown.text);
            is_beginning || shown.text.contains(text)
        })
    }
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.limit.in_one_line(f, |line| {
            let mut last: Option<Beginning> = None;
            for shown in self.texts() {
                match &last {
                    // The text of an error often contains the text of its source.
                    Some(last) if last.text.contains(&shown.text) => {}
                    Some(_) => {
                        line.push(": ");
                        line.push_beginning(&shown);
                    }
                    None => line.push_beginning(&shown),
                }
                if line.is_cut() {
                    break;
                }
                last = Some(shown);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(error: &(dyn Error + 'static)) -> String {
        Chain { error, limit: LogLimit::KIB_4 }.to_string()
    }

    #[test]
    fn a_text_stays_in_its_line() {
        let error = std::io::Error::other("no \"such\" file\r\n2026-01-01 INFO forged\u{1b}[2J");
        let expected = r#"no "such" file\r\n2026-01-01 INFO forged\u{1b}[2J"#;
        assert_eq!(chain(&error), expected);
    }

    #[test]
    fn a_long_text_is_cut_and_a_panic_of_a_display_is_named() {
        let error = std::io::Error::other("x".repeat(15_600_000));
        assert_eq!(chain(&error), "x".repeat(4096) + "… (15600000 bytes)");
        assert!(Chain { error: &error, limit: LogLimit::KIB_4 }.shows(&"x".repeat(15_600_000)));

        #[derive(Debug)]
        struct Bad;
        impl fmt::Display for Bad {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("a Display")
            }
        }
        impl Error for Bad {}
        assert_eq!(chain(&Bad), "an error whose Display panics");
    }

    #[test]
    fn an_error_that_is_in_its_own_chain_ends() {
        /// An error whose source has this error as its source.
        #[derive(Debug)]
        struct Endless(&'static str, Option<&'static Endless>);
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        impl Error for Endless {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                static ONE: Endless = Endless("one", Some(&TWO));
                static TWO: Endless = Endless("two", None);
                Some(self.1.unwrap_or(&ONE))
            }
        }
        let error = Endless("first", None);
        assert_eq!(chain(&error), format!("first{}", ": one: two".repeat(32)).trim_end_matches(": two"));
        assert!(!Chain { error: &error, limit: LogLimit::KIB_4 }.shows("three"));
    }
}
