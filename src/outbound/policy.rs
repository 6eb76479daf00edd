//! Decides which parts of a failure are sent. Every transport calls this decision, and writes its response from the result.

use std::borrow::Cow;

use crate::catalog::code::{class_code, class_of};
use crate::catalog::tables::class_to_grpc;
use crate::catalog::{Catalog, Entry, GrpcCode, ParamKind};
use crate::inbound::ReceivedError;
#[cfg(feature = "server")]
use crate::inbound::identity::first_number;
use crate::outbound::boundary::{Boundary, is_debug};
use crate::outbound::budget::Budget;
use crate::outbound::failure::{Content, Failure, Source};
use crate::outbound::fallback::Fallback;
use crate::outbound::log_limit::LogLimit;
#[cfg(feature = "server")]
use crate::outbound::request_id::RequestId;
use crate::outbound::sent_error::SentError;
#[cfg(feature = "server")]
use crate::outbound::sent_error::{MAX_DOMAIN, MAX_REASON};
#[cfg(feature = "server")]
use crate::outbound::status_fields::StatusFields;
use crate::wire;
#[cfg(feature = "server")]
use crate::wire::canonical::Canonical;
use crate::wire::error_infos::ErrorInfos;
use crate::wire::metadata::Metadata;
use crate::wire::schema::RETRY_INFO;
#[cfg(feature = "server")]
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO, REQUEST_INFO};

/// The configuration of a transport for failures.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) catalog: &'static Catalog,
    pub(crate) boundary: Boundary,
    pub(crate) fallback: Fallback,
    /// The limit on gRPC's fields. Bodies are not limited.
    pub(crate) budget: Budget,
    pub(crate) error_infos: ErrorInfos,
    pub(crate) log_limit: LogLimit,
}

impl Policy {
    pub(crate) fn new(catalog: &'static Catalog) -> Self {
        Self {
            catalog,
            boundary: Boundary::public(),
            fallback: Fallback::from_catalog(catalog),
            budget: Budget::KIB_3,
            error_infos: ErrorInfos::Both,
            log_limit: LogLimit::KIB_4,
        }
    }

