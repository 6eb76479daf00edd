//! Reads the attributes, and collects all errors in them.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, Lit, LitStr, Member, Path, PathSegment, Token,
};

use crate::field::Field;
use crate::message::Message;

/// A type that derives `ApiError`.
pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) variants: Vec<Variant>,
}

/// A variant, or the struct.
pub(crate) struct Variant {
    /// `None` for the struct.
    pub(crate) ident: Option<Ident>,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Coded(Coded),
    Transparent(Field),
}

pub(crate) struct Coded {
    pub(crate) code: Code,
    pub(crate) message: Option<Message>,
    pub(crate) params: Vec<Param>,
    /// The fields that the message or a param reads.
    pub(crate) bound: Vec<Field>,
}

/// A constant of a catalogue.
#[derive(Clone)]
pub(crate) struct Code {
    /// The `ErrorCode`.
    pub(crate) codes: Path,
    pub(crate) constant: Ident,
    /// Whether neither the code nor the type names a catalogue, so that it is codelibra's own.
    pub(crate) has_no_catalog: bool,
}

pub(crate) struct Param {
    pub(crate) name: LitStr,
    pub(crate) field: Field,
}

impl Input {
    pub(crate) fn read(input: &DeriveInput) -> syn::Result<Self> {
        let mut errors = Errors::default();
        if !input.generics.params.is_empty() {
            errors.add(Error::new_spanned(
                &input.generics,
                "an API error has no generics: it is kept as the cause, of one type that lives as long as it has to; expected a concrete type",
            ));
        }
        let default_codes = errors.take(codes(&input.attrs)).flatten();
        let mut variants = Vec::new();
        match &input.data {
            Data::Struct(data) => {
                let variant = variant(None, &input.ident, &input.attrs, &data.fields, default_codes.as_ref());
                variants.extend(errors.take(variant));
            }
            Data::Enum(data) => {
                for attr in input.attrs.iter().filter(|a| a.path().is_ident("code")) {
                    errors.add(Error::new_spanned(
                        attr,
                        "an enum has no code; expected `#[code(…)]` on each of its variants",
                    ));
                }
                for each in &data.variants {
                    errors.extend(misplaced(&each.attrs, "codes", "the type"));
                    let variant = variant(
                        Some(&each.ident),
                        &each.ident,
                        &each.attrs,
                        &each.fields,
                        default_codes.as_ref(),
                    );
                    variants.extend(errors.take(variant));
                }
            }
            Data::Union(data) => errors.add(Error::new(
                data.union_token.span,
                "a union cannot be an API error; expected an enum or a struct",
            )),
        }
        errors.extend(misplaced(&input.attrs, "param", "a field"));
        errors.finish(Self { ident: input.ident.clone(), variants })
    }
}

fn variant(
    ident: Option<&Ident>,
    named: &Ident,
    attrs: &[Attribute],
    fields: &Fields,
    default_codes: Option<&Path>,
) -> syn::Result<Variant> {
    let mut errors = Errors::default();
    if ident.is_some() {
        errors.extend(misplaced(attrs, "param", "a field"));
    }
    let (fields, params) = errors.take(read_fields(fields)).unwrap_or_default();
    let attribute = match one(attrs, "code")? {
        None => Err(Error::new(
            named.span(),
            format!(
                "`{named}` has no code; expected `#[code(…)]` with a constant of the catalogue, or `#[code(transparent)]`"
            ),
        )),
        Some(attr) => CodeAttribute::read(attr, default_codes),
    };
    let kind = match errors.take(attribute) {
        Some(CodeAttribute::Transparent(span)) => errors.take(transparent(span, fields, &params)),
        Some(CodeAttribute::Coded(code, text)) => {
            let message = text.and_then(|text| errors.take(Message::read(&text, &fields)));
            let reads = |field: &&Field| {
                params.iter().any(|p| p.field.binding == field.binding)
                    || message.as_ref().is_some_and(|m| m.reads.contains(&field.binding))
            };
            let bound = fields.iter().filter(reads).cloned().collect();
            Some(Kind::Coded(Coded { code, message, params, bound }))
        }
        None => None,
    };
    match kind {
        Some(kind) => errors.finish(Variant { ident: ident.cloned(), kind }),
        None => Err(errors.into_error()),
    }
}

