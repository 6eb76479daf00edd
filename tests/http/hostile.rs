//! The upstream that does everything wrong, behind the bridge to HTTP: whatever it sends, an HTTP client gets an error
//! with a code, and the gRPC code that was sent, where one was.

use std::time::Duration;

use bytes::Bytes;
use codelibra::http::{Form, GrpcToHttpLayer, Reader, Responder};
use codelibra::{Boundary, CodeNumber, ErrorCode, GrpcCode, ReceivedError};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::cases;
use crate::cases::{Case, Place};
use crate::upstream;
use crate::upstream::{Gate, Part, Script};

/// A gRPC call with an empty message.
fn request() -> Request<Body> {
    let body = Body::new(Full::new(Bytes::from_static(&[0; 5])));
    let request = Request::post("/hostile.Hostile/Call").header("te", "trailers");
    request.header("content-type", "application/grpc").body(body).unwrap()
}

/// What an HTTP client sees of a failure.
struct Seen {
    /// Whether the answer had begun when it failed, and so was a 200.
    begun: bool,
    error: ReceivedError,
    text: String,
}

async fn see<B>(response: Response<B>) -> Result<Seen, String>
where
    B: http_body::Body<Data = Bytes, Error = Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) if parts.status == 200 => return Err(format!("a clean 200: {:?}", body.to_bytes())),
        Ok(body) => body.to_bytes(),
        Err(error) => {
            let error = *error.downcast::<ReceivedError>().map_err(|error| error.to_string())?;
            return Ok(Seen { begun: true, error, text: String::new() });
        }
    };
    let error = Reader::new::<ErrorCode>().read_parts(&parts, &body);
    let field = parts.headers.get("codelibra-error-code").map(|value| value.to_str().unwrap().to_owned());
    if field != error.number().map(|number| number.to_string()) || u32::from(parts.status.as_u16()) < 400 {
        return Err(format!("{} with the code {field:?}", parts.status));
    }
    if parts.headers.keys().any(|name| name.as_str().starts_with("grpc-")) || !error.notes().is_empty() {
        return Err(format!("{:?}, {:?}", parts.headers, error.notes()));
    }
    let text = String::from_utf8(body.to_vec()).unwrap();
    Ok(Seen { begun: false, error, text })
}

/// Calls the upstream across the bridge, while another call is open on the same connection.
async fn run(script: &Script, boundary: Boundary) -> Result<Seen, String> {
    let gate = Gate::new();
    let address = upstream::start(script.clone(), gate.clone()).await;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel: Channel = endpoint.http2_max_header_list_size(1 << 20).connect().await.unwrap();
    let innocent = tokio::spawn(channel.clone().oneshot(request()));
    gate.seen.acquire().await.unwrap().forget();
    let responder = Responder::new::<ErrorCode>().form(Form::RpcStatus).boundary(boundary);
    let bridge = GrpcToHttpLayer::new(responder).layer(channel);
    let call = tokio::spawn(async move { see(bridge.oneshot(request()).await.unwrap()).await });
    // A safety net: nothing here waits for time to pass.
    let seen = tokio::time::timeout(Duration::from_secs(20), call).await.expect("the call hangs");
    gate.go.add_permits(1);
    drop(innocent.await);
    seen.expect("a panic")
}

/// The code of an error that had none: of the fallback table, but not of another class than an HTTP status says.
fn fallback(case: &Case, script: &Script) -> u32 {
    let table = |grpc_code| match grpc_code {
        GrpcCode::Unauthenticated => 401_001,
        GrpcCode::PermissionDenied => 403_001,
        GrpcCode::NotFound => 404_003,
        GrpcCode::InvalidArgument => 400_002,
        GrpcCode::Internal | GrpcCode::Unknown | GrpcCode::DataLoss => 500_001,
        other => CodeNumber::from_class(codelibra::tables::grpc_to_class(other)).as_u32(),
    };
    let number = table(GrpcCode::from_number(i64::from(case.expect)).unwrap());
    match script.first() {
        Some(Part::Headers(http, _) | Part::HeadersOnly(http, _)) if *http >= 400 && case.sent.is_none() => {
            let class = u32::from(*http);
            if number / 1000 == class { number } else { class * 1000 }
        }
        _ => number,
    }
}

