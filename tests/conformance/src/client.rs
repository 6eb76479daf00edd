use std::sync::Arc;
use std::time::Duration;

use prost::{Message, Name};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::args::Layers;
use crate::fields::{to_error, to_fields, to_headers};
use crate::messages;
use crate::proto::client_compat_request::cancel::CancelTiming;
use crate::proto::client_compat_response::Result as Outcome;
use crate::proto::conformance_service_client::ConformanceServiceClient;
use crate::proto::{
    BidiStreamRequest, BidiStreamResponse, ClientCompatRequest, ClientCompatResponse, ClientErrorResult,
    ClientResponseResult, ClientStreamRequest, Compression, ConformancePayload, ServerStreamResponse,
    StreamType,
};
use crate::transport::{Transport, connect};

/// How many calls are made at a time.
const PARALLEL: usize = 16;

/// Makes the calls that the runner asks for, until its output ends.
///
/// # Errors
///
/// Returns an error if a request cannot be read, or if the runner has closed its input.
pub(crate) async fn run(layers: Layers) -> Result<(), Box<dyn std::error::Error>> {
    let output = Arc::new(Mutex::new(tokio::io::stdout()));
    let free = Arc::new(Semaphore::new(PARALLEL));
    let mut input = tokio::io::stdin();
    let mut calls = JoinSet::new();
    while let Some(request) = messages::read::<ClientCompatRequest>(&mut input).await? {
        let (output, permit) = (Arc::clone(&output), Arc::clone(&free).acquire_owned().await?);
        calls.spawn(async move {
            let test_name = request.test_name.clone();
            let outcome = match Call::new(request, layers) {
                Ok(call) => call.run().await,
                Err(error) => Err(error),
            };
            let outcome = match outcome {
                Ok(response) => Outcome::Response(response),
                Err(message) => Outcome::Error(ClientErrorResult { message }),
            };
            drop(permit);
            messages::write(
                &ClientCompatResponse { test_name, result: Some(outcome) },
                &mut *output.lock().await,
            )
            .await
        });
    }
    while let Some(written) = calls.join_next().await {
        written??;
    }
    Ok(())
}

/// One call.
struct Call {
    client: ConformanceServiceClient<Transport>,
    request: ClientCompatRequest,
    metadata: MetadataMap,
    result: ClientResponseResult,
}

impl Call {
    fn new(request: ClientCompatRequest, layers: Layers) -> Result<Self, String> {
        let ClientCompatRequest { host, port, .. } = &request;
        let origin =
            format!("http://{host}:{port}").parse().map_err(|error| format!("{host}:{port}: {error}"))?;
        let mut client = ConformanceServiceClient::with_origin(connect(&request, &origin, layers)?, origin);
        match request.compression() {
            Compression::Gzip => {
                let gzip = CompressionEncoding::Gzip;
                client = client.send_compressed(gzip).accept_compressed(gzip);
            }
            Compression::Identity | Compression::Unspecified => {}
            other => return Err(format!("compression {other:?} is not supported")),
        }
        if request.message_receive_limit > 0 {
            let limit = usize::try_from(request.message_receive_limit).map_err(|error| error.to_string())?;
            client = client.max_decoding_message_size(limit);
        }
        let fields = to_fields(&request.request_headers).map_err(|status| status.to_string())?;
        let metadata = MetadataMap::from_headers(fields);
        Ok(Self { client, request, metadata, result: ClientResponseResult::default() })
    }

