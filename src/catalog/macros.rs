//! What the types of a generated module do. `codelibra-build` writes the calls.

/// Compares the version of the generator with the version of this crate. A test keeps the literals the same as in Cargo.toml.
#[doc(hidden)]
#[macro_export]
macro_rules! __generated_by {
    ("0.1.0") => {};
    ($version:literal) => {
        ::core::compile_error!(concat!(
            "codelibra-build ",
            $version,
            " generated this module, but codelibra has version 0.1.0; use the same version of both crates in Cargo.toml"
        ));
    };
}

/// A row of a catalogue, with its encoded details worked out by the compiler.
#[doc(hidden)]
#[macro_export]
macro_rules! __entry {
    ($entry:expr) => {{
        const ENTRY: $crate::Entry = $entry;
        static ATTACHED: [u8; $crate::__private::encode::attached_len(&ENTRY)] =
            $crate::__private::encode::attached(&ENTRY);
        const ATTACHING: $crate::Entry = $crate::Entry { attached: &ATTACHED, ..ENTRY };
        static DETAILS: [u8; $crate::__private::encode::details_len(&ATTACHING)] =
            $crate::__private::encode::details(&ATTACHING);
        $crate::Entry { details: &DETAILS, ..ATTACHING }
    }};
}

/// The methods of a generated `ErrorCode`.
#[doc(hidden)]
#[macro_export]
macro_rules! __error_code {
    ($type:ident, $catalog:ident, $entries:ident) => {
        impl $type {
            /// The code of a number, listed or not. `None` outside 400000–599999.
            #[inline]
            pub const fn from_u32(number: u32) -> ::core::option::Option<Self> {
                match $crate::CodeNumber::from_u32(number) {
                    ::core::result::Result::Ok(number) => ::core::option::Option::Some(Self(number.as_u32())),
                    ::core::result::Result::Err(_) => ::core::option::Option::None,
                }
            }

            /// The six digits.
            pub const fn as_u32(self) -> u32 {
                self.0
            }

            /// The entry, where the catalogue lists the code.
            pub fn entry(self) -> ::core::option::Option<&'static $crate::Entry> {
                $catalog.by_code(self.0)
            }

            /// The name, such as `UserBanned`, where the catalogue lists the code.
            pub fn name(self) -> ::core::option::Option<&'static str> {
                self.entry().map(|entry| entry.name)
            }

            /// The reason, such as `USER_BANNED`, where the catalogue lists the code.
            pub fn reason(self) -> ::core::option::Option<&'static str> {
                self.entry().map(|entry| entry.reason)
            }

            /// The HTTP status: the first three digits.
            pub fn http_status(self) -> $crate::__private::http::StatusCode {
                $crate::CatalogCode::number(self).http_status()
            }

            /// The gRPC code: that of the entry, or the rule of the class.
            pub fn grpc_code(self) -> $crate::GrpcCode {
                match self.entry() {
                    ::core::option::Option::Some(entry) => entry.grpc_code,
                    ::core::option::Option::None => $crate::CatalogCode::number(self).grpc_code(),
                }
            }
        }

        impl $crate::CatalogCode for $type {
            const ENTRIES: &'static [$crate::Entry] = &$entries;

            #[inline]
            fn catalog() -> &'static $crate::Catalog {
                &$catalog
            }

            #[inline]
            fn from_u32(number: u32) -> ::core::option::Option<Self> {
                Self::from_u32(number)
            }

            fn as_u32(self) -> u32 {
                self.0
            }
        }

        /// `403003 UserBanned`, or the number alone where the catalogue does not list it.
        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    ::core::option::Option::Some(name) => ::core::write!(f, "{} {name}", self.0),
                    ::core::option::Option::None => ::core::write!(f, "{}", self.0),
                }
            }
        }

        impl ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, "ErrorCode({self})")
            }
        }

        impl ::core::error::Error for $type {}

        impl ::core::convert::From<$type> for u32 {
            fn from(code: $type) -> Self {
                code.0
            }
        }

        impl ::core::convert::TryFrom<u32> for $type {
            type Error = $crate::InvalidCode;

            fn try_from(number: u32) -> ::core::result::Result<Self, Self::Error> {
                Self::from_u32(number).ok_or($crate::InvalidCode(number))
            }
        }

        /// As the number.
        impl $crate::__private::serde::Serialize for $type {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_u32(self.0)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $type {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                let number = <u32 as $crate::__private::serde::Deserialize>::deserialize(deserializer)?;
                Self::try_from(number).map_err($crate::__private::serde::de::Error::custom)
            }
        }

        $crate::__private::with_methods!($type);
        $crate::__private::into_response!($type);
        $crate::__private::into_status!($type, |code| $crate::__private::default_status(&$catalog, code.0));
    };
}

