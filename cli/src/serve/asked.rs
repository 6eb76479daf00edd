//! The parameters of an HTTP request: its query and its body.

use std::collections::HashMap;

use codelibra::{ApiError, Catalog, CodeNumber};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::limits::{CLASSES, MAX_ITEMS, is_class_or_all};
use super::refusal;
use crate::params::{Misfit, check_raised, excerpt};

/// The parameters of a query, or of a query and a body. Each occurs once.
#[derive(Debug)]
pub(super) struct Asked {
    parameters: HashMap<String, String>,
    /// The catalogue with the domain of refusals.
    catalog: &'static Catalog,
}

/// Connect protocol, "Unary-Get-Request": the parameter that identifies the protocol. It is ignored.
const CONNECT: (&str, &str) = ("connect", "v1");

impl Asked {
    pub(super) fn new(catalog: &'static Catalog, query: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut asked = Self { parameters: HashMap::new(), catalog };
        for (key, value) in query {
            if (key.as_str(), value.as_str()) != CONNECT {
                asked.add(key, value)?;
            }
        }
        Ok(asked)
    }

    fn add(&mut self, key: String, value: String) -> Result<(), ApiError> {
        if self.parameters.contains_key(&key) {
            return Err(self.unparseable(excerpt(&key), format!("parameter {}", Misfit::Twice(&key))));
        }
        self.parameters.insert(key, value);
        Ok(())
    }

    /// Checks the parameters of a query that are metadata of `code`: all except the message. The service checks all metadata too,
    /// but its errors name a parameter `key` of the query `metadata.key`.
    ///
    /// # Errors
    ///
    /// 400001 with the name of the first parameter that cannot be sent, in the order of the names.
    pub(super) fn check_metadata(&self, code: u32) -> Result<(), ApiError> {
        // The service refuses any other number, with or without metadata.
        if CodeNumber::from_u32(code).is_err() {
            return Ok(());
        }
        let entry = self.catalog.by_code(code);
        let mut parameters: Vec<_> = self.parameters.iter().filter(|(key, _)| *key != MESSAGE).collect();
        parameters.sort_unstable();
        parameters.into_iter().try_for_each(|(key, value)| {
            check_raised(entry, key, value)
                .map_err(|misfit| self.unparseable(excerpt(key), format!("parameter {misfit}")))
        })
    }

    /// Adds the parameters in the body of a raise.
    pub(super) fn add_body(&mut self, body: &[u8]) -> Result<(), ApiError> {
        if body.is_empty() {
            return Ok(());
        }
        let Raise { message, metadata: StringMembers(pairs) } =
            serde_json::from_slice(body).map_err(|e| {
                self.unparseable(
                    "body",
                    format!("the body is not {{\"message\": …, \"metadata\": {{…}}}}: {e}"),
                )
            })?;
        let message = message.map(|message| (MESSAGE.to_owned(), message));
        message.into_iter().chain(pairs).try_for_each(|(key, value)| self.add(key, value))
    }

    pub(super) fn take_message(&mut self) -> String {
        self.parameters.remove(MESSAGE).unwrap_or_default()
    }

    pub(super) fn take_items(&mut self) -> Result<u32, ApiError> {
        let items = "items";
        match self.take_number(items, &format!("0 to {MAX_ITEMS}"))? {
            number @ 0..=MAX_ITEMS => Ok(number),
            number => Err(refusal::too_many_items(self.catalog, items, number)),
        }
    }

    /// Takes the class, also as `http_status`, its name for transcoders.
    pub(super) fn take_class(&mut self) -> Result<u32, ApiError> {
        let (class, alias) = ("class", "http_status");
        let written = match (self.parameters.contains_key(class), self.parameters.contains_key(alias)) {
            (true, true) => {
                let message = format!("`{class}` and `{alias}` are the same; expected one of them");
                return Err(self.unparseable(class, message));
            }
            (false, true) => alias,
            _ => class,
        };
        // An error of the service would name it `http_status`.
        match self.take_number(written, CLASSES)? {
            number if is_class_or_all(number) => Ok(number),
            number => Err(refusal::no_class(self.catalog, written, number)),
        }
    }

    fn unparseable(&self, argument: impl Into<String>, message: impl Into<String>) -> ApiError {
        refusal::unparseable(self.catalog, argument, message)
    }

    fn take_number(&mut self, key: &str, expected: &str) -> Result<u32, ApiError> {
        let Some(value) = self.parameters.remove(key) else { return Ok(0) };
        value.parse().map_err(|_| {
            self.unparseable(key, format!("{key} is {:?}; expected {expected}", excerpt(&value)))
        })
    }

    /// Returns the other parameters as metadata.
    pub(super) fn into_metadata(self) -> HashMap<String, String> {
        self.parameters
    }

    /// Refuses the other parameters: an unknown parameter is not ignored.
    pub(super) fn finish(self, expected: &str) -> Result<(), ApiError> {
        let Some(key) = self.parameters.keys().min() else { return Ok(()) };
        let key = excerpt(key);
        let message = format!("`{key}` is not a parameter here; expected {expected}");
        Err(self.unparseable(key, message))
    }
}

const MESSAGE: &str = "message";

/// The body of a raise. The path contains the code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Raise {
    message: Option<String>,
    #[serde(default)]
    metadata: StringMembers,
}

/// The members of a JSON object of strings, in order. A map would keep only the last of several members with one name.
#[derive(Default)]
struct StringMembers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for StringMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = StringMembers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<StringMembers, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(StringMembers(pairs))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
