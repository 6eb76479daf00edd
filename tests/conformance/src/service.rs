use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::fields::{to_any, to_fields, to_headers, to_status};
use crate::proto::conformance_payload::RequestInfo;
use crate::proto::conformance_service_server::ConformanceService;
use crate::proto::unary_response_definition::Response as Defined;
use crate::proto::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse, ConformancePayload,
    Header, IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest, ServerStreamResponse,
    StreamResponseDefinition, UnaryRequest, UnaryResponse, UnaryResponseDefinition, UnimplementedRequest,
    UnimplementedResponse,
};

/// The suite's service: each request defines its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conformance;

type Responses<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

#[tonic::async_trait]
impl ConformanceService for Conformance {
    async fn unary(&self, request: Request<UnaryRequest>) -> Result<Response<UnaryResponse>, Status> {
        let mut info = observed(request.metadata());
        let request = request.into_inner();
        info.requests.push(to_any(&request));
        let response = respond(request.response_definition, info).await?;
        Ok(response.map(|payload| UnaryResponse { payload: Some(payload) }))
    }

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<IdempotentUnaryResponse>, Status> {
        let mut info = observed(request.metadata());
        let request = request.into_inner();
        info.requests.push(to_any(&request));
        let response = respond(request.response_definition, info).await?;
        Ok(response.map(|payload| IdempotentUnaryResponse { payload: Some(payload) }))
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<ClientStreamRequest>>,
    ) -> Result<Response<ClientStreamResponse>, Status> {
        let mut info = observed(request.metadata());
        let mut requests = request.into_inner();
        let mut definition = None;
        while let Some(request) = requests.message().await? {
            if info.requests.is_empty() {
                definition.clone_from(&request.response_definition);
            }
            info.requests.push(to_any(&request));
        }
        let response = respond(definition, info).await?;
        Ok(response.map(|payload| ClientStreamResponse { payload: Some(payload) }))
    }

    type ServerStreamStream = Responses<ServerStreamResponse>;

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Result<Response<Self::ServerStreamStream>, Status> {
        let mut info = observed(request.metadata());
        let request = request.into_inner();
        info.requests.push(to_any(&request));
        stream(request.response_definition, info, None, |payload| ServerStreamResponse {
            payload: Some(payload),
        })
    }

    type BidiStreamStream = Responses<BidiStreamResponse>;

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> Result<Response<Self::BidiStreamStream>, Status> {
        let mut info = observed(request.metadata());
        let mut requests = request.into_inner();
        let (mut definition, mut full_duplex) = (None, false);
        while !full_duplex && let Some(request) = requests.message().await? {
            if info.requests.is_empty() {
                definition.clone_from(&request.response_definition);
                full_duplex = request.full_duplex;
            }
            info.requests.push(to_any(&request));
        }
        let requests = full_duplex.then_some(requests);
        stream(definition, info, requests, |payload| BidiStreamResponse { payload: Some(payload) })
    }

    async fn unimplemented(
        &self,
        _: Request<UnimplementedRequest>,
    ) -> Result<Response<UnimplementedResponse>, Status> {
        Err(Status::unimplemented("the suite asks for this"))
    }
}

/// Returns the parts of a request that the service sees, without its messages.
fn observed(metadata: &MetadataMap) -> RequestInfo {
    let timeout = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok());
    RequestInfo {
        request_headers: to_headers(metadata),
        timeout_ms: timeout.and_then(to_milliseconds),
        ..RequestInfo::default()
    }
}

/// Converts the value of `grpc-timeout` to milliseconds (PROTOCOL-HTTP2.md, "Timeout").
fn to_milliseconds(timeout: &str) -> Option<i64> {
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let number: i64 = digits.parse().ok()?;
    match unit {
        "H" => number.checked_mul(3_600_000),
        "M" => number.checked_mul(60_000),
        "S" => number.checked_mul(1_000),
        "m" => Some(number),
        "u" => Some(number / 1_000),
        "n" => Some(number / 1_000_000),
        _ => None,
    }
}

