//! The `details` of a `google.rpc.Status`. Reading them copies nothing.

use prost::{Message, Name};

use super::fields::{Fields, Value};
use super::schema::tag::{ANY_TYPE_URL, ANY_VALUE};
use super::schema::{REQUEST_INFO, any, request_info::REQUEST_ID, status};
#[cfg(any(feature = "gateway", feature = "server"))]
use crate::wire::out::string_len;

/// A detail of an error: a `google.protobuf.Any`, which consists of an encoded protobuf message and the name of its type.
///
/// ```
/// use codelibra::{ErrorCode, rpc};
///
/// let info = rpc::RequestInfo { request_id: "a1b2".into(), ..Default::default() };
/// let error = ErrorCode::USER_BANNED.with_message("banned for spam").with_detail(&info);
/// let detail = error.details().find(|detail| detail.type_name() == "google.rpc.RequestInfo").unwrap();
/// assert_eq!(detail.type_url(), "type.googleapis.com/google.rpc.RequestInfo");
/// assert_eq!(detail.to_message::<rpc::RequestInfo>(), Some(Ok(info)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail<'a> {
    type_url: &'a str,
    value: &'a [u8],
    any: &'a [u8],
    intact: bool,
}

impl<'a> Detail<'a> {
    #[inline]
    pub(crate) fn read(any: &'a [u8], cut: bool) -> Self {
        let mut detail = Self { type_url: "", value: &[], any, intact: !cut };
        let mut fields = Fields::new(any);
        for field in fields.by_ref() {
            match field {
                (any::TYPE_URL, Value::Bytes(url)) => match std::str::from_utf8(url) {
                    Ok(url) => detail.type_url = url,
                    Err(_) => detail.intact = false,
                },
                (any::VALUE, Value::Bytes(value) | Value::Cut(value)) => detail.value = value,
                // A strict reader rejects a group whose end has another field number, and with it the whole status.
                (any::TYPE_URL | any::VALUE, _) | (_, Value::Group) => detail.intact = false,
                _ => {}
            }
        }
        detail.intact &= !fields.is_corrupt();
        detail
    }

    /// Returns the type URL as it was sent, such as `type.googleapis.com/google.rpc.BadRequest`.
    pub fn type_url(&self) -> &'a str {
        self.type_url
    }

    /// Returns the full name of the type: the part after the last `/` of the URL.
    pub fn type_name(&self) -> &'a str {
        self.type_url.rsplit_once('/').map_or(self.type_url, |(_, name)| name)
    }

    /// Returns whether the type has this name. Does not search for the `/`, as [`type_name`](Self::type_name) does.
    #[inline]
    pub(crate) fn is_a(&self, name: &str) -> bool {
        self.type_url.strip_suffix(name).is_some_and(|front| front.is_empty() || front.ends_with('/'))
    }

    /// Returns the encoded message, or the part that was received if the detail is not [intact](Self::is_intact).
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// Returns whether the detail is a complete `google.protobuf.Any`, whose value is a sequence of complete fields.
    pub fn is_intact(&self) -> bool {
        self.intact && {
            let mut fields = Fields::new(self.value);
            fields.by_ref().for_each(drop);
            !fields.is_corrupt()
        }
    }

    /// Returns the encoded detail if it is complete, so that it can be sent again.
    pub(crate) fn complete_any(&self) -> Option<&'a [u8]> {
        self.intact.then_some(self.any)
    }

    /// Returns `request_id`, if the detail is a `google.rpc.RequestInfo` with an id.
    pub(crate) fn request_id(&self) -> Option<&'a str> {
        if self.type_name() != REQUEST_INFO {
            return None;
        }
        let id = Fields::new(self.value).filter_map(|field| match field {
            (REQUEST_ID, Value::Bytes(id)) => Some(id),
            _ => None,
        });
        id.last().and_then(|id| std::str::from_utf8(id).ok()).filter(|id| !id.is_empty())
    }

    /// Whether it is a google.rpc.RequestInfo that contains an id and nothing else.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn is_request_id_alone(&self) -> bool {
        self.request_id().is_some_and(|id| self.value.len() == string_len(id))
    }

    /// Decodes the message, if the detail is of type `M`.
    ///
    /// # Errors
    ///
    /// The detail is of type `M`, but its bytes cannot be decoded.
    pub fn to_message<M: Message + Name + Default>(&self) -> Option<Result<M, prost::DecodeError>> {
        (self.type_name() == M::full_name()).then(|| M::decode(self.value))
    }
}

/// The type URL of a `google.protobuf.Any` that consists of a type URL shorter than 128 bytes and of a value.
#[inline]
fn plain_type_url(any: &[u8]) -> Option<&[u8]> {
    let [ANY_TYPE_URL, len @ ..0x80, rest @ ..] = any else { return None };
    let (url, value) = rest.split_at_checked(usize::from(*len))?;
    let len = match value {
        [ANY_VALUE, len @ ..0x80, ..] => 2 + usize::from(*len),
        [ANY_VALUE, low @ 0x80..=0xff, high @ ..0x80, ..] => {
            3 + (usize::from(low & 0x7f) | usize::from(*high) << 7)
        }
        _ => return None,
    };
    (len == value.len()).then_some(url)
}

/// Iterates over details in the order in which they were sent.
#[derive(Clone, Debug)]
pub(crate) struct AllDetails<'a>(Fields<'a>);

impl<'a> AllDetails<'a> {
    /// Iterates over the details of an encoded `google.rpc.Status`, or over encoded `details` fields alone.
    pub(crate) const fn new(status: &'a [u8]) -> Self {
        Self(Fields::new(status))
    }

    /// Finds the first detail of a type.
    pub(crate) fn find_type(mut self, name: &str) -> Option<Detail<'a>> {
        while let Some((any, cut)) = self.next_any() {
            // Most details are written as every writer does it: then only the type URL is compared.
            if plain_type_url(any).is_none_or(|url| url.ends_with(name.as_bytes())) {
                let detail = Detail::read(any, cut);
                if detail.is_a(name) {
                    return Some(detail);
                }
            }
        }
        None
    }

    /// Returns the next encoded `google.protobuf.Any`, and whether its end is missing.
    #[inline]
    pub(crate) fn next_any(&mut self) -> Option<(&'a [u8], bool)> {
        self.0.find_map(|field| match field {
            (status::DETAILS, Value::Bytes(any)) => Some((any, false)),
            (status::DETAILS, Value::Cut(any)) => Some((any, true)),
            _ => None,
        })
    }
}

impl<'a> Iterator for AllDetails<'a> {
    type Item = Detail<'a>;

    fn next(&mut self) -> Option<Detail<'a>> {
        self.next_any().map(|(any, cut)| Detail::read(any, cut))
    }
}
