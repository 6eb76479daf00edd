//! The names of the fields of gRPC and of this library.

use http::HeaderName;

/// Writes each name once, and makes two constants of it: a `HeaderName`, and a text in [`text`].
macro_rules! names {
    ($($(#[$doc:meta])* $visibility:vis $constant:ident = $name:literal;)*) => {
        $(
            $(#[$doc])*
            #[allow(dead_code, reason = "a name belongs to the transports that use it")]
            $visibility const $constant: HeaderName = HeaderName::from_static(text::$constant);
        )*

        /// The names as texts, for patterns and for lengths.
        #[allow(dead_code, reason = "a name belongs to the transports that use it")]
        pub(crate) mod text {
            $(pub(crate) const $constant: &str = $name;)*
        }
    };
}

names! {
    /// The name of the ASCII field with the six digits. The code is known even if the details are lost on the way, and proxies
    /// and access logs can read it.
    pub ERROR_CODE_HEADER = "codelibra-error-code";

    /// The name of the gRPC field that contains the encoded `google.rpc.Status`, in base64.
    pub STATUS_DETAILS_HEADER = "grpc-status-details-bin";

    pub(crate) GRPC_STATUS = "grpc-status";
    pub(crate) GRPC_MESSAGE = "grpc-message";
    pub(crate) GRPC_TIMEOUT = "grpc-timeout";
    pub(crate) GRPC_ENCODING = "grpc-encoding";
    pub(crate) GRPC_ACCEPT_ENCODING = "grpc-accept-encoding";

    /// gRFC A6: how long the caller waits before it tries again.
    pub(crate) RETRY_PUSHBACK_HEADER = "grpc-retry-pushback-ms";

    /// gRFC A6: the number of earlier attempts of the same call.
    pub(crate) PREVIOUS_ATTEMPTS_HEADER = "grpc-previous-rpc-attempts";

    /// The name of the field with which the client layer marks every failure that it receives. A `tonic::Status` contains the
    /// field as metadata. A server layer therefore recognises the status of a peer that a handler returns as its own. The
    /// server layer removes the field before it sends the failure.
    pub(crate) RECEIVED_HEADER = "codelibra-received";

    /// The name of the field with which a server layer finds the private cause of an error of its own process. The layer removes
    /// the field before it sends the failure.
    pub(crate) CAUSE_HEADER = "codelibra-cause";
}
