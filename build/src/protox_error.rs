//! What protox reports, as findings of ours.

use miette::Diagnostic as _;

use crate::Error;
use crate::error::Diagnostic;
use crate::option_text::with_help;
use crate::resolve::Input;

pub(crate) fn from_protox(error: &protox::Error, input: &Input) -> Error {
    let Some(file) = error.file() else { return error.to_string().into() };
    let file = input.shown(file);
    let places = error.source_code().map(LineStarts::from_source);
    let diagnostic = |finding: &dyn miette::Diagnostic| {
        let mut message = finding.to_string();
        // Why the text of an option is none of its type.
        if let Some(reason) = finding.diagnostic_source() {
            message = format!("{message}: {reason}");
        }
        // protox names the file that it cannot open; the reason of the system is in the source.
        if let Some(reason) = finding.source().filter(|_| error.is_io()) {
            message = format!("{message}: {reason}");
        }
        if message.ends_with("is defined twice") {
            message.push_str("; expected each name once");
        }
        let label = finding.labels().into_iter().flatten().last();
        let position = label.and_then(|label| places.as_ref()?.position(label.offset()));
        Diagnostic::error(Some(file.clone()), position, with_help(message))
    };
    let first: &dyn miette::Diagnostic = error;
    let all = std::iter::once(first).chain(error.related().into_iter().flatten());
    let mut diagnostics: Vec<Diagnostic> = all.map(diagnostic).collect();
    diagnostics.sort_by_key(|d| d.position);
    Error::new(diagnostics).with_missing_import(error.is_file_not_found())
}

/// Lines and columns of a text. miette reads the text from its start for each of them.
struct LineStarts {
    /// Where each line starts, in bytes.
    lines: Vec<usize>,
    len: usize,
}

impl LineStarts {
    fn from_source(source: &dyn miette::SourceCode) -> Self {
        // All lines after the start: the whole text.
        let all = source.read_span(&(0, 0).into(), 0, usize::MAX);
        let text = all.as_ref().map_or(&[][..], |text| text.data());
        let is_end = |end: &usize| match text.get(end - 1..) {
            Some([b'\r', next, ..]) => *next != b'\n',
            Some([b'\r' | b'\n', ..]) => true,
            _ => false,
        };
        let ends = (1..=text.len()).filter(is_end);
        Self { lines: std::iter::once(0).chain(ends).collect(), len: text.len() }
    }

    /// Line and column, counted from 1, the latter in bytes.
    fn position(&self, offset: usize) -> Option<(usize, usize)> {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.checked_sub(1)?)?;
        (offset <= self.len).then(|| (line, offset - start + 1))
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use miette::{MietteError, SourceCode, SourceSpan, SpanContents};

    use super::*;

    /// Counts how often the text is read.
    struct Counted(&'static str, AtomicUsize);

    impl SourceCode for Counted {
        fn read_span<'a>(
            &'a self,
            span: &SourceSpan,
            before: usize,
            after: usize,
        ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_span(span, before, after)
        }
    }

    #[test]
    fn places_are_those_of_miette_and_the_text_is_read_once() {
        for text in ["", "a", "a\nbc\n", "\n\n", "gr\u{fc}n\r\nx", "a\rb", "one\ntwo\nthree"] {
            let counted = Counted(text, AtomicUsize::new(0));
            let places = LineStarts::from_source(&counted);
            let is_in_line = |at: &usize| !matches!(text.as_bytes()[*at], b'\r' | b'\n');
            for offset in (0..text.len()).filter(is_in_line) {
                let there = text.read_span(&(offset, 1).into(), 0, 0).unwrap();
                let expected = Some((there.line() + 1, there.column() + 1));
                assert_eq!(places.position(offset), expected, "{text:?} at {offset}");
            }
            assert_eq!(places.position(text.len() + 1), None);
            assert_eq!(counted.1.load(Ordering::Relaxed), 1);
        }
    }
}
