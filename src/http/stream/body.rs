use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Response;
use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use serde::Serialize;

use super::StreamForm;
use crate::ApiError;
use crate::http::{Caller, Failing, Responder};
use crate::log::Door;

pin_project! {
    /// The body of a streaming answer: items, then how they ended.
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
        items: Option<S>,
        form: StreamForm,
        responder: Responder,
        caller: Caller,
    }
}

impl<S> StreamBody<S> {
    /// The body of these items. What of an error leaves is the responder's decision, as in
    /// [`Responder::respond`]; the whole of it is logged, as a `tracing` event of the target `codelibra::http`.
    pub fn new(form: StreamForm, items: S, responder: Responder) -> Self {
        Self { items: Some(items), form, responder, caller: Caller::default() }
    }

    /// Whose `x-request-id` an error carries, and its event in the log. Without it an id is made.
    #[must_use]
    pub fn caller(mut self, caller: impl Into<Caller>) -> Self {
        self.caller = caller.into();
        self
    }

    /// The answer with this body: 200, the media type, `Cache-Control: no-store`.
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
        let Some(items) = this.items.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let failed = match ready!(items.poll_next(cx)) {
            Some(Ok(item)) => match this.form.write_item(&item) {
                Ok(line) => return Poll::Ready(Some(Ok(Frame::data(line)))),
                Err(error) => Some(this.responder.internal().with_cause(error)),
            },
            Some(Err(error)) => Some(error),
            None => None,
        };
        this.items.set(None);
        let line = match failed {
            Some(error) => {
                let error = this.responder.settle(Door::Http, *this.caller, Failing::Own(&error));
                this.form.write_error(&error, this.responder.types())
            }
            None => this.form.write_end(),
        };
        Poll::Ready(Some(Ok(Frame::data(line))))
    }

    fn is_end_stream(&self) -> bool {
        self.items.is_none()
    }
}
