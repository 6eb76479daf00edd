//! Which methods may be executed twice.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use prost::Message;
use prost_types::FileDescriptorSet;
use prost_types::method_options::IdempotencyLevel;

/// The paths of the unary methods that may be executed twice, `/package.Service/Method`.
#[derive(Clone, Debug, Default)]
pub(super) struct IdempotentMethods(HashSet<Box<str>>);

impl IdempotentMethods {
    pub(super) fn contains(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    pub(super) fn insert(&mut self, path: &str) {
        self.0.insert(path.into());
    }

    /// Adds the unary methods whose `idempotency_level` is NO_SIDE_EFFECTS or IDEMPOTENT.
    pub(super) fn add_descriptor_set(&mut self, bytes: &[u8]) -> Result<(), InvalidMethodSet> {
        let set = FileDescriptorSet::decode(bytes).map_err(InvalidMethodSet)?;
        for file in set.file {
            let package = match file.package() {
                "" => String::new(),
                package => format!("{package}."),
            };
            for service in &file.service {
                for method in &service.method {
                    let is_unary = !method.client_streaming() && !method.server_streaming();
                    let level = method.options.as_ref().map(|options| options.idempotency_level());
                    if is_unary
                        && matches!(
                            level,
                            Some(IdempotencyLevel::NoSideEffects | IdempotencyLevel::Idempotent)
                        )
                    {
                        self.insert(&format!("/{package}{}/{}", service.name(), method.name()));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The bytes are not an encoded `google.protobuf.FileDescriptorSet`.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::{RetryLayer, RetryPolicy};
///
/// let layer = RetryLayer::new(RetryPolicy::<ErrorCode>::new());
/// let error = layer.idempotent_methods(b"not a set").unwrap_err();
/// assert!(error.to_string().starts_with("expected an encoded google.protobuf.FileDescriptorSet"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidMethodSet(prost::DecodeError);

impl fmt::Display for InvalidMethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an encoded google.protobuf.FileDescriptorSet, as buf and protoc write it")
    }
}

impl Error for InvalidMethodSet {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}
