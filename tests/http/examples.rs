//! Runs the examples of HTTP: the service, and both clients against it.

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/axum.rs"]
mod service;

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/hyper_client.rs"]
mod hyper_client;

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/reqwest_client.rs"]
mod reqwest_client;

use axum::Router;
use axum::routing::get;
use codelibra::ErrorCode;
use codelibra::codes::LockedOut;
use codelibra::http::Reader;

/// Where a service listens.
async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

#[tokio::test]
async fn every_failure_of_the_service_has_a_code() {
    let url = serve(service::app()).await;
    for (path, code) in [
        ("/users/7", ErrorCode::USER_BANNED),
        ("/users/8", ErrorCode::UNEXPECTED_ERROR),
        ("/users/seven", ErrorCode::VALIDATION_ERROR),
        ("/nowhere", ErrorCode::NOT_FOUND),
        ("/me", ErrorCode::AUTHENTICATION_REQUIRED),
    ] {
        let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
        let challenged = answer.headers().contains_key("www-authenticate");
        assert_eq!(challenged, code == ErrorCode::AUTHENTICATION_REQUIRED, "{path}");
        let error = Reader::new::<ErrorCode>().read_response(answer.into()).await;
        assert_eq!(error.code(), Some(code), "{path}");
        assert!(!error.message().contains("disk"), "{path}");
    }
    let answer = reqwest::get(format!("{url}/users/9")).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "\"user 9\"");
}

#[tokio::test]
async fn the_clients_read_what_a_service_answers() {
    let locked = || async { LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() } };
    let url = serve(service::app().route("/locked", get(locked))).await;
    for (path, by_hyper, by_reqwest) in [
        ("/locked", "locked until 2026-01-31T09:30:00Z", "locked until 2026-01-31T09:30:00Z"),
        ("/users/7", "403003 USER_BANNED: This user has been banned.; Never", "banned"),
        ("/users/9", "\"user 9\"", "\"user 9\""),
    ] {
        let url = format!("{url}{path}");
        assert_eq!(hyper_client::get(&url).await.unwrap(), by_hyper);
        assert_eq!(reqwest_client::explain(&url).await.unwrap(), by_reqwest);
    }
}
