//! The rules for parameters of an error, for `encode` and for `serve`.

use std::fmt;

use codelibra::{Entry, ParamKind};

use crate::nearest::nearest_name;

/// Why a parameter cannot be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misfit<'a> {
    Name(&'a str),
    Twice(&'a str),
    /// The code is listed and does not declare the key.
    Undeclared {
        key: &'a str,
        entry: &'a Entry,
    },
    Value {
        key: &'a str,
        value: &'a str,
        kind: ParamKind,
    },
}

/// Checks a parameter of an error that `serve` raises: [`check`] and [`check_declared`].
pub(crate) fn check_raised<'a>(
    entry: Option<&'a Entry>,
    key: &'a str,
    value: &'a str,
) -> Result<(), Misfit<'a>> {
    check(entry, key, value)?;
    check_declared(entry, key)
}

/// Checks that the code declares the key, if the catalogue lists the code. `entry`: the listed entry.
pub(crate) fn check_declared<'a>(entry: Option<&'a Entry>, key: &'a str) -> Result<(), Misfit<'a>> {
    match entry {
        Some(entry) if entry.params.iter().all(|param| param.name != key) => {
            Err(Misfit::Undeclared { key, entry })
        }
        _ => Ok(()),
    }
}

/// Checks a parameter of an error. `entry`: the entry, if the code is listed. A key that is not declared is accepted:
/// see [`check_declared`].
pub(crate) fn check<'a>(entry: Option<&Entry>, key: &'a str, value: &'a str) -> Result<(), Misfit<'a>> {
    if !codelibra_build::is_param_name(key) || matches!(key, "code" | "shed") {
        return Err(Misfit::Name(key));
    }
    let declared = entry.and_then(|entry| entry.params.iter().find(|param| param.name == key));
    match declared {
        Some(param) if !param.kind.accepts(value) => Err(Misfit::Value { key, value, kind: param.kind }),
        _ => Ok(()),
    }
}

impl fmt::Display for Misfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Name(key) => write!(
                f,
                "`{}`; expected [a-z][a-z0-9_]{{0,63}}, and neither `code` nor `shed`, under which google.rpc.ErrorInfo \
                 carries the number and the marks of what was left out",
                excerpt(key)
            ),
            Self::Twice(key) => write!(f, "`{}` stands twice; expected each once", excerpt(key)),
            Self::Undeclared { key, entry: Entry { code, name, params, .. } } => {
                let key = excerpt(key);
                write!(f, "`{key}` is not declared by {code} {name}; ")?;
                match nearest_name(params.iter().map(|param| param.name), &key) {
                    Some(nearest) => write!(f, "nearest: {nearest}"),
                    None => write!(f, "{code} {name} declares none"),
                }
            }
            Self::Value { key, value, kind } => {
                write!(f, "{key}: `{}` is not a valid {kind}; expected {}", excerpt(value), kind.example())
            }
        }
    }
}

/// The most characters of a wrong value that a message repeats.
const MAX_SHOWN: usize = 80;

/// A wrong value for a message, cut because its sender may send any length.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