fn all_cases() -> Vec<Case> {
    [
        cases::details_cases(),
        cases::status_cases(),
        cases::message_cases(),
        cases::malformed_cases(),
        cases::http_cases(),
        cases::stream_cases(),
        cases::oversize_cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn check(case: &Case, script: &Script, seen: &Seen, mut problem: impl FnMut(String)) {
    let Seen { begun, error, text } = seen;
    let sent_first =
        script.iter().any(|part| matches!(part, Part::Data(data) | Part::LastData(data) if !data.is_empty()));
    if *begun {
        if !sent_first {
            problem("a 200 without a message".into());
        }
        if error.grpc_code().number() != case.expect {
            problem(format!("{error:?} breaks the stream"));
        }
        if case.coded && error.code() != Some(ErrorCode::USER_BANNED) {
            problem(format!("the code is {:?}", error.number()));
        }
        return;
    }
    let number = if case.coded { 403_003 } else { fallback(case, script) };
    if error.number() != Some(number) {
        problem(format!("{:?} instead of {number}", error.number()));
    }
    let expect =
        error.entry().map_or(GrpcCode::from_number(i64::from(case.expect)).unwrap(), |e| e.grpc_code);
    if error.grpc_code() != expect {
        problem(format!("{} instead of {expect}", error.grpc_code()));
    }
    if text.contains("html") || text.contains("secret") || error.request_id().is_none() {
        problem(text.clone());
    }
}

#[tokio::test]
async fn whatever_an_upstream_sends_is_answered_with_a_code() {
    let mut problems = Vec::new();
    let mut answers = 0;
    for case in all_cases() {
        for (place, script) in &case.scripts {
            for boundary in [Boundary::public(), Boundary::internal()] {
                let mut problem = |what: String| problems.push(format!("{} in {place:?}: {what}", case.name));
                match run(script, boundary).await {
                    Ok(seen) => {
                        answers += usize::from(!seen.begun);
                        check(&case, script, &seen, problem);
                    }
                    Err(what) => problem(what),
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(answers > 150, "{answers}");
}

#[tokio::test]
async fn an_ok_with_details_passes() {
    for case in cases::ok_cases() {
        for (place, script) in &case.scripts {
            let seen = run(script, Boundary::public()).await.err();
            let clean = seen.as_ref().is_some_and(|seen| seen.starts_with("a clean 200"));
            assert!(clean, "{} in {place:?}: {seen:?}", case.name);
        }
    }
}

/// Without the mending the first of repeated fields counts, and 3,3 is UNKNOWN.
#[tokio::test]
async fn the_fields_are_read_as_the_client_layer_reads_them() {
    for (name, code) in [
        ("grpc-status: `3,3`", 400_002),
        ("grpc-status: two values, 0 and 5", 500_001),
        ("details: sent twice, the second agrees with grpc-status", 403_003),
        ("grpc-status: lost, the details are there", 403_003),
        ("grpc-status: lost, the ASCII field is there", 403_003),
    ] {
        let mut case = all_cases().into_iter().find(|case| case.name == name).expect(name);
        if name.contains("3,3") {
            // Without the details, so that only grpc-status speaks.
            for (_, script) in &mut case.scripts {
                let (Part::HeadersOnly(_, fields) | Part::Trailers(fields)) = script.last_mut().unwrap()
                else {
                    panic!()
                };
                fields.retain(|(name, _)| *name != "grpc-status-details-bin");
            }
        }
        for (place, script) in case.scripts.iter().filter(|(place, _)| *place != Place::LateTrailers) {
            let seen = run(script, Boundary::public()).await.unwrap();
            assert_eq!(seen.error.number(), Some(code), "{name} in {place:?}");
        }
    }
}
