//! The characters of a peer's text that are escaped where people read it: in a log, on a terminal.

/// Whether a terminal shows nothing for a character, or obeys it: control characters (general category Cc), line and
/// paragraph separators, and what Unicode lists as `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt, 16.0):
/// marks that change the direction of text, characters without a width, tags. With them a text could forge lines, or look
/// like another text (Unicode TR 36).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
