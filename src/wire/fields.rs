//! An iterator over the fields of a protobuf message. It copies nothing.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// The length exceeds the rest of the message: the bytes that are there.
    Cut(&'a [u8]),
    /// A 32-bit or 64-bit number.
    Fixed,
    /// A group. Its content is not checked: a nested group may end with another number than it began with.
    Group,
}

/// Iterates over the fields, in order. A group is skipped without recursion. The iterator ends at the first byte that does not
/// start a field; then [`is_corrupt`](Self::is_corrupt) returns true.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    corrupt: bool,
}

const WIRE_VARINT: u64 = 0;
const WIRE_FIXED64: u64 = 1;
const WIRE_BYTES: u64 = 2;
const WIRE_GROUP: u64 = 3;
const WIRE_GROUP_END: u64 = 4;
const WIRE_FIXED32: u64 = 5;

impl<'a> Fields<'a> {
    pub(crate) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message, corrupt: false }
    }

    /// Returns whether reading ended before the end of the message.
    pub(crate) const fn is_corrupt(&self) -> bool {
        self.corrupt
    }

    /// Returns the bytes that are not read yet.
    #[cfg(feature = "server")]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline(always)]
    fn varint(&mut self) -> Option<u64> {
        let (first, rest) = self.rest.split_first()?;
        if *first < 0x80 {
            self.rest = rest;
            return Some(u64::from(*first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (i, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte has room for one bit.
            if i == 9 && *byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                self.rest = self.rest.get(i + 1..)?;
                return Some(value);
            }
        }
        None
    }

    /// Reads a field number and a wire type.
    #[inline]
    fn tag(&mut self) -> Option<(u64, u64)> {
        let tag = self.varint()?;
        // Numbers are 1 to 2^29 - 1.
        (8..=u64::from(u32::MAX)).contains(&tag).then_some((tag >> 3, tag & 7))
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.rest = self.rest.get(len..)?;
        Some(())
    }

    /// Reads a value that is not a group.
    #[inline(always)]
    fn value(&mut self, wire: u64) -> Option<Value<'a>> {
        match wire {
            WIRE_VARINT => self.varint().map(Value::Varint),
            WIRE_BYTES => {
                let len = self.varint()?;
                match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
                    Some((bytes, rest)) => {
                        self.rest = rest;
                        Some(Value::Bytes(bytes))
                    }
                    None => {
                        self.corrupt = true;
                        Some(Value::Cut(std::mem::take(&mut self.rest)))
                    }
                }
            }
            WIRE_FIXED64 => self.skip(8).map(|()| Value::Fixed),
            WIRE_FIXED32 => self.skip(4).map(|()| Value::Fixed),
            _ => None,
        }
    }

    /// Reads a field of any kind. Takes and returns the iterator by value, so that the usual path of `next` stays in registers.
    #[inline(never)]
    fn any_field(mut self) -> (Option<(u64, Value<'a>)>, Self) {
        let field = self.tag().and_then(|(number, wire)| match wire {
            WIRE_GROUP => self.group().map(|()| (number, Value::Group)),
            _ => self.value(wire).map(|value| (number, value)),
        });
        if field.is_none() {
            self.corrupt = true;
            self.rest = &[];
        }
        (field, self)
    }

    /// Skips a group, up to and including its end.
    fn group(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.tag()? {
                (_, WIRE_GROUP) => depth += 1,
                (_, WIRE_GROUP_END) => depth -= 1,
                (_, wire) => match self.value(wire)? {
                    Value::Cut(_) => return None,
                    _ => continue,
                },
            }
        }
        Some(())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // Nearly every field: a tag of one byte, then a length of one or two bytes, a number of one byte, or a six-digit
        // code, which takes three.
        if let [tag @ 8..=0xff, second, rest @ ..] = self.rest {
            let number = u64::from(tag >> 3);
            match (u64::from(tag & 0x87), second) {
                (WIRE_BYTES, len @ ..0x80) => {
                    if let Some((bytes, rest)) = rest.split_at_checked(usize::from(*len)) {
                        self.rest = rest;
                        return Some((number, Value::Bytes(bytes)));
                    }
                }
                (WIRE_BYTES, low) => {
                    if let [high @ 1..0x80, rest @ ..] = rest
                        && let Some((bytes, rest)) =
                            rest.split_at_checked(usize::from(low & 0x7f) | usize::from(*high) << 7)
                    {
                        self.rest = rest;
                        return Some((number, Value::Bytes(bytes)));
                    }
                }
                (WIRE_VARINT, value @ ..0x80) => {
                    self.rest = rest;
                    return Some((number, Value::Varint(u64::from(*value))));
                }
                (WIRE_VARINT, low) => {
                    if let [middle @ 0x80..=0xff, high @ ..0x80, rest @ ..] = rest {
                        self.rest = rest;
                        let [low, middle, high] = [low & 0x7f, middle & 0x7f, *high].map(u64::from);
                        return Some((number, Value::Varint(low | middle << 7 | high << 14)));
                    }
                }
                _ => {}
            }
        }
        if self.rest.is_empty() {
            return None;
        }
        let (field, after) = self.clone().any_field();
        *self = after;
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> (Vec<(u64, Value<'_>)>, bool) {
        let mut fields = Fields::new(message);
        let all = fields.by_ref().collect();
        (all, fields.is_corrupt())
    }

    #[test]
    fn reads_every_wire_type() {
        let message =
            [0x08, 0x96, 0x01, 0x12, 1, b'x', 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4, 0x28, 7];
        let (fields, corrupt) = read(&message);
        assert!(!corrupt);
        assert_eq!(
            fields,
            [
                (1, Value::Varint(150)),
                (2, Value::Bytes(b"x")),
                (3, Value::Fixed),
                (4, Value::Fixed),
                (5, Value::Varint(7))
            ]
        );
    }

    /// The general reader alone, without the short way of `next`.
    fn read_long_way(message: &[u8]) -> (Vec<(u64, Value<'_>)>, bool) {
        let mut fields = Fields::new(message);
        let mut all = Vec::new();
        while !fields.rest.is_empty() {
            let (field, after) = fields.any_field();
            all.extend(field);
            fields = after;
        }
        (all, fields.corrupt)
    }

    #[test]
    fn the_short_way_reads_the_same() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        for _ in 0..200_000 {
            let len = random() % 24;
            let message: Vec<u8> = (0..len).map(|_| random() >> (random() % 6)).collect();
            assert_eq!(read(&message), read_long_way(&message), "{message:02x?}");
        }
    }

    #[test]
    fn a_group_hides_nothing_however_deep() {
        for depth in [1, 1000, 100_000] {
            let mut message = vec![0x0b; depth];
            message.extend(vec![0x0c; depth]);
            message.extend([0x10, 1]);
            assert_eq!(read(&message), (vec![(1, Value::Group), (2, Value::Varint(1))], false));
            message.truncate(2 * depth - 1);
            assert_eq!(read(&message), (vec![], true), "a group without its end");
        }
    }

    #[test]
    fn says_where_it_cannot_go_on() {
        assert_eq!(read(&[0x08]), (vec![], true), "a tag without its value");
        assert_eq!(
            read(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x07, b'x']),
            (vec![(2, Value::Cut(b"x"))], true),
            "2 GiB"
        );
        assert_eq!(read(&[0x00, 0x01]), (vec![], true), "field number 0");
        assert_eq!(read(&[0x0e, 0x01]), (vec![], true), "wire type 6");
        assert_eq!(read(&[0xff; 11]), (vec![], true), "a varint of eleven bytes");
        assert_eq!(read(&[0x10, 1, 0x0c]), (vec![(2, Value::Varint(1))], true), "the end of no group");
    }
}
