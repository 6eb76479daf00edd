use std::future::poll_fn;
use std::pin::pin;

use ::http::Response;
use bytes::Bytes;
use http_body::Body;

use super::bridge::Collected;
use super::{DetailTypes, read};
use crate::catalog::Catalog;
use crate::inbound::ReceivedError;

/// Reads the error of a whole HTTP answer, such as reqwest's and hyper's: its body to
/// [`MAX_BODY`](super::MAX_BODY), then as [`read`] does. Where the body breaks off, what arrived is read.
///
/// Details are read as the standard ones; for others there is [`receive_with`].
pub async fn receive<B: Body<Data = Bytes>>(
    response: Response<B>,
    catalog: &'static Catalog,
) -> ReceivedError {
    receive_with(response, catalog, DetailTypes::standard()).await
}

/// Reads the error of a whole HTTP answer, as [`receive`] does, with details of these types.
pub async fn receive_with<B: Body<Data = Bytes>>(
    response: Response<B>,
    catalog: &'static Catalog,
    types: &DetailTypes,
) -> ReceivedError {
    let (parts, body) = response.into_parts();
    let mut body = pin!(body);
    let mut collected = Collected::default();
    poll_fn(|cx| collected.poll(&mut body, cx)).await;
    read(&parts, collected.as_bytes(), catalog, types)
}
