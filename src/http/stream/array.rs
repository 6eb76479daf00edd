//! Finds the elements of a JSON array while it arrives.

use bytes::{Buf, BytesMut};

use crate::http::collect::MAX_BODY;

/// The next part of an array.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An element. Its end was found, but it may not be valid JSON.
    Element(BytesMut),
    /// The end of the array.
    End,
    /// The text is not an array, or an element is longer than [`MAX_BODY`].
    Fault,
}

/// Finds the elements of an array. It reads each byte once, in chunks of any size.
#[derive(Debug, Default)]
pub(super) struct ArrayScanner {
    place: Place,
    /// The number of bytes of the element that were read.
    scanned: usize,
    /// The number of arrays and objects of the element that are open.
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    /// After `[`.
    FirstElement,
    /// After a comma.
    NextElement,
    InElement,
    BehindElement,
}

impl ArrayScanner {
    /// The next piece, if all of it is in the buffer.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Option<Piece> {
        loop {
            if self.place == Place::InElement {
                return self.element(buffer);
            }
            let byte = *buffer.first()?;
            self.place = match (self.place, byte) {
                (place, b' ' | b'\t' | b'\n' | b'\r') => place,
                (Place::Start, b'[') => Place::FirstElement,
                (Place::FirstElement | Place::BehindElement, b']') => return Some(Piece::End),
                (Place::BehindElement, b',') => Place::NextElement,
                (Place::Start | Place::BehindElement, _) => return Some(Piece::Fault),
                _ => {
                    self.place = Place::InElement;
                    continue;
                }
            };
            buffer.advance(1);
        }
    }

    fn element(&mut self, buffer: &mut BytesMut) -> Option<Piece> {
        for byte in buffer.get(self.scanned..).unwrap_or_default() {
            if self.is_in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    // A number or a name ends before the next delimiter.
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => {
                        return Some(self.end_of_element(buffer, 0));
                    }
                    b'"' => self.is_in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(self.end_of_element(buffer, 1));
                        }
                    }
                    _ => {}
                }
            }
            self.scanned += 1;
        }
        (self.scanned > MAX_BODY).then_some(Piece::Fault)
    }

    /// Takes the element. `uncounted`: the number of its last bytes that are not in `scanned`.
    fn end_of_element(&mut self, buffer: &mut BytesMut, uncounted: usize) -> Piece {
        let len = self.scanned + uncounted;
        *self = Self { place: Place::BehindElement, ..Self::default() };
        if len == 0 || len > MAX_BODY { Piece::Fault } else { Piece::Element(buffer.split_to(len)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements of a text that arrives in chunks of a size, and how it ended: `None` where it is cut.
    fn read(text: &str, size: usize) -> (Vec<String>, Option<Piece>) {
        let mut scanner = ArrayScanner::default();
        let (mut buffer, mut elements) = (BytesMut::new(), Vec::new());
        for chunk in text.as_bytes().chunks(size) {
            buffer.extend_from_slice(chunk);
            while let Some(piece) = scanner.next(&mut buffer) {
                match piece {
                    Piece::Element(element) => elements.push(String::from_utf8(element.to_vec()).unwrap()),
                    end => return (elements, Some(end)),
                }
            }
        }
        (elements, None)
    }

    #[test]
    fn elements_are_found_in_every_chunking() {
        const ELEMENTS: [&str; 7] =
            [r#"{"a":[1,{"b":"]}"}],"c":"\\\"]"}"#, "-1.5e3", "true", r#""a, b]\"""#, "[[]]", "null", "{}"];
        for separator in [",", " , ", "\r\n,\n"] {
            let text = format!(" [{}\n]", ELEMENTS.join(separator));
            for size in 1..=text.len() {
                let (elements, end) = read(&text, size);
                assert_eq!(elements, ELEMENTS, "{text} {size}");
                assert_eq!(end, Some(Piece::End), "{text} {size}");
            }
            for len in 0..text.len() {
                let (elements, end) = read(&text[..len], 3);
                assert!(ELEMENTS.map(str::to_owned).starts_with(&elements), "{len}");
                assert_eq!(end, None, "{len}");
            }
        }
        assert_eq!(read("[ ]", 1), (vec![], Some(Piece::End)));
    }

    #[test]
    fn what_is_no_array_is_a_fault() {
        for text in ["{", "x", "[1 2]", "[,1]", "[1,]", "[1,,2]", "[}", "[1}"] {
            let (_, end) = read(text, 1);
            assert_eq!(end, Some(Piece::Fault), "{text}");
        }
        let endless = format!("[\"{}", "x".repeat(MAX_BODY));
        assert_eq!(read(&endless, 4096).1, Some(Piece::Fault));
    }
}
