//! A field of the type that derives `ApiError`.

use proc_macro2::Span;
use quote::format_ident;
use syn::{Ident, Member, Type};

#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// The variable that the expansion binds it to.
    pub(crate) binding: Ident,
    /// Whether thiserror uses it as the source of the error.
    pub(crate) is_source: bool,
}

impl Field {
    pub(crate) fn read(member: Member, field: &syn::Field) -> Self {
        let binding = match &member {
            Member::Named(name) => name.clone(),
            Member::Unnamed(index) => format_ident!("_{}", index.index, span = Span::call_site()),
        };
        let names_source = |attribute: &syn::Attribute| {
            ["from", "source", "backtrace"].iter().any(|name| attribute.path().is_ident(name))
        };
        let is_source = matches!(&member, Member::Named(name) if name == "source")
            || field.attrs.iter().any(names_source);
        Self { member, ty: field.ty.clone(), binding, is_source }
    }
}
