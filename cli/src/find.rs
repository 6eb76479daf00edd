//! Looks up an entry by a code, a name or a reason, with a message if there is none.

use codelibra::{Catalog, Entry};
use codelibra_pages::is_number;
pub(crate) use codelibra_pages::{Found, look_up, nearest_entries};

use crate::failure::Failure;
use crate::nearest::nearest_of;
use crate::params::excerpt;

/// Looks up a code, a name or a reason, in any case. The error names the nearest entries.
pub(crate) fn find(catalog: &Catalog, wanted: &str) -> Result<Found, Failure> {
    let wanted = wanted.trim();
    look_up(catalog, wanted).ok_or_else(|| Failure::bad_input(not_found(catalog, wanted)))
}

/// The message for a `wanted` that is not found, with the nearest entries.
pub(crate) fn not_found(catalog: &Catalog, wanted: &str) -> String {
    let kind = match wanted {
        "" => String::from("the code is empty; expected a code, a name or a reason of the catalogue"),
        _ if is_number(wanted) => {
            format!("`{}` is not an error code; expected six digits, 400000 to 599999", excerpt(wanted))
        }
        _ => format!("`{}` is not a code, a name or a reason of the catalogue", excerpt(wanted)),
    };
    let nearest = nearest_entries(catalog, wanted);
    format!("{kind}{}", nearest_of(nearest.iter().map(|entry| named(entry))))
}

/// `403003 UserBanned`.
pub(crate) fn named(Entry { code, name, .. }: &Entry) -> String {
    format!("{code} {name}")
}
