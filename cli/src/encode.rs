//! `codelibra encode`.

use codelibra::http::{DetailTypes, write_body};
use codelibra::{ApiError, Catalog, Param};

use crate::args::{Encode, WireFormat};
use crate::failure::{Failure, warn};
use crate::find::{Found, find, nearest};
use crate::output;

pub(crate) fn run(catalog: &'static Catalog, args: &Encode) -> Result<(), Failure> {
    let error = error(catalog, args)?;
    match args.format {
        WireFormat::DetailsBin => output::line(error.to_details_header().as_bytes()),
        WireFormat::Body(form) => output::line(&write_body(form, &error, DetailTypes::standard())),
    }
}

fn error(catalog: &'static Catalog, args: &Encode) -> Result<ApiError, Failure> {
    let found = find(catalog, &args.wanted)?;
    let mut error = ApiError::from_catalog(catalog, found.number()).map_err(Failure::bad_input)?;
    if let Some(message) = &args.message {
        error = error.with_message(message.clone());
    }
    for param in &args.params {
        let Some((key, value)) = param.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::bad_input(format_args!("--param `{param}`; expected KEY=VALUE")));
        };
        if !is_param_name(key) || key == "code" {
            return Err(Failure::bad_input(format_args!(
                "--param `{key}`; expected [a-z][a-z0-9_]{{0,63}}, and not `code`, which carries the number"
            )));
        }
        if error.metadata().contains_key(key) {
            return Err(Failure::bad_input(format_args!("--param `{key}` stands twice; expected each once")));
        }
        if let Found::Listed(entry) = found {
            check(entry.code, entry.name, entry.params, key, value)?;
        }
        error = error.with_metadata(key.to_owned(), value);
    }
    Ok(error)
}

/// What the rules of catalogues allow.
pub(crate) fn is_param_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn check(code: u32, name: &str, params: &[Param], key: &str, value: &str) -> Result<(), Failure> {
    match params.iter().find(|p| p.name == key) {
        Some(Param { kind, .. }) if !kind.accepts(value) => Err(Failure::bad_input(format_args!(
            "--param {key}: `{value}` is no {kind}; expected {}",
            kind.example()
        ))),
        Some(_) => Ok(()),
        None => {
            let known = nearest(params.iter().map(|p| p.name), key);
            let hint =
                known.map_or_else(|| String::from("it declares none"), |name| format!("nearest: {name}"));
            warn("warning", &format!("`{key}` is no declared parameter of {code} {name}; {hint}"));
            Ok(())
        }
    }
}
