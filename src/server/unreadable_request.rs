//! Recognises the statuses with which tonic rejects a request that it cannot read. They are not faults of the service, so the log
//! event has a lower level.

/// The beginnings of tonic's messages for requests that it cannot read. Their gRPC code is INTERNAL, as the gRPC
/// specification demands, although the caller caused them. tonic marks them in no other way.
const REJECTED_REQUESTS: [&str; 8] = [
    "failed to decode Protobuf message",
    "Missing request message.",
    "Unexpected EOF decoding stream.",
    "protocol error: received message with",
    "Error decompressing",
    "h2 protocol error",
    // hyper: an HTTP/1.1 body that breaks off. tonic makes it UNKNOWN.
    "error reading a body from connection",
    // tonic-web: text that is not base64, and any error of the request's body.
    "tonic-web: ",
];

/// Returns whether a status is tonic's rejection of a request.
pub(super) fn is_unreadable_request(message: &str, details: &[u8]) -> bool {
    details.is_empty() && REJECTED_REQUESTS.iter().any(|text| message.starts_with(text))
}