fn transparent(span: Span, fields: Vec<Field>, params: &[Param]) -> syn::Result<Kind> {
    if let Some(param) = params.first() {
        return Err(Error::new(
            param.name.span(),
            "a transparent error has the params of what is in it; expected no `#[param]`",
        ));
    }
    match <[Field; 1]>::try_from(fields) {
        Ok([field]) => Ok(Kind::Transparent(field)),
        Err(fields) => Err(Error::new(
            span,
            format!(
                "a transparent error has one field, the error that knows the code; found {}",
                fields.len()
            ),
        )),
    }
}

/// What is in `#[code(…)]`.
enum CodeAttribute {
    Transparent(Span),
    Coded(Code, Option<LitStr>),
}

impl CodeAttribute {
    fn read(attr: &Attribute, default_codes: Option<&Path>) -> syn::Result<Self> {
        let list = attr.meta.require_list().map_err(|_| Error::new_spanned(attr, EXPECTED_CODE))?;
        let parser = |input: ParseStream<'_>| Self::parse(input, default_codes);
        if list.tokens.is_empty() {
            return Err(Error::new_spanned(attr, EXPECTED_CODE));
        }
        parser.parse2(list.tokens.clone())
    }

    fn parse(input: ParseStream<'_>, default_codes: Option<&Path>) -> syn::Result<Self> {
        if input.peek(Lit) {
            let found: Lit = input.parse()?;
            return Err(Error::new(found.span(), EXPECTED_CODE));
        }
        let path = input.call(Path::parse_mod_style)?;
        if path.is_ident("transparent") {
            if !input.is_empty() {
                return Err(input
                    .error("a transparent error says what is in it; expected nothing after `transparent`"));
            }
            return Ok(Self::Transparent(path.span()));
        }
        let code = Code::from_path(path, default_codes)?;
        let mut message = None;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key = input.call(Ident::parse_any)?;
            if key != "message" {
                return Err(Error::new(
                    key.span(),
                    format!("unknown key `{key}`; expected `message = \"…\"`"),
                ));
            }
            input.parse::<Token![=]>()?;
            let text: LitStr = input.parse()?;
            if message.replace(text).is_some() {
                return Err(Error::new(key.span(), "`message` is given twice; expected it once"));
            }
        }
        Ok(Self::Coded(code, message))
    }
}

const EXPECTED_CODE: &str = "expected the constant of a code, such as `#[code(USER_BANNED)]` or `#[code(shop::ErrorCode::SOLD_OUT)]`, or `#[code(transparent)]`";

impl Code {
    fn from_path(path: Path, default_codes: Option<&Path>) -> syn::Result<Self> {
        let mut segments: Vec<PathSegment> = path.segments.into_iter().collect();
        let Some(PathSegment { ident: constant, .. }) = segments.pop() else {
            return Err(Error::new(Span::call_site(), EXPECTED_CODE));
        };
        let text = constant.unraw().to_string();
        if text.chars().any(char::is_lowercase) {
            return Err(Error::new(
                constant.span(),
                format!(
                    "`{text}` is no constant of a catalogue; expected a reason, such as `{}`",
                    upper_snake_case(&text)
                ),
            ));
        }
        let has_no_catalog = segments.is_empty() && default_codes.is_none();
        let codes = match default_codes {
            _ if !segments.is_empty() => {
                Path { leading_colon: path.leading_colon, segments: segments.into_iter().collect() }
            }
            Some(codes) => codes.clone(),
            None => syn::parse_quote!(::codelibra::ErrorCode),
        };
        Ok(Self { codes, constant, has_no_catalog })
    }
}

