//! The public message of `#[code(…, message = "…")]`.

use syn::ext::IdentExt;
use syn::{Error, Ident, LitStr, Member};

use crate::field::Field;

/// A format string that names fields.
pub(crate) struct Message {
    /// As `format!` takes it: `{0}` has become `{_0}`, the variable of the field.
    pub(crate) format: LitStr,
    /// The variables that it names.
    pub(crate) reads: Vec<Ident>,
}

impl Message {
    pub(crate) fn read(literal: &LitStr, fields: &[Field]) -> syn::Result<Self> {
        let text = literal.value();
        let error = |message: String| Error::new(literal.span(), message);
        if text.trim().is_empty() {
            return Err(error(
                "the public message is empty; expected text, or no `message` for the entry's summary".into(),
            ));
        }
        let mut format = String::with_capacity(text.len() + 4);
        let mut reads = Vec::new();
        let mut rewritten = false;
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            format.push_str(before);
            format.push('{');
            if let Some(after) = after.strip_prefix('{') {
                format.push('{');
                rest = after;
                continue;
            }
            let end = after.find([':', '}']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let field = find(fields, name.trim()).ok_or_else(|| error(unknown(name.trim(), fields)))?;
            if field.is_source {
                return Err(error(format!(
                    "the message is public and `{{{name}}}` is a source, whose text is private; expected a message without it"
                )));
            }
            if let Member::Unnamed(_) = field.member {
                format.push('_');
                rewritten = true;
            }
            format.push_str(name);
            reads.push(field.binding.clone());
            rest = after;
        }
        format.push_str(rest);
        // The literal itself lets the compiler point into it.
        let format = if rewritten { LitStr::new(&format, literal.span()) } else { literal.clone() };
        Ok(Self { format, reads })
    }
}

fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| match &field.member {
        Member::Named(ident) => ident.unraw() == name,
        Member::Unnamed(index) => index.index.to_string() == name,
    })
}

fn unknown(name: &str, fields: &[Field]) -> String {
    let names: Vec<String> = fields
        .iter()
        .map(|field| match &field.member {
            Member::Named(ident) => format!("`{{{}}}`", ident.unraw()),
            Member::Unnamed(index) => format!("`{{{}}}`", index.index),
        })
        .collect();
    let expected = if names.is_empty() { String::from("plain text") } else { names.join(" or ") };
    format!("`{{{name}}}` names no field; expected {expected}")
}
