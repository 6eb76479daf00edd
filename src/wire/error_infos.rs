use std::fmt;

/// Which ErrorInfos a coded failure contains when it is sent over gRPC.
///
/// Both is the default. Configure google.rpc.ErrorInfo alone if a transcoder in front of the service does not know the type
/// `codelibra.error.v1.ErrorInfo`: grpc-gateway, vanguard and Envoy drop a whole body because of one detail that they cannot
/// resolve. All readers of this library accept both.
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
    /// `codelibra.error.v1.ErrorInfo`, the typed contract, and google.rpc.ErrorInfo, which repeats it for readers that
    /// do not know ours.
    #[default]
    Both,
    /// google.rpc.ErrorInfo alone, with the code in its metadata under `code` and the marks of what was left out under
    /// `shed`. Metadata of the error under these two keys are not sent.
    Google,
}

impl ErrorInfos {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Both, Self::Google];

    /// The name, as the command `codelibra` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Google => "google",
        }
    }

    /// The choice of a name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|infos| infos.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for ErrorInfos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
