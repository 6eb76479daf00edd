//! `GatewayError`: what `?` converts in a handler, and what is sent of it by layers of several catalogues.

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;
use codelibra::axum::{ErrorLayer, GatewayError, IntoGatewayError};
use codelibra::codes::LockedOut;
use codelibra::http::{Reader, Responder};
use codelibra::{ApiError, Boundary, ErrorCode, ReceivedError};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::shop;

#[derive(Debug, thiserror::Error, codelibra::ApiError)]
enum Checkout {
    #[error("order {0} was paid already")]
    #[code(ALREADY_PAID)]
    Paid(u64),
}

fn elsewhere() -> ReceivedError {
    let body = br#"{"code":403001,"message":"theirs","domain":"elsewhere.example"}"#;
    Reader::new::<ErrorCode>().read_body(body)
}

async fn read(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn body(router: Router, path: &str) -> (StatusCode, String) {
    let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    (response.status(), read(response).await)
}

/// One handler with `?` on every kind of error, of two catalogues.
fn fails(kind: &str) -> Result<(), GatewayError> {
    match kind {
        "status" => Err(tonic::Status::from(ErrorCode::USER_BANNED.with_message("m")))?,
        "status of the shop" => Err(tonic::Status::from(shop::ErrorCode::CLOSED))?,
        "code" => Err(ErrorCode::USER_BANNED)?,
        "code of the shop" => Err(shop::ErrorCode::CLOSED)?,
        "struct" => Err(LockedOut::default())?,
        "derived" => Err(Checkout::Paid(7))?,
        "ApiError" => Err(ErrorCode::USER_BANNED.with_message("m"))?,
        "received" => Err(elsewhere())?,
        "forwarded" => Err(GatewayError::from_forwarded(elsewhere()))?,
        "no code" => {
            let unreadable = |error| ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE.with_cause(error);
            let _: u16 = "x".parse().map_err(unreadable)?;
        }
        _ => {}
    }
    Ok(())
}

/// The catalogue of the layer reads a status, and decides which codes are of this service.
#[tokio::test]
async fn each_layer_reads_a_status_with_its_catalogue() {
    let ours = Responder::new::<ErrorCode>;
    let shops = Responder::new::<shop::ErrorCode>;
    let both = || ours().boundary(Boundary::public().allow_domain("shop.example.com"));
    // The code that is sent by: a layer with our catalogue, one with the shop's, one that allows both, and no layer.
    for (kind, sent) in [
        ("status", [Some("codelibra 403003"), None, Some("codelibra 403003"), Some("codelibra 403003")]),
        (
            "status of the shop",
            [None, Some("shop.example.com 503001"), Some("shop.example.com 503001"), None],
        ),
        ("code", [Some("codelibra 403003"), None, Some("codelibra 403003"), Some("codelibra 403003")]),
        (
            "code of the shop",
            [
                None,
                Some("shop.example.com 503001"),
                Some("shop.example.com 503001"),
                Some("shop.example.com 503001"),
            ],
        ),
        ("struct", [Some("codelibra 403005"), None, Some("codelibra 403005"), Some("codelibra 403005")]),
        ("derived", [Some("codelibra 400007"), None, Some("codelibra 400007"), Some("codelibra 400007")]),
        ("ApiError", [Some("codelibra 403003"), None, Some("codelibra 403003"), Some("codelibra 403003")]),
        ("received", [None; 4]),
        ("forwarded", [None; 4]),
    ] {
        let router = || Router::new().route("/", get(async move || fails(kind)));
        let routers = [
            (router().layer(ErrorLayer::new(ours())), "codelibra 500001"),
            (router().layer(ErrorLayer::new(shops())), "shop.example.com 500000"),
            (router().layer(ErrorLayer::new(both())), "codelibra 500001"),
            (router(), "codelibra 500001"),
        ];
        for ((router, internal), expected) in routers.into_iter().zip(sent) {
            let text = body(router, "/").await.1;
            let body: serde_json::Value = serde_json::from_str(&text).unwrap();
            let sent = format!("{} {}", body["domain"].as_str().unwrap(), body["code"]);
            assert_eq!(sent, expected.unwrap_or(internal), "{kind}");
        }
    }
}

/// A code without a domain, such as that of the ASCII field, is of the catalogue of the layer.
#[tokio::test]
async fn a_status_without_a_domain_has_a_code_of_the_layer() {
    let handler = async || {
        let mut status = tonic::Status::aborted("");
        status.metadata_mut().insert("codelibra-error-code", "409001".parse().unwrap());
        Err::<(), _>(GatewayError::from(status))
    };
    for (responder, sent) in [
        (Responder::new::<ErrorCode>(), "codelibra"),
        (Responder::new::<shop::ErrorCode>(), "shop.example.com"),
    ] {
        let app = Router::new().route("/", get(handler)).layer(ErrorLayer::new(responder));
        let text = body(app, "/").await.1;
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&body["code"], &body["domain"]), (&409_001.into(), &sent.into()));
    }
}

