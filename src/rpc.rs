//! The ten standard details of `google.rpc`, with the field numbers of `google/rpc/error_details.proto`.
//!
//! `tonic-types` has the same messages, but without [`prost::Name`], so that they cannot be told apart in an
//! `Any`, and with tonic behind them.

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
    /// Why a call failed, as a reason in a domain. Sent with every coded error; it cannot be attached.
    ErrorInfo {
        /// `USER_BANNED`.
        #[prost(string, tag = "1")] reason: String,
        /// Whose reason it is.
        #[prost(string, tag = "2")] domain: String,
        /// Further facts.
        #[prost(map = "string, string", tag = "3")] metadata: HashMap<String, String>,
    }
    /// When the same request may be sent again.
    RetryInfo {
        /// How long to wait at least.
        #[prost(message, optional, tag = "1")] retry_delay: Option<Duration>,
    }
    /// What a developer of the service wants to know. It is not for callers.
    DebugInfo {
        /// A stack, one frame an entry.
        #[prost(string, repeated, tag = "1")] stack_entries: Vec<String>,
        /// Anything else.
        #[prost(string, tag = "2")] detail: String,
    }
    /// Which quotas were exceeded.
    QuotaFailure {
        /// One for each quota.
        #[prost(message, repeated, tag = "1")] violations: Vec<quota_failure::Violation>,
    }
    /// Which preconditions do not hold.
    PreconditionFailure {
        /// One for each precondition.
        #[prost(message, repeated, tag = "1")] violations: Vec<precondition_failure::Violation>,
    }
    /// Which fields of a request are wrong.
    BadRequest {
        /// One for each fault.
        #[prost(message, repeated, tag = "1")] field_violations: Vec<bad_request::FieldViolation>,
    }
    /// What the caller can name when asking about the request.
    RequestInfo {
        /// The id, as the service's logs have it.
        #[prost(string, tag = "1")] request_id: String,
        /// Encrypted or encoded data for the service's owner.
        #[prost(string, tag = "2")] serving_data: String,
    }
    /// Which resource the error is about.
    ResourceInfo {
        /// `book`, or a type URL.
        #[prost(string, tag = "1")] resource_type: String,
        /// Its name.
        #[prost(string, tag = "2")] resource_name: String,
        /// Who owns it.
        #[prost(string, tag = "3")] owner: String,
        /// What went wrong with it.
        #[prost(string, tag = "4")] description: String,
    }
    /// Where to read on.
    Help {
        /// The pages.
        #[prost(message, repeated, tag = "1")] links: Vec<help::Link>,
    }
    /// The message in the user's language.
    LocalizedMessage {
        /// BCP 47: `fr-CH`.
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
        /// Whose quota: `clientip:<ip>`, `project:<id>`.
        #[prost(string, tag = "1")]
        pub subject: String,
        /// How it was exceeded.
        #[prost(string, tag = "2")]
        pub description: String,
        /// The API with the quota.
        #[prost(string, tag = "3")]
        pub api_service: String,
        /// What is measured.
        #[prost(string, tag = "4")]
        pub quota_metric: String,
        /// The limit's id.
        #[prost(string, tag = "5")]
        pub quota_id: String,
        /// Which of the limits of that id.
        #[prost(map = "string, string", tag = "6")]
        pub quota_dimensions: HashMap<String, String>,
        /// The limit.
        #[prost(int64, tag = "7")]
        pub quota_value: i64,
        /// The limit that is about to be in force.
        #[prost(int64, optional, tag = "8")]
        pub future_quota_value: Option<i64>,
    }
}

/// Parts of [`PreconditionFailure`].
pub mod precondition_failure {
    /// A precondition that does not hold.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Violation {
        /// What kind: `TOS` for terms of service.
        #[prost(string, tag = "1")]
        pub r#type: String,
        /// What it is about.
        #[prost(string, tag = "2")]
        pub subject: String,
        /// How to make it hold.
        #[prost(string, tag = "3")]
        pub description: String,
    }
}

/// Parts of [`BadRequest`].
pub mod bad_request {
    /// A field that is wrong.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct FieldViolation {
        /// The path: `user.emails[3].address`.
        #[prost(string, tag = "1")]
        pub field: String,
        /// Why it is wrong.
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
    /// A page.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Link {
        /// What it offers.
        #[prost(string, tag = "1")]
        pub description: String,
        /// Where it is.
        #[prost(string, tag = "2")]
        pub url: String,
    }
}