/// What a generated struct with parameters does.
#[doc(hidden)]
#[macro_export]
macro_rules! __typed_error {
    ($type:ident, $code:expr, { $($field:ident = $key:literal),* }) => {
        impl $crate::TypedError for $type {
            type Code = ErrorCode;

            const CODE: ErrorCode = $code;

            fn from_metadata<'a>(
                get: impl ::core::ops::Fn(&str) -> ::core::option::Option<&'a str>,
            ) -> Self {
                Self { $($field: get($key).and_then($crate::params::ParamValue::from_text),)* }
            }
        }

        impl ::core::convert::From<$type> for $crate::ApiError {
            fn from(error: $type) -> Self {
                let api_error = Self::new($code);
                $(let api_error = match error.$field {
                    ::core::option::Option::Some(value) => {
                        api_error.with_param($key, &value)
                    }
                    ::core::option::Option::None => api_error,
                };)*
                api_error
            }
        }

        $crate::__private::with_methods!($type);
        $crate::__private::into_response!($type);
        $crate::__private::into_status!($type, |error| {
            $crate::__private::tonic::Status::from($crate::ApiError::from(error))
        });
    };
}

/// The methods that make an [`ApiError`](crate::ApiError) of a code or a struct.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_methods {
    ($type:ident) => {
        impl $type {
            /// The error with this public message, in place of the entry's summary.
            pub fn with_message(
                self,
                message: impl ::core::convert::Into<::std::borrow::Cow<'static, str>>,
            ) -> $crate::ApiError {
                $crate::ApiError::from(self).with_message(message)
            }

            /// The error with a metadata value.
            pub fn with_metadata(
                self,
                key: impl ::core::convert::AsRef<str>,
                value: impl ::core::convert::AsRef<str>,
            ) -> $crate::ApiError {
                $crate::ApiError::from(self).with_metadata(key, value)
            }

            /// The error with a detail.
            pub fn with_detail<M: $crate::__private::prost::Message + $crate::__private::prost::Name>(
                self,
                detail: &M,
            ) -> $crate::ApiError {
                $crate::ApiError::from(self).with_detail(detail)
            }

            /// The error with its private cause, for logs.
            pub fn with_cause(
                self,
                cause: impl ::core::convert::Into<
                    ::std::boxed::Box<dyn ::core::error::Error + ::core::marker::Send + ::core::marker::Sync>,
                >,
            ) -> $crate::ApiError {
                $crate::ApiError::from(self).with_cause(cause)
            }
        }
    };
}

/// Implements `From<T> for tonic::Status`, so that `?` and `.into()` convert `T`.
#[cfg(feature = "tonic")]
#[doc(hidden)]
#[macro_export]
macro_rules! __into_status {
    ($type:ident, |$value:ident| $status:expr) => {
        impl ::core::convert::From<$type> for $crate::__private::tonic::Status {
            #[inline]
            fn from($value: $type) -> Self {
                $status
            }
        }
    };
}

#[cfg(not(feature = "tonic"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __into_status {
    ($($any:tt)*) => {};
}

/// Implements `IntoResponse`, so that an axum handler can return `T`.
#[cfg(feature = "axum")]
#[doc(hidden)]
#[macro_export]
macro_rules! __into_response {
    ($type:ident) => {
        impl $crate::__private::axum_core::response::IntoResponse for $type {
            fn into_response(self) -> $crate::__private::axum_core::response::Response {
                $crate::__private::axum_core::response::IntoResponse::into_response($crate::ApiError::from(
                    self,
                ))
            }
        }
    };
}

#[cfg(not(feature = "axum"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __into_response {
    ($($any:tt)*) => {};
}