/// A status that tonic makes of the error of a connection contains its text. The text is private within every boundary.
#[tokio::test]
async fn the_error_of_a_connection_is_not_sent() {
    for boundary in [Boundary::public(), Boundary::internal()] {
        let app = Router::new()
            .route(
                "/made",
                get(async || {
                    let error = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "10.0.0.7:5432");
                    Err::<(), _>(GatewayError::from(tonic::Status::from_error(error.into())))
                }),
            )
            .route(
                "/called",
                get(async || {
                    let channel =
                        tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
                    tonic_health::pb::health_client::HealthClient::new(channel)
                        .check(tonic_health::pb::HealthCheckRequest::default())
                        .await?;
                    Ok::<(), GatewayError>(())
                }),
            )
            .layer(ErrorLayer::new(Responder::new::<ErrorCode>().boundary(boundary)));
        for (path, code) in [("/made", 500_001), ("/called", 503_000)] {
            let (status, text) = body(app.clone(), path).await;
            assert_eq!(u32::from(status.as_u16()), code / 1000);
            assert!(text.contains(&code.to_string()), "{text}");
            assert!(!text.contains("10.0.0.7") && !text.contains("tcp"), "{path}: {text}");
        }
    }
}

#[test]
fn a_gateway_error_describes_itself() {
    assert!(size_of::<GatewayError>() <= 16);
    assert!(size_of::<Result<(), GatewayError>>() <= 16);
    assert_eq!(fails("status").unwrap_err().to_string(), "403003 USER_BANNED: m");
    assert_eq!(fails("status of the shop").unwrap_err().to_string(), "503001 CLOSED: The shop is closed.");
    assert_eq!(fails("received").unwrap_err().to_string(), "403001: theirs");
    let error = fails("no code").unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "invalid digit found in string");
    for (kind, code) in [
        ("status", Some(ErrorCode::USER_BANNED)),
        ("code", Some(ErrorCode::USER_BANNED)),
        ("status of the shop", None),
        ("code of the shop", None),
        ("forwarded", None),
    ] {
        assert_eq!(fails(kind).unwrap_err().code(), code, "{kind}");
    }
    assert_eq!(fails("status of the shop").unwrap_err().code(), Some(shop::ErrorCode::CLOSED));
}

/// An error of this service has the same response with and without a `GatewayError`, in every catalogue.
#[tokio::test]
async fn an_own_error_is_a_gateway_error() {
    fn own(error: impl IntoGatewayError) -> Result<(), GatewayError> {
        Err(error)?
    }
    let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    let sold = || shop::SoldOut { ..shop::SoldOut::default() };
    for (gateway, own) in [
        (own(ErrorCode::USER_BANNED), ErrorCode::USER_BANNED.into_response()),
        (own(ErrorCode::UNEXPECTED_ERROR), ErrorCode::UNEXPECTED_ERROR.into_response()),
        (own(ErrorCode::from_u32(403_099).unwrap()), ErrorCode::from_u32(403_099).unwrap().into_response()),
        (own(locked.clone()), locked.into_response()),
        (own(shop::ErrorCode::CLOSED), shop::ErrorCode::CLOSED.into_response()),
        (own(sold()), sold().into_response()),
        (own(Checkout::Paid(7)), ApiError::from(Checkout::Paid(7)).into_response()),
        (
            own(ErrorCode::USER_BANNED.with_message("m")),
            ErrorCode::USER_BANNED.with_message("m").into_response(),
        ),
        (own(elsewhere()), elsewhere().into_response()),
    ] {
        let gateway = gateway.into_response();

        assert_eq!(gateway.status(), own.status());
        assert_eq!(gateway.headers(), own.headers());
        assert_eq!(read(gateway).await, read(own).await);
    }
}
