use std::error::Error;
use std::fmt;

/// An error and its sources, each once, for a log.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            let text = source.to_string();
            // An error that shows its source has said it.
            if !last.contains(&text) {
                write!(f, ": {text}")?;
            }
            (error, last) = (source, text);
        }
        Ok(())
    }
}