/// Returns the single response, or the error, of a definition.
async fn respond(
    definition: Option<UnaryResponseDefinition>,
    info: RequestInfo,
) -> Result<Response<ConformancePayload>, Status> {
    let definition = definition.unwrap_or_default();
    let UnaryResponseDefinition { response_headers, response_trailers, response_delay_ms, response, .. } =
        definition;
    tokio::time::sleep(Duration::from_millis(response_delay_ms.into())).await;
    let data = match response {
        Some(Defined::Error(mut error)) => {
            error.details.push(to_any(&info));
            return Err(to_status(error, to_fields(response_headers.iter().chain(&response_trailers))?));
        }
        Some(Defined::ResponseData(data)) => data,
        None => Bytes::new(),
    };
    with_fields(ConformancePayload { data, request_info: Some(info) }, &response_headers, &response_trailers)
}

/// Returns the responses of a definition. In a full-duplex call, `requests` are those after the first.
fn stream<M: 'static>(
    definition: Option<StreamResponseDefinition>,
    info: RequestInfo,
    requests: Option<Streaming<BidiStreamRequest>>,
    to_message: fn(ConformancePayload) -> M,
) -> Result<Response<Responses<M>>, Status> {
    let mut definition = definition.unwrap_or_default();
    if definition.response_data.is_empty()
        && let Some(error) = &mut definition.error
    {
        error.details.push(to_any(&info));
        if definition.response_headers.is_empty() {
            // Trailers-only.
            return Err(to_status(error.clone(), to_fields(&definition.response_trailers)?));
        }
    }
    let (headers, trailers) = (definition.response_headers.clone(), definition.response_trailers.clone());
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(status) = send(definition, info, requests, &sender).await {
            // If the client cancelled the call, the receiver is dropped.
            drop(sender.send(Err(status)).await);
        }
    });
    let responses = ReceiverStream::new(receiver).map(move |payload| payload.map(to_message));
    with_fields(Box::pin(responses), &headers, &trailers)
}

async fn send(
    definition: StreamResponseDefinition,
    info: RequestInfo,
    mut requests: Option<Streaming<BidiStreamRequest>>,
    sender: &mpsc::Sender<Result<ConformancePayload, Status>>,
) -> Result<(), Status> {
    let delay = Duration::from_millis(definition.response_delay_ms.into());
    let mut info = Some(info);
    for data in definition.response_data {
        tokio::time::sleep(delay).await;
        let payload = ConformancePayload { data, request_info: info.take() };
        if sender.send(Ok(payload)).await.is_err() {
            return Ok(());
        }
        if let Some(more) = &mut requests {
            match more.message().await? {
                Some(request) => {
                    info = Some(RequestInfo { requests: vec![to_any(&request)], ..RequestInfo::default() });
                }
                None => requests = None,
            }
        }
    }
    match definition.error {
        Some(error) => Err(to_status(error, to_fields(&definition.response_trailers)?)),
        None => Ok(()),
    }
}

/// The trailers of a call that succeeds. tonic sends none, so [`append_trailers`] does.
#[derive(Clone, Debug)]
struct SuccessTrailers(HeaderMap);

fn with_fields<M>(message: M, headers: &[Header], trailers: &[Header]) -> Result<Response<M>, Status> {
    let mut response = Response::new(message);
    *response.metadata_mut() = MetadataMap::from_headers(to_fields(headers)?);
    response.extensions_mut().insert(SuccessTrailers(to_fields(trailers)?));
    Ok(response)
}

/// Adds the trailers that a handler asked for to a call that succeeds.
pub(crate) fn append_trailers(
    mut response: http::Response<tonic::body::Body>,
) -> http::Response<tonic::body::Body> {
    let Some(SuccessTrailers(more)) = response.extensions_mut().remove() else { return response };
    response.map(|body| {
        tonic::body::Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut()
                && trailers.get("grpc-status").is_some_and(|status| status == "0")
            {
                trailers.extend(more.clone());
            }
            frame
        }))
    })
}