/// `USER_BANNED` for `UserBanned`, and for `userBanned`.
fn upper_snake_case(name: &str) -> String {
    let mut upper = String::with_capacity(name.len() + 4);
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 && !upper.ends_with('_') {
            upper.push('_');
        }
        upper.extend(c.to_uppercase());
    }
    upper
}

/// The catalogue of `#[codes(…)]`.
fn codes(attrs: &[Attribute]) -> syn::Result<Option<Path>> {
    let Some(attr) = one(attrs, "codes")? else { return Ok(None) };
    let path = attr.parse_args_with(Path::parse_mod_style).map_err(|_| {
        Error::new_spanned(
            attr,
            "expected the path of a catalogue's codes, such as `#[codes(crate::errors::ErrorCode)]`",
        )
    })?;
    Ok(Some(path))
}

fn read_fields(fields: &Fields) -> syn::Result<(Vec<Field>, Vec<Param>)> {
    let mut errors = Errors::default();
    let mut read = Vec::with_capacity(fields.len());
    let mut params: Vec<Param> = Vec::new();
    for (member, field) in fields.members().zip(fields) {
        errors.extend(misplaced(&field.attrs, "code", "a variant or a struct"));
        errors.extend(misplaced(&field.attrs, "codes", "the type"));
        let this = Field::read(member, field);
        if let Some(Some(name)) = errors.take(param_name(&field.attrs, &this)) {
            if params.iter().any(|p| p.name.value() == name.value()) {
                errors.add(Error::new(
                    name.span(),
                    format!("param `{}` is given twice; expected each once", name.value()),
                ));
            }
            params.push(Param { name, field: this.clone() });
        }
        read.push(this);
    }
    errors.finish((read, params))
}

/// The name of a field with `#[param]`.
fn param_name(attrs: &[Attribute], field: &Field) -> syn::Result<Option<LitStr>> {
    let Some(attr) = one(attrs, "param")? else { return Ok(None) };
    let mut name: Option<LitStr> = None;
    if !matches!(attr.meta, syn::Meta::Path(_)) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                let key = meta.path.to_token_stream();
                return Err(meta
                    .error(format!("unknown key `{key}`; expected `#[param]` or `#[param(name = \"…\")]`")));
            }
            if name.replace(meta.value()?.parse()?).is_some() {
                return Err(meta.error("`name` is given twice; expected it once"));
            }
            Ok(())
        })?;
    }
    match (name, &field.member) {
        (Some(name), _) => Ok(Some(name)),
        (None, Member::Named(ident)) => Ok(Some(LitStr::new(&ident.unraw().to_string(), ident.span()))),
        (None, Member::Unnamed(_)) => {
            Err(Error::new_spanned(attr, "the field has no name; expected `#[param(name = \"…\")]`"))
        }
    }
}

/// The attribute of this name, which may stand once.
fn one<'a>(attrs: &'a [Attribute], name: &str) -> syn::Result<Option<&'a Attribute>> {
    let mut found = attrs.iter().filter(|a| a.path().is_ident(name));
    let first = found.next();
    match found.next() {
        Some(second) => {
            Err(Error::new_spanned(second, format!("`#[{name}]` stands twice; expected it once")))
        }
        None => Ok(first),
    }
}

/// Returns an error for each attribute in a place where it has no effect.
fn misplaced(attrs: &[Attribute], name: &str, place: &str) -> Vec<Error> {
    let found = attrs.iter().filter(|a| a.path().is_ident(name));
    found.map(|attr| Error::new_spanned(attr, format!("`#[{name}]` belongs on {place}"))).collect()
}

/// All errors, so that one build reports them together.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn extend(&mut self, errors: Vec<Error>) {
        errors.into_iter().for_each(|error| self.add(error));
    }

    fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    fn finish<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }

    fn into_error(self) -> Error {
        self.0.unwrap_or_else(|| Error::new(Span::call_site(), EXPECTED_CODE))
    }
}
