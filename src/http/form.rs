//! The names and media types of the five forms of bodies. `caller.rs` chooses one for a request.

use std::fmt;

/// The form of an error body.
///
/// ```
/// use codelibra::http::Form;
///
/// assert_eq!(Form::from_name("problem"), Some(Form::Problem));
/// assert_eq!(Form::Problem.media_type(), "application/problem+json");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// CodeLibra's own: `{"code":403003,"name":"UserBanned","message":…}`.
    Native,
    /// RFC 9457, Problem Details for HTTP APIs.
    Problem,
    /// AIP-193, Google's REST APIs: `{"error":{"code":403,"message":…,"status":"PERMISSION_DENIED",…}}`.
    Aip193,
    /// A `google.rpc.Status` in ProtoJSON, as grpc-gateway and Envoy's transcoder send it.
    RpcStatus,
    /// The error object of the Connect protocol: `{"code":"permission_denied",…}`.
    Connect,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Native, Self::Problem, Self::Aip193, Self::RpcStatus, Self::Connect];

    /// Returns the name, as in the options of the command `codelibra`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Problem => "problem",
            Self::Aip193 => "aip193",
            Self::RpcStatus => "rpc-status",
            Self::Connect => "connect",
        }
    }

    /// Returns the form with this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name().eq_ignore_ascii_case(name))
    }

    /// Returns the media type. [`Form::Problem`] has one of its own (RFC 9457 §3).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            _ => "application/json",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
