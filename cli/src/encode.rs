//! `codelibra encode`.

use codelibra::http::{DetailTypes, write_body};
use codelibra::{ApiError, Catalog};

use crate::args::{Encode, WireFormat};
use crate::explain::deprecation;
use crate::failure::{Failure, warn};
use crate::find::{find, named};
use crate::output;
use crate::params::{self, Misfit};

pub(crate) fn run(catalog: &'static Catalog, args: &Encode) -> Result<(), Failure> {
    let error = error(catalog, args)?.with_error_infos(args.error_info);
    match args.format {
        WireFormat::DetailsBin => output::line(error.to_details_header().as_bytes()),
        WireFormat::Body(form) => output::line(&write_body(form, &error, DetailTypes::standard())),
    }
}

fn error(catalog: &'static Catalog, args: &Encode) -> Result<ApiError, Failure> {
    let found = find(catalog, &args.wanted)?;
    if let Some(entry) = found.entry().filter(|entry| !entry.deprecated.is_empty()) {
        warn("warning", &format!("{} is deprecated {}", named(entry), deprecation(entry)));
    }
    let mut error = ApiError::from_catalog(catalog, found.number()).map_err(Failure::bad_input)?;
    if let Some(message) = &args.message {
        error = error.with_message(message.clone());
    }
    for param in &args.params {
        let Some((key, value)) = param.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::bad_input(format_args!("--param `{param}`; expected KEY=VALUE")));
        };
        let wrong = |misfit| Failure::bad_input(format_args!("--param {misfit}"));
        let entry = found.entry();
        params::check(entry, key, value).map_err(wrong)?;
        if error.metadata().get(key).is_some() {
            return Err(wrong(Misfit::Twice(key)));
        }
        if let Err(misfit) = params::check_declared(entry, key) {
            warn("warning", &misfit.to_string());
        }
        error = error.with_metadata(key, value);
    }
    Ok(error)
}
