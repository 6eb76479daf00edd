use bytes::Bytes;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use prost::Message;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::args::Details;

/// The details that the server layer adds, before and after those that the service attached.
const FIRST: [&str; 2] = ["codelibra.error.v1.ErrorInfo", "google.rpc.ErrorInfo"];
const LAST: &str = "google.rpc.RequestInfo";

/// Checks that each failure contains what the server layer adds: the code, in both ErrorInfos and in its field, and the
/// id of the request. With [`Details::Attached`], the added details are then removed, because the suite compares all
/// details with those that it asked for. A failure without one of the additions is replaced, so that the suite fails.
pub(crate) fn check<B>(mut response: Response<B>, details: Details) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    check_fields(response.headers_mut(), details);
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                check_fields(trailers, details);
            }
            frame
        }))
    })
}

fn check_fields(fields: &mut HeaderMap, details: Details) {
    let Some(status) = Status::from_header_map(fields).filter(|status| status.code() != Code::Ok) else {
        return;
    };
    let attached = match without_additions(&status, fields) {
        Ok(attached) => attached,
        Err(missing) => {
            fields.remove("grpc-status-details-bin");
            let replacement = Status::internal(format!("not an answer of the server layer: {missing}"));
            drop(replacement.add_header(fields));
            return;
        }
    };
    if details == Details::Attached {
        fields.remove("grpc-status-details-bin");
        let status = Status::with_details(status.code(), status.message(), attached.into());
        drop(status.add_header(fields));
    }
}

/// Returns the encoded `google.rpc.Status` without the details that the layer added; empty if there are no other details.
fn without_additions(status: &Status, fields: &HeaderMap) -> Result<Vec<u8>, String> {
    let code = status.error_code::<ErrorCode>().ok_or("no code in the details")?;
    let field = fields.get("codelibra-error-code").and_then(|value| value.to_str().ok());
    if field != Some(&u32::from(code).to_string()) {
        return Err(format!("the field contains {field:?}, not {code}"));
    }
    let embedded = tonic_types::Status::decode(status.details()).map_err(|error| error.to_string())?;
    if embedded.code != i32::from(status.code()) || embedded.message != status.message() {
        return Err(format!("code or message of the details differ: {embedded:?}"));
    }
    let names = embedded.details.iter().map(|detail| detail.type_url.rsplit('/').next().unwrap_or_default());
    let names: Vec<&str> = names.collect();
    if !names.starts_with(&FIRST) || !names.ends_with(&[LAST]) {
        return Err(format!("the details are {names:?}"));
    }
    let attached = embedded.details[FIRST.len()..names.len() - 1].to_vec();
    if attached.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tonic_types::Status { details: attached, ..embedded }.encode_to_vec())
}