    /// Decides which parts of a failure are sent.
    pub(crate) fn decide<'a>(&'a self, failure: &'a Failure<'_>) -> SentError<'a> {
        #[cfg(feature = "server")]
        if let Content::Status(status) = &failure.content
            && let Some(error) = self.as_it_is(failure.source, status)
        {
            return error;
        }
        self.decide_content(failure)
    }

    fn decide_content<'a>(&'a self, failure: &'a Failure<'_>) -> SentError<'a> {
        match &failure.content {
            Content::Uncoded { grpc_code, class, message } => {
                let mut sent = self.fallback_error(*grpc_code, *class);
                let is_private = self.boundary.is_public() && sent.class() >= 500;
                if !message.is_empty() && !is_private {
                    sent.message = Cow::Borrowed(message);
                }
                // The service chose the fallback table, so a code of another domain in it is sent.
                sent
            }
            Content::Error(error) => self.within_boundary(SentError::from_error(error)),
            Content::Received(error) => self.decide_received(failure.source, error),
            #[cfg(feature = "server")]
            Content::Status(status) => self.decide_received(failure.source, status.to_error(self.catalog)),
        }
    }

    /// Decides which parts of a failure are sent in gRPC's fields, and whether all of them fit into the budget. `others` is the
    /// header list size of the other fields.
    #[cfg(feature = "server")]
    pub(crate) fn decide_for_fields<'a>(
        &'a self,
        failure: &'a Failure<'_>,
        others: usize,
        request_id: impl Fn(&SentError<'_>) -> RequestId,
    ) -> (SentError<'a>, bool) {
        let prepare = |mut error: SentError<'a>| {
            let id = request_id(&error);
            error.set_request_id(id);
            error.for_fields(self.error_infos)
        };
        let error = prepare(self.decide(failure));
        if self.budget.fits(&error, others) {
            return (error, true);
        }
        // A changed error must be encoded again.
        let mut error = if error.encoded.is_some() { prepare(self.decide_content(failure)) } else { error };
        self.budget.apply(&mut error, others);
        let fits = self.budget.fits(&error, others);
        (error, fits)
    }

    /// Returns the usual failure, an error of this service that the catalogue lists and whose parts may all be sent. It is not
    /// encoded again. Returns `None` for any other failure.
    #[cfg(feature = "server")]
    fn as_it_is<'a>(&self, source: Source, status: &'a StatusFields<'_>) -> Option<SentError<'a>> {
        // The build limits the domain of a catalogue, but not of one that is made at run time.
        if source != Source::Own || self.catalog.domain().len() > MAX_DOMAIN {
            return None;
        }
        if let Some(entry) = self.entry_of_default(status) {
            let mut sent = SentError::from_code(self.catalog, entry.code, entry.grpc_code);
            sent.encoded = Some([entry.details, &[]]);
            return Some(sent);
        }
        let public = self.boundary.is_public();
        let read = Canonical::read(&status.details, |detail| match detail.type_name() {
            // A RequestInfo is replaced.
            "" | ERROR_INFO | GOOGLE_ERROR_INFO | REQUEST_INFO => false,
            _ => !(public && is_debug(detail)),
        })?;
        let entry = self.catalog.by_code(u32::try_from(read.code).ok()?)?;
        let is_own = read.grpc_code == u64::from(status.grpc_code.number())
            && read.message == status.message.as_bytes()
            && status.grpc_code == entry.grpc_code
            && read.domain == entry.domain.as_bytes()
            && read.reason == entry.reason.as_bytes();
        let is_private = public && entry.class() >= 500 && *status.message != *entry.summary;
        if !is_own || is_private || entry.reason.len() > MAX_REASON {
            return None;
        }
        let mut sent = SentError::from_code(self.catalog, entry.code, entry.grpc_code);
        sent.message = Cow::Borrowed(&status.message);
        sent.details = Cow::Borrowed(read.rest);
        match (read.infos, self.error_infos) {
            (ErrorInfos::Both, ErrorInfos::Both) | (ErrorInfos::Google, ErrorInfos::Google) => {
                sent.encoded = Some([&status.details, &[]]);
            }
            (ErrorInfos::Both, ErrorInfos::Google) => sent.encoded = Some(read.with_googles_alone()),
            (ErrorInfos::Google, ErrorInfos::Both) => sent.metadata = read.metadata(),
        }
        Some(sent)
    }

    /// Returns the entry whose default status this is. The status was encoded with the catalogue, so nothing has to be checked.
    #[cfg(feature = "server")]
    fn entry_of_default(&self, status: &StatusFields<'_>) -> Option<&'static Entry> {
        let entry = self.catalog.by_code(first_number(&status.details)?)?;
        let is_default = self.error_infos == ErrorInfos::Both
            && *status.details == *entry.details
            && status.grpc_code == entry.grpc_code
            && status.message == entry.summary
            && entry.reason.len() <= MAX_REASON;
        is_default.then_some(entry)
    }

    fn decide_received<'a>(&'a self, source: Source, error: &'a ReceivedError) -> SentError<'a> {
        let public = self.boundary.is_public();
        #[cfg(feature = "gateway")]
        if source == Source::Connection {
            // The message was made from the cause, which is private.
            return self.fallback_error(error.grpc_code(), None);
        }
        if public && source == Source::Received {
            return self.code_alone(error);
        }
        // Within an internal boundary, an ErrorInfo without a number keeps its domain and reason.
        let is_named = !error.reason().is_empty() || !error.domain().is_empty();
        let has_identity = error.number().is_some() || (is_named && !public);
        let sent = if has_identity {
            self.within_boundary(SentError::from_received(error))
        } else {
            let mut sent = self.fallback_error(error.grpc_code(), error.http_class());
            if !public {
                sent.copy_texts_from(error);
            }
            sent
        };
        with_delay(sent, error)
    }

    /// Applies the boundary to an error of this service: a public one replaces an error of an unknown domain and the message of a
    /// 5xx, and removes DebugInfo.
    fn within_boundary<'a>(&'a self, mut sent: SentError<'a>) -> SentError<'a> {
        if sent.message.is_empty() {
            sent.reset_message();
        }
        if !self.boundary.is_public() {
            return sent;
        }
        if !self.boundary.trusts(&sent.domain, self.catalog) {
            return self.fallback_error(GrpcCode::Internal, None);
        }
        if sent.class() >= 500 {
            sent.reset_message();
        }
        sent.retain_details(|detail| !is_debug(detail));
        sent
    }

    /// Returns only the code of an error that another service sent, and its parameters that are not text.
    fn code_alone<'a>(&'a self, error: &'a ReceivedError) -> SentError<'a> {
        let domain = error.domain_or_own();
        let Some(code) = error.number().filter(|_| self.boundary.trusts(&domain, self.catalog)) else {
            return self.fallback_error(GrpcCode::Internal, None);
        };
        let grpc_code = class_to_grpc(class_of(code));
        if *domain != *self.catalog.domain() {
            return SentError::from_unlisted(code, grpc_code, domain, "");
        }
        let mut sent = SentError::from_code(self.catalog, code, grpc_code);
        sent.metadata = safe_params(sent.entry, error.metadata()).collect();
        sent.metadata.sort_unstable();
        sent
    }

    /// Returns the code of the fallback table for a failure without one. If `class`, which HTTP gave, is not the class of that
    /// code, returns `CCC000` of `class`.
    fn fallback_error(&self, grpc_code: GrpcCode, class: Option<u16>) -> SentError<'static> {
        let (catalog, code) = self.fallback.get(grpc_code);
        match class {
            Some(class) if class_of(code) != class => {
                SentError::from_code(self.catalog, class_code(class), grpc_code)
            }
            _ => SentError::from_code(catalog, code, grpc_code),
        }
    }
}

/// Adds the delay that the peer asked for in a field of its response. It is not private.
fn with_delay<'a>(mut sent: SentError<'a>, error: &ReceivedError) -> SentError<'a> {
    if let Some(info) = error.retry_hints().to_retry_info()
        && !sent.details().any(|detail| detail.is_a(RETRY_INFO))
    {
        wire::detail_writer::message(RETRY_INFO, &info, sent.details.to_mut());
    }
    sent
}

/// Returns the declared parameters of an error that are not text. Their values cannot contain private text.
fn safe_params<'a>(
    entry: Option<&'static Entry>,
    metadata: Metadata<'a>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let params = entry.map_or(&[][..], |entry| entry.params).iter();
    params.filter(|param| param.kind != ParamKind::String).filter_map(move |param| {
        let text = metadata.get(param.name)?;
        param.kind.accepts(text).then_some((param.name, text))
    })
}
