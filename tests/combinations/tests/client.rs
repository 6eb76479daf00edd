//! Every combination of the fields that end a gRPC response, read by tonic with the client layer and, as a control, without it.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use codelibra::client::{ClientLayer, is_marked};
use codelibra::{ErrorCode, GrpcCode, StatusCodeExt};
use http::uri::PathAndQuery;
use tonic::client::{Grpc, GrpcService};
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::Layer;

use codelibra_combinations::{Combination, Peer, Problems, blocks, for_each, ready};

#[derive(Clone, Copy, Debug)]
enum Reader {
    Unary,
    Stream,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result that tonic reads: the metadata of a success, from headers and trailers, or a failure.
async fn read<S>(service: S, reader: Reader) -> Result<Vec<MetadataMap>, Status>
where
    S: GrpcService<tonic::body::Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    let mut grpc = Grpc::new(service);
    let path = PathAndQuery::from_static("/test.Test/Call");
    let codec = ProstCodec::<(), ()>::default();
    match reader {
        Reader::Unary => Ok(vec![grpc.unary(Request::new(()), path, codec).await?.metadata().clone()]),
        Reader::Stream => {
            let response = grpc.server_streaming(Request::new(()), path, codec).await?;
            let mut metadata = vec![response.metadata().clone()];
            let mut stream = response.into_inner();
            while stream.message().await?.is_some() {}
            metadata.extend(stream.trailers().await?);
            Ok(metadata)
        }
    }
}

/// Compares the result that tonic read with the expected one. Returns the difference.
fn problem(
    combination: &Combination<'_>,
    reader: Reader,
    read: Result<Vec<MetadataMap>, Status>,
) -> Option<String> {
    let expected = combination.expected();
    let is_ok = expected.grpc_code == GrpcCode::Ok;
    if is_ok && matches!(reader, Reader::Unary) && !combination.shape.has_message() {
        // tonic requires a message in the response of a unary call.
        let status = read.err().filter(|status| status.message() == "Missing response message.");
        return status.is_none().then(|| String::from("not an OK without a message"));
    }
    let status = match read {
        Ok(metadata) if is_ok => {
            let is_bad = |metadata: &MetadataMap| {
                let details = metadata.get_bin("grpc-status-details-bin");
                let message = metadata.get("grpc-message");
                details.is_some_and(|details| details.to_bytes().is_err())
                    || message.is_some_and(|message| message == "%FF")
            };
            return metadata.iter().any(is_bad).then(|| format!("an OK keeps {metadata:?}"));
        }
        Ok(_) => return Some(format!("an OK, expected {expected:?}")),
        Err(status) => status,
    };
    let received = status.to_received::<ErrorCode>();
    let code = expected.is_coded.then_some(ErrorCode::USER_BANNED);
    if received.grpc_code() != expected.grpc_code || received.code() != code || status.error_code() != code {
        return Some(format!("{status:?}, expected {expected:?}"));
    }
    if !is_marked(&status) {
        return Some(format!("not marked: {status:?}"));
    }
    // tonic writes the field again if the status is forwarded.
    if status.metadata().contains_key("grpc-status-details-bin") || status.message().starts_with("Error des")
    {
        return Some(format!("not repaired: {status:?}"));
    }
    let _ = (received.notes(), received.retry_advice(), received.assume_trusted());
    None
}

/// Checks one part of the table: the headers with one value of `grpc-status`.
fn check(share: usize) {
    let layer = ClientLayer::new::<ErrorCode>();
    let blocks = blocks();
    let per_status = 27;
    let headers = &blocks[share * per_status..(share + 1) * per_status];
    let mut problems = Problems::default();
    for_each(headers, &blocks, |combination| {
        for reader in [Reader::Unary, Reader::Stream] {
            let call = || ready(read(layer.layer(Peer(combination)), reader));
            match catch_unwind(AssertUnwindSafe(call)) {
                Ok(read) => {
                    if let Some(problem) = problem(combination, reader, read) {
                        problems.push(combination, || format!("{reader:?}: {problem}"));
                    }
                }
                Err(_) => problems.push(combination, || format!("{reader:?}: panics")),
            }
        }
    });
    problems.assert_none();
}

/// Defines a test for each value of `grpc-status` in the headers, so that they run at the same time.
macro_rules! shares {
    ($($name:ident $share:literal,)*) => {$(
        #[test]
        fn $name() {
            check($share);
        }
    )*};
}

shares! {
    headers_without_a_status 0,
    headers_with_ok 1,
    headers_with_ok_as_00 2,
    headers_with_7 3,
    headers_with_7_as_07 4,
    headers_with_letters 5,
    headers_with_an_empty_status 6,
    headers_with_99 7,
    headers_with_ok_twice 8,
    headers_with_7_twice 9,
    headers_with_7_joined 10,
    headers_with_ok_and_7 11,
    headers_with_7_and_ok 12,
}

/// The control, without the layer. If tonic has repaired one of these faults, the tests above no longer prove that the layer repairs
/// it.
#[test]
fn without_the_layer_tonic_panics() {
    let blocks = blocks();
    let (mut panics, mut problems) = (0, 0);
    // The rest of the table has no other faults.
    let trailers: Vec<_> = blocks.iter().step_by(5).cloned().collect();
    let headers: Vec<_> = blocks.iter().step_by(7).cloned().collect();
    for_each(&headers, &trailers, |combination| {
        let call = || ready(read(Peer(combination), Reader::Unary));
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(read) => problems += usize::from(problem(combination, Reader::Unary, read).is_some()),
            Err(_) => panics += 1,
        }
    });
    assert!(panics > 1000 && problems > 1000, "{panics} panics, {problems} problems");
}
