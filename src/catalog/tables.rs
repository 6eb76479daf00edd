//! The three tables between HTTP and gRPC.
//!
//! Each table has its own purpose and name, and no table is the inverse of another. A round trip is exact only because the
//! six-digit code is sent too.

use super::GrpcCode;

/// Returns the gRPC code of a class, for the errors that a server sends and for HTTP bodies that the API itself wrote.
///
/// The class is an HTTP status. RFC 9110 §15: an unlisted 4xx is read as 400, an unlisted 5xx as 500.
/// A status that is not an error class (below 400 or above 599) is UNKNOWN.
///
/// 409 is ABORTED and not ALREADY_EXISTS: the caller's copy is stale and has to be read again. 413, 414 and 431 are
/// INVALID_ARGUMENT and not RESOURCE_EXHAUSTED, because retry policies repeat a request that failed with RESOURCE_EXHAUSTED.
///
/// ```
/// # #[cfg(feature = "tonic")] {
/// use codelibra::GrpcCode;
/// use codelibra::tables::class_to_grpc;
///
/// assert_eq!(class_to_grpc(409), GrpcCode::Aborted);
/// assert_eq!(class_to_grpc(418), GrpcCode::InvalidArgument);
/// # }
/// ```
#[inline]
pub const fn class_to_grpc(class: u16) -> GrpcCode {
    match class {
        401 | 407 => GrpcCode::Unauthenticated,
        402 | 412 | 423 | 424 | 426 | 428 | 451 => GrpcCode::FailedPrecondition,
        403 => GrpcCode::PermissionDenied,
        404 | 410 => GrpcCode::NotFound,
        405 | 501 | 505 => GrpcCode::Unimplemented,
        408 | 504 => GrpcCode::DeadlineExceeded,
        409 => GrpcCode::Aborted,
        416 => GrpcCode::OutOfRange,
        425 | 502 | 503 => GrpcCode::Unavailable,
        429 | 507 => GrpcCode::ResourceExhausted,
        499 => GrpcCode::Cancelled,
        400..=499 => GrpcCode::InvalidArgument,
        500..=599 => GrpcCode::Internal,
        _ => GrpcCode::Unknown,
    }
}

/// The class of a gRPC status that carries no six-digit code: an HTTP status, 200 for OK.
///
/// It follows the comments of `google.rpc.Code`.
///
/// ```
/// # #[cfg(feature = "tonic")] {
/// use codelibra::GrpcCode;
/// use codelibra::tables::grpc_to_class;
///
/// assert_eq!(grpc_to_class(GrpcCode::AlreadyExists), 409);
/// # }
/// ```
pub const fn grpc_to_class(code: GrpcCode) -> u16 {
    match code {
        GrpcCode::Ok => 200,
        GrpcCode::InvalidArgument | GrpcCode::FailedPrecondition | GrpcCode::OutOfRange => 400,
        GrpcCode::Unauthenticated => 401,
        GrpcCode::PermissionDenied => 403,
        GrpcCode::NotFound => 404,
        GrpcCode::AlreadyExists | GrpcCode::Aborted => 409,
        GrpcCode::ResourceExhausted => 429,
        GrpcCode::Cancelled => 499,
        GrpcCode::Unknown | GrpcCode::Internal | GrpcCode::DataLoss => 500,
        GrpcCode::Unimplemented => 501,
        GrpcCode::Unavailable => 503,
        GrpcCode::DeadlineExceeded => 504,
    }
}

/// Returns the gRPC code of an HTTP response without `grpc-status`, which a proxy made and not the server.
///
/// It is gRPC's `http-grpc-status-mapping`. An error with such a code is marked as synthesized.
///
/// ```
/// # #[cfg(feature = "tonic")] {
/// use codelibra::GrpcCode;
/// use codelibra::tables::intermediary_to_grpc;
///
/// assert_eq!(intermediary_to_grpc(502), GrpcCode::Unavailable);
/// assert_eq!(intermediary_to_grpc(404), GrpcCode::Unimplemented);
/// # }
/// ```
pub const fn intermediary_to_grpc(http_status: u16) -> GrpcCode {
    match http_status {
        400 => GrpcCode::Internal,
        401 => GrpcCode::Unauthenticated,
        403 => GrpcCode::PermissionDenied,
        404 => GrpcCode::Unimplemented,
        429 | 502..=504 => GrpcCode::Unavailable,
        _ => GrpcCode::Unknown,
    }
}
