//! What of a failure leaves a server: the boundary, applied.

use std::borrow::Cow;

use super::Boundary;
use super::failure::Failure;
use super::layer::Config;
use crate::catalog::GrpcCode;
use crate::catalog::code::class_of;
use crate::catalog::tables::class_to_grpc;
use crate::inbound::identity::Identity;
use crate::inbound::identity::identity;
use crate::outbound::boundary::{facts, is_debug};
use crate::outbound::outgoing::Outgoing;
use crate::wire;
use crate::wire::canonical::Canonical;
use crate::wire::details::AllDetails;
use crate::wire::details::Detail;
use crate::wire::error_infos::ErrorInfos;
use crate::wire::metadata::Metadata;
use crate::wire::schema::REQUEST_INFO;
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};

impl Boundary {
    /// The usual failure: an entry of this service's catalogue, made here, of which all may leave as it is. `None`
    /// where a closer look is needed.
    pub(super) fn whole<'a>(&self, failure: &'a Failure<'_>, config: &Config) -> Option<Outgoing<'a>> {
        let said = Canonical::read(&failure.details)?;
        let entry = config.catalog.by_code(u32::try_from(said.code).ok()?)?;
        let is_same = !failure.received
            && said.grpc_code == u64::from(failure.grpc_code.number())
            && said.message == failure.message
            && failure.grpc_code == entry.grpc_code
            && said.domain == entry.domain
            && said.reason == entry.reason;
        let is_private = self.is_public() && entry.class() >= 500 && *failure.message != *entry.summary;
        let leave = !AllDetails::of(said.rest).any(|detail| self.drops(&detail));
        (is_same && !is_private && leave).then(|| {
            let mut outgoing = Outgoing::of((config.catalog, entry.code), entry.grpc_code);
            outgoing.message = Cow::Borrowed(&failure.message);
            outgoing.details = Cow::Borrowed(said.rest);
            match (said.infos, config.error_infos) {
                (ErrorInfos::Both, ErrorInfos::Both) | (ErrorInfos::Google, ErrorInfos::Google) => {
                    outgoing.whole = Some([&failure.details, &[]]);
                }
                (ErrorInfos::Both, ErrorInfos::Google) => outgoing.whole = Some(said.with_googles_alone()),
                (ErrorInfos::Google, ErrorInfos::Both) => outgoing.metadata = said.metadata(),
            }
            outgoing
        })
    }

    /// Decides what of a failure leaves.
    pub(super) fn decide<'a>(&self, failure: &'a Failure<'_>, config: &'a Config) -> Outgoing<'a> {
        let public = self.is_public();
        match identity(&failure.details, config.catalog) {
            Some(found) if self.trusts(found.info.domain, config.catalog) => {
                if public && failure.received {
                    code_alone(&found, config)
                } else {
                    self.as_it_is(&found, failure, config)
                }
            }
            Some(found) if !public => self.as_it_is(&found, failure, config),
            Some(_) => Outgoing::of(config.fallback.get(GrpcCode::Internal), GrpcCode::Internal),
            None => {
                let grpc_code =
                    if public && failure.received { GrpcCode::Internal } else { failure.grpc_code };
                let mut outgoing = Outgoing::of(config.fallback.get(grpc_code), grpc_code);
                if !public {
                    if !failure.message.is_empty() {
                        outgoing.message = Cow::Borrowed(&failure.message);
                    }
                    let details = self.details(failure);
                    if !details.is_empty() {
                        outgoing.details = Cow::Owned(details);
                    }
                }
                outgoing
            }
        }
    }

    fn as_it_is<'a>(
        &self,
        found: &Identity<'a>,
        failure: &'a Failure<'_>,
        config: &'a Config,
    ) -> Outgoing<'a> {
        let mut outgoing = identified(found, failure.grpc_code, config);
        let private = self.is_public() && outgoing.class() >= 500;
        if !private && !failure.message.is_empty() {
            outgoing.message = Cow::Borrowed(&failure.message);
        }
        outgoing.metadata = Metadata::of(&found.info).to_pairs();
        outgoing.details = Cow::Owned(self.details(failure));
        outgoing.shed = found.info.shed;
        outgoing
    }

    /// Whether a detail stays here, or is written anew.
    fn drops(&self, detail: &Detail<'_>) -> bool {
        match detail.type_name() {
            ERROR_INFO | GOOGLE_ERROR_INFO | REQUEST_INFO => true,
            _ => self.is_public() && is_debug(detail),
        }
    }

    /// The details that may leave, encoded, without those that are written anew.
    fn details(&self, failure: &Failure<'_>) -> Vec<u8> {
        let mut kept = Vec::new();
        for detail in AllDetails::of(&failure.details) {
            if let Some(any) = detail.whole_any().filter(|_| !self.drops(&detail)) {
                wire::write::any(any, &mut kept);
            }
        }
        kept
    }
}

/// The identity of a failure, with the default message.
fn identified<'a>(found: &Identity<'a>, grpc_code: GrpcCode, config: &Config) -> Outgoing<'a> {
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).unwrap_or_default();
    if !found.info.is_of(config.catalog.domain()) {
        let (domain, reason) = (text(found.info.domain), text(found.info.reason));
        return Outgoing::unlisted(found.code, grpc_code, domain, reason);
    }
    let mut outgoing = Outgoing::of((config.catalog, found.code), grpc_code);
    if outgoing.entry.is_none() {
        outgoing.reason = text(found.info.reason);
    }
    outgoing
}

/// The code, and what can say nothing but what it means.
fn code_alone<'a>(found: &Identity<'a>, config: &'a Config) -> Outgoing<'a> {
    let mut outgoing = identified(found, class_to_grpc(class_of(found.code)), config);
    if outgoing.entry.is_none() {
        outgoing.reason = "";
    }
    outgoing.metadata = facts(outgoing.entry, Metadata::of(&found.info)).collect();
    outgoing
}
