//! Tower layers between the two protocols: failed gRPC answers become HTTP answers, and HTTP errors gRPC failures.

mod body;
mod fields;
mod to_grpc;
mod to_http;

pub use body::BridgeBody;
pub(super) use body::Collected;
pub use to_grpc::{HttpToGrpcFuture, HttpToGrpcLayer, HttpToGrpcService};
pub use to_http::{GrpcToHttpFuture, GrpcToHttpLayer, GrpcToHttpService};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
