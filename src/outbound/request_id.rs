//! The id of a request: which ids are accepted, and how one is made.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest id that is accepted, in bytes. With it, the core of an error fits in 256 bytes.
const MAX: usize = 48;

/// The id of a request. It allocates nothing, because most calls succeed and do not need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId {
    text: [u8; MAX],
    len: u8,
}

impl RequestId {
    /// The field with the caller's id.
    pub(crate) const FIELD: http::HeaderName = http::HeaderName::from_static("x-request-id");

    /// Returns the caller's id: the first valid value of [`FIELD`](Self::FIELD).
    #[cfg(feature = "gateway")]
    pub(crate) fn from_headers(headers: &http::HeaderMap) -> Option<Self> {
        headers.get_all(Self::FIELD).iter().find_map(|value| Self::parse(value.as_bytes()))
    }

    /// Returns an id of 1 to 48 letters, digits and `-._:+/=`. Other characters could forge lines in a log or fields.
    pub(crate) fn parse(id: &[u8]) -> Option<Self> {
        let is_valid = |b: &u8| b.is_ascii_alphanumeric() || b"-._:+/=".contains(b);
        id.iter().all(is_valid).then(|| Self::from_bytes(id)).flatten()
    }

    /// Makes an id of 16 hexadecimal digits. It is unique in this process, and most likely in all others.
    pub(crate) fn generate() -> Self {
        static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // An odd multiplier permutes the 64-bit numbers, so two counts never give the same id.
        let count = COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = SEED.wrapping_add(count).to_be_bytes();
        let mut text = [b'0'; MAX];
        for (digits, byte) in text.chunks_exact_mut(2).zip(id) {
            let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        Self { text, len: 16 }
    }

    /// Copies an id of 1 to 48 bytes, and does not check its characters.
    pub(crate) fn from_bytes(id: &[u8]) -> Option<Self> {
        let mut text = [0; MAX];
        text.get_mut(..id.len())?.copy_from_slice(id);
        let len = u8::try_from(id.len()).ok().filter(|len| *len > 0)?;
        Some(Self { text, len })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_valid_ids_only() {
        let id = |value: &str| RequestId::parse(value.as_bytes()).map(|id| id.as_str().to_owned());
        assert_eq!(id("0af7651916cd43dd"), Some("0af7651916cd43dd".into()));
        assert_eq!(id(&"a".repeat(48)), Some("a".repeat(48)));
        for wrong in ["", "a b", "<script>", "id\"", "a\tb"] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
        assert_eq!(id(&"a".repeat(49)), None);
    }

    #[cfg(feature = "gateway")]
    #[test]
    fn the_first_valid_value_is_used() {
        let mut headers = http::HeaderMap::new();
        for value in ["not valid", "a-1", "b-2"] {
            headers.append(RequestId::FIELD, http::HeaderValue::from_static(value));
        }
        assert_eq!(RequestId::from_headers(&headers).unwrap().as_str(), "a-1");
    }

    #[test]
    fn makes_different_ids() {
        let ids: std::collections::HashSet<String> =
            (0..1000).map(|_| RequestId::generate().as_str().to_owned()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 16));
    }
}
