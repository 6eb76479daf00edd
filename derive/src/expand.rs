//! Writes the impls of a derive, from the attributes that were read.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::attributes::{Code, Coded, Input, Kind, Param, Variant};
use crate::field::Field;
use crate::message::Message;

pub(crate) fn expand(input: &Input) -> TokenStream {
    let Input { ident, variants } = input;
    // Hygienic: a field can have this name too.
    let error = Ident::new("error", Span::mixed_site());
    let arms = variants.iter().map(|variant| arm(ident, variant, &error));
    let checks = variants.iter().flat_map(|variant| match &variant.kind {
        Kind::Coded(coded) => coded.params.iter().map(|param| check(&coded.code, param)).collect(),
        Kind::Transparent(_) => Vec::new(),
    });
    let body = quote! { match #error { #(#arms)* } };
    let impls = impls(ident, &error, &body);
    let hint = hint(input);
    quote! { #impls #(#checks)* #hint }
}

/// If a code is not in codelibra's own catalogue, the compiler reports that a constant is missing. This adds one message, which
/// names `#[codes]`.
fn hint(input: &Input) -> Option<TokenStream> {
    let own = |variant: &Variant| match &variant.kind {
        Kind::Coded(Coded { code, .. }) if code.has_no_catalog => Some(code.constant.unraw().to_string()),
        _ => None,
    };
    let names: Vec<String> = input.variants.iter().filter_map(own).collect();
    let ident = &input.ident;
    (!names.is_empty()).then(|| {
        quote_spanned! {ident.span()=>
            const _: () = if let ::core::option::Option::Some(fault) =
                ::codelibra::__private::derive::catalog_fault(&[#(#names),*], ::core::stringify!(#ident))
            {
                ::core::panic!("{}", fault.as_str())
            };
        }
    })
}

/// The errors, with impls that only keep every `?` from being reported too.
pub(crate) fn failed(input: &DeriveInput, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    if !input.generics.params.is_empty() {
        return errors;
    }
    let impls = impls(&input.ident, &Ident::new("_error", Span::mixed_site()), &quote! { loop {} });
    quote! { #errors #impls }
}

fn impls(ident: &Ident, error: &Ident, body: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::convert::From<#ident> for ::codelibra::ApiError {
            fn from(#error: #ident) -> Self {
                #body
            }
        }

        ::codelibra::__private::into_status!(#ident, |error| {
            ::core::convert::From::from(<::codelibra::ApiError as ::core::convert::From<#ident>>::from(error))
        });
    }
}

fn arm(ident: &Ident, variant: &Variant, error: &Ident) -> TokenStream {
    let path = match &variant.ident {
        Some(variant) => quote! { #ident::#variant },
        None => quote! { #ident },
    };
    match &variant.kind {
        Kind::Transparent(Field { member, ty, .. }) => {
            let inner = Ident::new("inner", Span::mixed_site());
            let convert =
                quote_spanned! {ty.span()=> <::codelibra::ApiError as ::core::convert::From<#ty>>::from };
            quote! { #path { #member: #inner, .. } => #convert(#inner), }
        }
        Kind::Coded(Coded { code: Code { codes, constant, .. }, message, params, bound }) => {
            let api_error = Ident::new("api_error", Span::mixed_site());
            let fields = bound.iter().map(|Field { member, binding, .. }| quote! { #member: ref #binding, });
            let message = message.as_ref().map(|message| {
                let text = text(message);
                quote! { let #api_error = #api_error.with_message(#text); }
            });
            let params = params.iter().map(|Param { name, field: Field { binding, ty, .. } }| {
                let to_param = quote_spanned! {ty.span()=> <#ty as ::codelibra::params::ToParam>::to_param };
                quote! {
                    let #api_error = ::codelibra::__private::derive::with_param(#api_error, #name, #to_param(#binding));
                }
            });
            let with_cause =
                quote_spanned! {ident.span()=> ::codelibra::__private::derive::with_cause::<#ident> };
            quote! {
                #path { #(#fields)* .. } => {
                    let #api_error = ::codelibra::ApiError::new(#codes::#constant);
                    #message
                    #(#params)*
                    #with_cause(#api_error, #error)
                }
            }
        }
    }
}

/// A message that names no field costs no allocation.
fn text(Message { format, reads }: &Message) -> TokenStream {
    if reads.is_empty() {
        let plain = syn::LitStr::new(&format.value().replace("{{", "{").replace("}}", "}"), format.span());
        quote! { #plain }
    } else {
        quote! { ::std::format!(#format) }
    }
}

/// The compiler compares the param with the entry.
fn check(Code { codes, constant, .. }: &Code, Param { name, field }: &Param) -> TokenStream {
    let ty = &field.ty;
    let kind = quote_spanned! {ty.span()=> <#ty as ::codelibra::params::ToParam>::KIND };
    let fault = quote! {
        ::codelibra::__private::derive::param_fault(
            <#codes as ::codelibra::CatalogCode>::ENTRIES,
            #codes::#constant.as_u32(),
            #name,
            #kind,
        )
    };
    quote_spanned! {name.span()=>
        const _: () = if let ::core::option::Option::Some(fault) = #fault {
            ::core::panic!("{}", fault.as_str())
        };
    }
}
