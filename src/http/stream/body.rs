//! The body of a streaming response: drives the stream, and decides its end.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::Response;
use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use serde::Serialize;

use super::StreamForm;
use crate::catalog::GrpcCode;
use crate::error::ApiError;
use crate::guard::{Guarded, discard};
use crate::http::{Caller, Responder};
use crate::outbound::failure::Failure;
use crate::outbound::log::Transport;

pin_project! {
    /// The body of a streaming response: the items, and then the end or an error.
    ///
    /// If the stream panics, or an item panics while it is serialized, the last line is the error of the fallback table for
    /// INTERNAL. The payload of the panic is logged and not sent. The stream is not polled again. If the drop of the stream
    /// panics after its end, the panic is logged and does not change the response.
    ///
    /// ```
    /// use codelibra::http::{Responder, StreamBody, StreamForm};
    /// use codelibra::{ApiError, ErrorCode};
    /// # use tokio_stream as stream;
    ///
    /// let items = stream::iter([Ok(1), Ok(2), Err(ApiError::new(ErrorCode::USER_BANNED))]);
    /// let body = StreamBody::new(StreamForm::Ndjson, items, Responder::new::<ErrorCode>());
    /// let response = body.into_response();
    /// assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    /// ```
    #[derive(Debug)]
    pub struct StreamBody<S> {
        #[pin]
        items: Guarded<S>,
        form: StreamForm,
        responder: Responder,
        caller: Caller,
    }
}

impl<S> StreamBody<S> {
    /// Returns a body of these items. The responder decides which parts of an error are sent, as in
    /// [`Responder::respond`]. The whole error is logged in a `tracing` event of the target `codelibra::http`.
    pub fn new(form: StreamForm, items: S, responder: Responder) -> Self {
        Self { items: Guarded::new(items), form, responder, caller: Caller::default() }
    }

    /// Sets the caller. An error and its log event contain its `x-request-id`; without a caller, an id is generated. The event
    /// also contains the method and the path if the caller was made from a whole request.
    #[must_use]
    pub fn caller(mut self, caller: impl Into<Caller>) -> Self {
        self.caller = caller.into();
        self
    }

    /// Returns a response with this body: status 200, the media type, and `Cache-Control: no-store`.
    pub fn into_response(self) -> Response<Self> {
        let media_type = self.form.media_type();
        let mut response = Response::new(self);
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(VARY, HeaderValue::from_static("accept"));
        response
    }
}

impl<S, T> Body for StreamBody<S>
where
    S: Stream<Item = Result<T, ApiError>>,
    T: Serialize,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut this = self.project();
        let form = *this.form;
        // An item is serialized and dropped under the guard, because both run foreign code.
        let polled = this.items.as_mut().run(|items| {
            items.poll_next(cx).map(|next| next.map(|item| item.map(|item| form.write_item(&item))))
        });
        let failure = match polled {
            Ok(None) => return Poll::Ready(None),
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(Some(Poll::Ready(Some(Ok(Ok(line)))))) => return Poll::Ready(Some(Ok(Frame::data(line)))),
            Ok(Some(Poll::Ready(None))) => None,
            Ok(Some(Poll::Ready(Some(Err(error))))) => Some(Failure::own(error)),
            Ok(Some(Poll::Ready(Some(Ok(Err(error)))))) => {
                Some(Failure::from_grpc_code(GrpcCode::Internal).with_shared_cause(Some(Arc::new(error))))
            }
            Err(panic) => Some(Failure::from_panic(panic)),
        };
        let line = match &failure {
            Some(failure) => {
                let error = this.responder.finish_and_log(Transport::Http, this.caller, failure);
                form.write_sent(&error, &this.responder.detail_types)
            }
            None => form.write_end(),
        };
        // The last line is made. A panic from now on is only logged.
        for dropped in [this.items.clear(), discard(failure)] {
            if let Err(panic) = dropped {
                this.responder.panic_in_drop(Transport::Http, this.caller, &panic);
            }
        }
        Poll::Ready(Some(Ok(Frame::data(line))))
    }

    fn is_end_stream(&self) -> bool {
        self.items.is_empty()
    }
}
