//! [`ErrorInfos`]: which of the two ErrorInfos are sent.

use std::fmt;

/// The choice of the ErrorInfos that a coded failure contains when it is sent over gRPC.
///
/// Both is the default. Configure google.rpc.ErrorInfo alone if a transcoder in front of the service does not know the type
/// `codelibra.error.v1.ErrorInfo`: grpc-gateway, vanguard and Envoy drop a whole body because of one detail whose type they do
/// not know. All readers of this library accept both.
///
/// ```
/// use codelibra::{ApiError, ErrorCode, ErrorInfos, StatusCodeExt};
///
/// let error = ApiError::new(ErrorCode::USER_BANNED).with_error_infos(ErrorInfos::Google);
/// let status = tonic::Status::from(error);
/// assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorInfos {
    /// `codelibra.error.v1.ErrorInfo`, the typed contract, and google.rpc.ErrorInfo, which repeats the contents for readers
    /// that do not know the first one.
    #[default]
    Both,
    /// google.rpc.ErrorInfo alone. Its metadata contains the code under the key `code`, and the names of the parts that a
    /// server removed under the key `shed`. Metadata that the error itself has under these two keys is not sent.
    Google,
}

impl ErrorInfos {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Both, Self::Google];

    /// Returns the name that the command `codelibra` accepts: `both` or `google`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Google => "google",
        }
    }

    /// Returns the choice of a name. The case of the letters is ignored. Returns `None` for any other name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|infos| infos.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for ErrorInfos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
