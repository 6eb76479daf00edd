use std::borrow::Cow;

use crate::catalog::{Catalog, Entry, ParamKind};
use crate::wire::details::Detail;
use crate::wire::metadata::Metadata;

/// What of a failure may leave, over gRPC and over HTTP alike.
///
/// [`public`](Self::public), the default, is for services that strangers call:
///
/// - the message of a 5xx is its entry's summary, and google.rpc.DebugInfo is dropped;
/// - a failure without a code speaks for nobody (it may be an `io::Error` or another service's status behind `?`, or a
///   proxy's page): it gets the code of the fallback table, and its message and details stay here. The one exception is
///   what an axum handler answers with as text, which it wrote for its callers: that of a 4xx is the message;
/// - an error received from another service leaves with its code if its domain is this service's or allowed, and with
///   nothing else but declared parameters that are no text; of any other domain, or without a code, it becomes the
///   fallback of INTERNAL. Over gRPC that is one that came through the client layer, which marks it; over HTTP a
///   [`ReceivedError`](crate::ReceivedError) that is an answer of axum or of `Responder::respond_received`; a gateway in
///   front of its own service says `axum::Forwarded` or `Responder::respond_forwarded`. To send it on as it is, say so:
///   [`ReceivedError::forward`](crate::ReceivedError::forward);
/// - headers of a failed gRPC answer that are not gRPC's own are dropped, and none crosses a bridge. An answer of axum
///   keeps those that its handler set.
///
/// [`internal`](Self::internal) is for services that only other services of the same owner call: messages and
/// details stay, of any domain, also with the code that a failure without one gets; the headers of a received error are
/// dropped all the same.
#[derive(Clone, Debug)]
pub struct Boundary {
    reach: Reach,
    domains: Vec<Cow<'static, str>>,
}

/// Whether a public boundary drops a detail: google.rpc.DebugInfo, also within `google.protobuf.Any`, which bodies show
/// as what it holds. Of Anys that nest deeper than anybody's nobody knows: they are dropped too.
pub(crate) fn is_debug(detail: &Detail<'_>) -> bool {
    const MAX_DEPTH: usize = 16;
    let mut detail = *detail;
    for _ in 0..MAX_DEPTH {
        // A reader of descriptors takes a name with a dot before it.
        match detail.type_name().trim_start_matches('.') {
            "google.rpc.DebugInfo" => return true,
            "google.protobuf.Any" => detail = Detail::read(detail.value(), false),
            _ => return false,
        }
    }
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    Internal,
}

impl Boundary {
    /// For services that strangers call.
    pub const fn public() -> Self {
        Self { reach: Reach::Public, domains: Vec::new() }
    }

    /// For services that only other services of the same owner call.
    pub const fn internal() -> Self {
        Self { reach: Reach::Internal, domains: Vec::new() }
    }

    /// Trusts the errors of another domain as this service's own.
    #[must_use]
    pub fn allow_domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.domains.push(domain.into());
        self
    }

    /// Whether strangers read what leaves.
    pub(crate) fn is_public(&self) -> bool {
        self.reach == Reach::Public
    }

    pub(crate) fn trusts(&self, domain: &[u8], own: &Catalog) -> bool {
        domain.is_empty()
            || domain == own.domain().as_bytes()
            || self.domains.iter().any(|allowed| allowed.as_bytes() == domain)
    }
}

/// The declared parameters that are no text, of an error that another service answered with: they can say nothing but
/// what they mean.
pub(crate) fn facts<'a>(
    entry: Option<&'static Entry>,
    metadata: Metadata<'a>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let params = entry.map_or(&[][..], |entry| entry.params).iter();
    params.filter(|param| param.kind != ParamKind::String).filter_map(move |param| {
        let text = metadata.get(param.name)?;
        param.kind.accepts(text).then_some((param.name, text))
    })
}