    async fn run(mut self) -> Result<ClientResponseResult, String> {
        let mut client = self.client.clone();
        match self.request.method() {
            "Unary" => {
                let request = self.single()?;
                self.unary(async { client.unary(request).await.map(|it| it.map(|it| it.payload)) }).await;
            }
            "IdempotentUnary" => {
                let request = self.single()?;
                self.unary(async {
                    client.idempotent_unary(request).await.map(|it| it.map(|it| it.payload))
                })
                .await;
            }
            "Unimplemented" => {
                let request = self.single()?;
                self.unary(async { client.unimplemented(request).await.map(|it| it.map(|_| None)) }).await;
            }
            "ClientStream" => {
                let (sender, receiver) = mpsc::channel(1);
                let (request, messages) = (self.with(ReceiverStream::new(receiver)), self.messages()?);
                let feed = feed::<ClientStreamRequest>(messages, self.delay(), sender, self.cancel());
                let call = async { client.client_stream(request).await.map(|it| it.map(|it| it.payload)) };
                let answer =
                    tokio::select! { biased; answer = call => answer, () = feed => Err(cancelled()) };
                self.answered(answer);
            }
            "ServerStream" => {
                let request = self.single()?;
                let cancel = self.cancel();
                let receive = self.receive(async { client.server_stream(request).await });
                tokio::select! { biased; () = receive => {}, () = wait(cancel) => self.failed(&cancelled()) }
            }
            "BidiStream" if self.request.stream_type() == StreamType::FullDuplexBidiStream => {
                self.full_duplex(client).await?;
            }
            "BidiStream" => {
                let (sender, receiver) = mpsc::channel(1);
                let (request, messages) = (self.with(ReceiverStream::new(receiver)), self.messages()?);
                let feed = feed::<BidiStreamRequest>(messages, self.delay(), sender, self.cancel());
                let receive = self.receive(async { client.bidi_stream(request).await });
                tokio::select! { biased; () = receive => {}, () = feed => self.failed(&cancelled()) }
            }
            other => return Err(format!("method {other:?} is unknown")),
        }
        Ok(self.result)
    }

    /// Receives the next message after each message that it sends. After the last one, it receives the rest.
    async fn full_duplex(&mut self, mut client: ConformanceServiceClient<Transport>) -> Result<(), String> {
        let (sender, receiver) = mpsc::channel(1);
        let (request, messages) = (self.with(ReceiverStream::new(receiver)), self.messages()?);
        let (delay, cancel) = (self.delay(), self.cancel());
        let mut call = Some(async move { client.bidi_stream(request).await });
        let mut responses = None;
        for message in messages {
            tokio::time::sleep(delay).await;
            if sender.send(message).await.is_err() {
                break;
            }
            if let Some(call) = call.take() {
                match call.await {
                    Ok(response) => responses = Some(self.begun(response)),
                    Err(status) => {
                        self.failed(&status);
                        return Ok(());
                    }
                }
            }
            let Some(responses) = &mut responses else { break };
            if !self.next(responses).await {
                return Ok(());
            }
        }
        if matches!(cancel, Some(CancelTiming::BeforeCloseSend(()))) {
            self.failed(&cancelled());
            return Ok(());
        }
        drop(sender);
        let rest = async {
            let mut responses = match (responses, call) {
                (Some(responses), _) => responses,
                (None, Some(call)) => match call.await {
                    Ok(response) => self.begun(response),
                    Err(status) => return self.failed(&status),
                },
                (None, None) => return,
            };
            while self.next(&mut responses).await {}
        };
        tokio::select! { biased; () = rest => {}, () = wait(cancel) => self.failed(&cancelled()) }
        Ok(())
    }

    /// Makes a call whose request and answer are one message each.
    async fn unary(
        &mut self,
        call: impl Future<Output = Result<Response<Option<ConformancePayload>>, Status>>,
    ) {
        let answer =
            tokio::select! { biased; answer = call => answer, () = wait(self.cancel()) => Err(cancelled()) };
        self.answered(answer);
    }

    fn answered(&mut self, answer: Result<Response<Option<ConformancePayload>>, Status>) {
        match answer {
            Ok(response) => {
                // tonic joins both for a single response.
                self.result.response_headers = to_headers(response.metadata());
                self.result.response_trailers = to_headers(response.metadata());
                self.result.payloads.push(response.into_inner().unwrap_or_default());
            }
            Err(status) => self.failed(&status),
        }
    }

