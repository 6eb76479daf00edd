//! The notes about the code and the details of an error. They are created when a caller asks for them.

use std::borrow::Cow;

use crate::catalog::{Entry, GrpcCode, code};
use crate::inbound::identity::Identity;
use crate::inbound::identity::Repeats;
use crate::inbound::note::{Note, Notes, excerpt};
use crate::wire::details::AllDetails;
use crate::wire::info::Info;
use crate::wire::info::InfoKind;

/// Notes what is wrong with the code of an error, with its metadata, and which parts the server removed.
pub(super) fn note_code(
    code: u32,
    entry: Option<&'static Entry>,
    received: GrpcCode,
    is_own: bool,
    info: Option<&Info<'_>>,
    notes: &mut Notes,
) {
    if !is_own {
        let domain = info.map_or(Cow::Borrowed(""), |info| String::from_utf8_lossy(info.domain));
        notes.push(Note::ForeignDomain(excerpt(&domain)));
    } else if entry.is_none() && !code.is_multiple_of(1000) {
        notes.push(Note::UnknownCode(code));
    }
    let expected = code::grpc_code(code, entry);
    // The catalogue of another domain may assign another gRPC code.
    if expected != received && received != GrpcCode::Ok && entry.is_some() {
        notes.push(Note::ClassContradiction { code, expected, received });
    }
    let Some(info) = info else { return };
    for part in info.shed.iter() {
        notes.push(Note::Shed(part));
    }
    let metadata = info.metadata();
    if metadata.is_damaged() {
        notes.push(Note::InvalidMetadata);
    }
    for param in entry.map_or(&[][..], |e| e.params) {
        if metadata.get(param.name).is_some_and(|text| !param.kind.accepts(text)) {
            notes.push(Note::InvalidParam(param.name));
        }
    }
}

/// Notes what is wrong with the details of a status. `domain` is the domain of the reader's catalogue.
pub(super) fn note_details(status: &[u8], found: Option<Identity<'_>>, domain: &str, notes: &mut Notes) {
    // A corrupt ErrorInfo is not compared with the others, because the part that is cut off would look like a contradiction.
    let mut repeats =
        found.filter(|found| is_valid(&found.info)).map(|found| Repeats::new(found.info, Some(found.code)));
    for (index, detail) in AllDetails::new(status).enumerate() {
        let info = Info::read(&detail);
        let is_intact = detail.is_intact() && !detail.type_name().is_empty();
        let is_valid = is_intact && info.as_ref().is_none_or(is_valid);
        if !is_valid {
            notes.push(Note::CorruptDetail { index, type_name: excerpt(detail.type_name()) });
        }
        let Some(info) = info else { continue };
        let contradicts = repeats.as_mut().is_some_and(|repeats| repeats.is_contradicted(&info));
        // In another domain, the key `code` may have another meaning.
        let is_code_expected = info.kind == InfoKind::Ours || info.is_of(domain);
        match (info.number, info.code()) {
            (Some(number), None) if is_code_expected => notes.push(Note::InvalidCode(number)),
            (Some(_), Some(_)) if contradicts && is_valid => {
                notes.push(Note::ContradictingErrorInfo { index });
            }
            _ => {}
        }
    }
}

/// Returns whether an ErrorInfo is complete, and its texts are UTF-8.
fn is_valid(info: &Info<'_>) -> bool {
    info.is_complete && info.is_text()
}
