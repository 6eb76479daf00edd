//! A small mutator with a fixed seed, for the runner on a stable toolchain.

/// A generator of pseudo-random numbers (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator. The same seed always gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `end`. `end` is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from((self.next() >> 11) % end).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// The longest input that a mutation makes, in bytes.
const MAX_INPUT: usize = 64 << 10;

/// Texts that the readers search for.
const WORDS: &[&[u8]] = &[
    b"cAnArY",
    b"type.googleapis.com/codelibra.error.v1.ErrorInfo",
    b"type.googleapis.com/google.rpc.ErrorInfo",
    b"type.googleapis.com/google.rpc.DebugInfo",
    b"type.googleapis.com/google.protobuf.Any",
    b"codelibra",
    b"USER_BANNED",
    b"\"code\":403003",
    b"\"error\":",
    b"\"details\":[",
    b"{\"@type\":\"",
    b"403003",
    b"500001",
    b"code",
    b"shed",
    b"%FF",
    b"%",
    b"=",
    b",",
    b"-_",
    b"0",
    b"00",
    b"16",
    b"17",
    b"\xef\xbb\xbf",
    b"\r\n\r\n",
    b"event: error\ndata: ",
    b"application/grpc",
    b"application/grpc-web+proto",
    b"application/problem+json",
    b"\x80\0\0\0\x0f",
    b"\0\0\0\0\x03\x0a\x01x",
    b"(codelibra.error.v1.entry) = {summary: \"",
    b"reserved 400000 to 599999;",
    &[0x1a, 0x7f],
    &[0xff; 10],
    &[0x23; 40],
];

/// Returns a changed copy of `input`, which may contain pieces of `other`.
pub fn mutate(random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut data = input.to_vec();
    for _ in 0..=random.below(4) {
        step(random, &mut data, other);
    }
    data.truncate(MAX_INPUT);
    data
}

fn step(random: &mut Random, data: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(data.len() + 1);
    let end = at + random.below((data.len() - at).min(64) + 1);
    match random.below(8) {
        0 | 1 => {
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => {
            if let Some(byte) = data.get_mut(at) {
                *byte = random.byte();
            }
        }
        3 => drop(data.drain(at..end)),
        4 => {
            let copy = data[at..end].to_vec();
            let to = random.below(data.len() + 1);
            drop(data.splice(to..to, copy));
        }
        5 => {
            let from = random.below(other.len() + 1);
            let to = from + random.below((other.len() - from).min(256) + 1);
            drop(data.splice(at..end, other[from..to].iter().copied()));
        }
        6 => {
            let word = WORDS[random.below(WORDS.len())];
            drop(data.splice(at..end, word.iter().copied()));
        }
        _ => {
            // Change a length or a number by one.
            if let Some(byte) = data.get_mut(at) {
                *byte = byte.wrapping_add(if random.below(2) == 0 { 1 } else { 0xff });
            }
        }
    }
}