    /// Receives a stream of responses.
    async fn receive<M: Payload>(
        &mut self,
        call: impl Future<Output = Result<Response<Streaming<M>>, Status>>,
    ) {
        match call.await {
            Ok(response) => {
                let mut responses = self.begun(response);
                while self.next(&mut responses).await {}
            }
            Err(status) => self.failed(&status),
        }
    }

    fn begun<M>(&mut self, response: Response<Streaming<M>>) -> Streaming<M> {
        self.result.response_headers = to_headers(response.metadata());
        response.into_inner()
    }

    /// Receives the next response; `false` at the end of the call.
    async fn next<M: Payload>(&mut self, responses: &mut Streaming<M>) -> bool {
        match responses.message().await {
            Ok(Some(message)) => {
                self.result.payloads.push(message.into_payload().unwrap_or_default());
                let is_enough = match self.cancel() {
                    Some(CancelTiming::AfterNumResponses(number)) => {
                        u32::try_from(self.result.payloads.len()).is_ok_and(|len| len >= number)
                    }
                    _ => false,
                };
                if is_enough {
                    self.failed(&cancelled());
                }
                !is_enough
            }
            Ok(None) => {
                match responses.trailers().await {
                    Ok(trailers) => self.result.response_trailers = to_headers(&trailers.unwrap_or_default()),
                    Err(status) => self.failed(&status),
                }
                false
            }
            Err(status) => {
                self.failed(&status);
                false
            }
        }
    }

    fn failed(&mut self, status: &Status) {
        self.result.error = Some(to_error(status));
        self.result.response_trailers = to_headers(status.metadata());
    }

    fn with<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        if let Some(timeout) = self.request.timeout_ms {
            request.set_timeout(Duration::from_millis(timeout.into()));
        }
        request
    }

    /// Returns the request of a call with one message.
    fn single<M: Message + Name + Default>(&self) -> Result<Request<M>, String> {
        let mut messages = self.messages()?;
        match (messages.pop(), messages.len()) {
            (Some(message), 0) => Ok(self.with(message)),
            (_, others) => Err(format!("{} has {others} messages, not one", self.request.method())),
        }
    }

    fn messages<M: Message + Name + Default>(&self) -> Result<Vec<M>, String> {
        self.request
            .request_messages
            .iter()
            .map(|any| any.to_msg().map_err(|error| error.to_string()))
            .collect()
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(self.request.request_delay_ms.into())
    }

    /// Returns when the call is to be cancelled. Without a time, it is cancelled immediately after the last request.
    fn cancel(&self) -> Option<CancelTiming> {
        let cancel = self.request.cancel.as_ref()?;
        Some(cancel.cancel_timing.unwrap_or(CancelTiming::AfterCloseSendMs(0)))
    }
}

/// Sends all messages, and ends when the call is to be cancelled.
async fn feed<M>(messages: Vec<M>, delay: Duration, sender: mpsc::Sender<M>, cancel: Option<CancelTiming>) {
    for message in messages {
        tokio::time::sleep(delay).await;
        if sender.send(message).await.is_err() {
            // The call is over.
            return std::future::pending().await;
        }
    }
    if matches!(cancel, Some(CancelTiming::BeforeCloseSend(()))) {
        return;
    }
    drop(sender);
    wait(cancel).await;
}

/// Waits until a call whose requests are sent is to be cancelled.
async fn wait(cancel: Option<CancelTiming>) {
    match cancel {
        Some(CancelTiming::AfterCloseSendMs(delay)) => {
            tokio::time::sleep(Duration::from_millis(delay.into())).await
        }
        _ => std::future::pending().await,
    }
}

/// Returns the status of a call that its caller dropped. tonic itself has no status for it.
fn cancelled() -> Status {
    Status::cancelled("the caller cancelled the call")
}

trait Payload {
    fn into_payload(self) -> Option<ConformancePayload>;
}

impl Payload for ServerStreamResponse {
    fn into_payload(self) -> Option<ConformancePayload> {
        self.payload
    }
}

impl Payload for BidiStreamResponse {
    fn into_payload(self) -> Option<ConformancePayload> {
        self.payload
    }
}
