//! What is wrong with the details of an error. It is looked for when somebody asks.

use std::borrow::Cow;

use crate::note::{Note, Notes, excerpt};
use crate::wire::details::AllDetails;
use crate::wire::read::{Identity, Info, Repeats};
use crate::{Entry, GrpcCode, Metadata, Shed, code};

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
    // A foreign catalogue may map a code as it likes.
    if expected != received && received != GrpcCode::Ok && entry.is_some() {
        notes.push(Note::ClassContradiction { code, expected, received });
    }
    let Some(info) = info else { return };
    let was_shed = |part: Shed| info.shed.iter().any(|number| Shed::from_number(*number) == Some(part));
    for part in Shed::ALL.iter().filter(|part| was_shed(**part)) {
        notes.push(Note::Shed(*part));
    }
    let metadata = Metadata::of(info);
    if metadata.is_damaged() {
        notes.push(Note::InvalidMetadata);
    }
    for param in entry.map_or(&[][..], |e| e.params) {
        if metadata.get(param.name).is_some_and(|text| !param.kind.accepts(text)) {
            notes.push(Note::InvalidParam(param.name));
        }
    }
}

pub(super) fn note_details(status: &[u8], found: Option<Identity<'_>>, notes: &mut Notes) {
    let mut repeats = found.map(|found| Repeats::of(found.info, Some(found.code)));
    for (index, detail) in AllDetails::of(status).enumerate() {
        let info = Info::read(&detail);
        let sound = detail.is_intact() && !detail.type_name().is_empty();
        if !sound || !info.is_none_or(|info| info.is_text()) {
            notes.push(Note::CorruptDetail { index, type_name: excerpt(detail.type_name()) });
        }
        let Some(info) = info else { continue };
        let contradicts = repeats.as_mut().is_some_and(|repeats| repeats.is_contradicted(&info));
        match info.number {
            Some(number) if info.code().is_none() => notes.push(Note::InvalidCode(number)),
            Some(_) if contradicts => notes.push(Note::ContradictingErrorInfo { index }),
            _ => {}
        }
    }
}
