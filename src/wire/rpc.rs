//! The ten standard details of `google.rpc`, with the field numbers of `google/rpc/error_details.proto`.
//!
//! `tonic-types` has the same messages, but it depends on tonic, and its messages do not implement [`prost::Name`], which is
//! needed to find the type of an `Any`.
//!
//! ```
//! use codelibra::{ApiError, ErrorCode, rpc};
//!
//! let description = "expected a date".to_owned();
//! let violation = rpc::bad_request::FieldViolation { field: "born".into(), description, ..Default::default() };
//! let request = rpc::BadRequest { field_violations: vec![violation] };
//! let error = ApiError::new(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE).with_detail(&request);
//! assert!(error.details().any(|detail| detail.to_message() == Some(Ok(request.clone()))));
//! ```

use std::collections::HashMap;

use prost_types::Duration;

macro_rules! details {
    ($($(#[$doc:meta])* $name:ident { $($(#[doc = $field_doc:literal])* #[prost($($prost:tt)*)] $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $name {
            $($(#[doc = $field_doc])* #[prost($($prost)*)] pub $field: $type,)*
        }

        #[allow(dead_code, reason = "not every name is needed")]
        impl $name {
            /// The full name of the type.
            pub(crate) const FULL_NAME: &'static str = concat!("google.rpc.", stringify!($name));
            /// The type URL, as it is written.
            pub(crate) const TYPE_URL: &'static str = concat!("type.googleapis.com/google.rpc.", stringify!($name));
        }

        impl prost::Name for $name {
            const NAME: &'static str = stringify!($name);
            const PACKAGE: &'static str = "google.rpc";

            fn full_name() -> String {
                Self::FULL_NAME.into()
            }
        }
    )*};
}

details! {
    /// The identity of an error: a reason in a domain. Every coded error is sent with it, so it cannot be attached.
    ErrorInfo {
        /// The reason, such as `USER_BANNED`.
        #[prost(string, tag = "1")] reason: String,
        /// The domain that defines the reason.
        #[prost(string, tag = "2")] domain: String,
        /// The parameters of the error.
        #[prost(map = "string, string", tag = "3")] metadata: HashMap<String, String>,
    }
    /// The delay after which the same request may be sent again.
    RetryInfo {
        /// The shortest time to wait.
        #[prost(message, optional, tag = "1")] retry_delay: Option<Duration>,
    }
    /// Private information for the developers of the service. A public boundary removes it.
    DebugInfo {
        /// The stack trace, one frame in each entry.
        #[prost(string, repeated, tag = "1")] stack_entries: Vec<String>,
        /// Additional information.
        #[prost(string, tag = "2")] detail: String,
    }
    /// The quotas that were exceeded.
    QuotaFailure {
        /// One violation for each quota.
        #[prost(message, repeated, tag = "1")] violations: Vec<quota_failure::Violation>,
    }
    /// The preconditions that do not hold.
    PreconditionFailure {
        /// One violation for each precondition.
        #[prost(message, repeated, tag = "1")] violations: Vec<precondition_failure::Violation>,
    }
    /// The fields of a request that are invalid.
    BadRequest {
        /// One violation for each fault.
        #[prost(message, repeated, tag = "1")] field_violations: Vec<bad_request::FieldViolation>,
    }
    /// The identification of a request, which the caller can give to the support of the service.
    RequestInfo {
        /// The id, which the service's logs contain too.
        #[prost(string, tag = "1")] request_id: String,
        /// Encrypted or encoded data for the service's owner.
        #[prost(string, tag = "2")] serving_data: String,
    }
    /// The resource that the error is about.
    ResourceInfo {
        /// The type, such as `book`, or a type URL.
        #[prost(string, tag = "1")] resource_type: String,
        /// The name of the resource.
        #[prost(string, tag = "2")] resource_name: String,
        /// The owner of the resource.
        #[prost(string, tag = "3")] owner: String,
        /// What failed when the resource was accessed.
        #[prost(string, tag = "4")] description: String,
    }
    /// Links to documentation.
    Help {
        /// The links.
        #[prost(message, repeated, tag = "1")] links: Vec<help::Link>,
    }
    /// The message in the user's language.
    LocalizedMessage {
        /// The language tag (BCP 47), such as `fr-CH`.
        #[prost(string, tag = "1")] locale: String,
        /// The text.
        #[prost(string, tag = "2")] message: String,
    }
}

/// Parts of [`QuotaFailure`].
pub mod quota_failure {
    use std::collections::HashMap;

    /// A quota that was exceeded.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Violation {
        /// The owner of the quota: `clientip:<ip>`, `project:<id>`.
        #[prost(string, tag = "1")]
        pub subject: String,
        /// How it was exceeded.
        #[prost(string, tag = "2")]
        pub description: String,
        /// The API that has the quota.
        #[prost(string, tag = "3")]
        pub api_service: String,
        /// The metric that the quota limits.
        #[prost(string, tag = "4")]
        pub quota_metric: String,
        /// The id of the limit.
        #[prost(string, tag = "5")]
        pub quota_id: String,
        /// The dimensions of the limit, if several limits have the id.
        #[prost(map = "string, string", tag = "6")]
        pub quota_dimensions: HashMap<String, String>,
        /// The value of the limit.
        #[prost(int64, tag = "7")]
        pub quota_value: i64,
        /// The new value of the limit, if it is about to change.
        #[prost(int64, optional, tag = "8")]
        pub future_quota_value: Option<i64>,
    }
}

/// Parts of [`PreconditionFailure`].
pub mod precondition_failure {
    /// A precondition that does not hold.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Violation {
        /// The type, such as `TOS` for terms of service.
        #[prost(string, tag = "1")]
        pub r#type: String,
        /// The subject of the precondition.
        #[prost(string, tag = "2")]
        pub subject: String,
        /// How the caller can fulfil the precondition.
        #[prost(string, tag = "3")]
        pub description: String,
    }
}

/// Parts of [`BadRequest`].
pub mod bad_request {
    /// A field that is invalid.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct FieldViolation {
        /// The path of the field: `user.emails[3].address`.
        #[prost(string, tag = "1")]
        pub field: String,
        /// Why the field is invalid.
        #[prost(string, tag = "2")]
        pub description: String,
        /// The reason, for programs.
        #[prost(string, tag = "3")]
        pub reason: String,
        /// The description in the user's language.
        #[prost(message, optional, tag = "4")]
        pub localized_message: Option<super::LocalizedMessage>,
    }
}

/// Parts of [`Help`].
pub mod help {
    /// A link to a page.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Link {
        /// What the page describes.
        #[prost(string, tag = "1")]
        pub description: String,
        /// The URL of the page.
        #[prost(string, tag = "2")]
        pub url: String,
    }
}
