//! The router: what each address responds with, below a path, at the root and in a nested router.

#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(feature = "axum")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use codelibra::ErrorCode;
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn get(app: &Router, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let field = |name| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (status, field) =
        (response.status(), format!("{}{}", field("location"), field("codelibra-error-code")));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, field, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_address_has_a_page_or_leads_to_one() {
    let app: Router = codelibra_pages::router::<ErrorCode, _>("/errors");
    let nested = Router::new().nest("/shop", app.clone());
    for (app, prefix) in [(&app, ""), (&nested, "/shop")] {
        for (path, status, field, part) in [
            ("/errors", 200, "", "href=\"errors/403003\""),
            ("/errors?q=banned&class=403", 200, "", "1 of 39"),
            ("/errors/403003", 200, "", "href=\"../errors\""),
            ("/errors/403003.json", 200, "", "\"USER_BANNED\""),
            ("/errors/catalog.json", 200, "", "\"USER_BANNED\""),
            ("/errors/", 307, "../errors", ""),
            ("/errors/UserBanned", 307, "403003", ""),
            ("/errors/USER_BANNED", 307, "403003", ""),
            ("/errors/403003/", 307, "../403003", ""),
            ("/errors/UserBand", 404, "404000", "href=\"../errors/403003\""),
            ("/errors/UserBand/", 404, "404000", "href=\"../../errors/403003\""),
            ("/errors/403099", 404, "404000", "Clients treat the code by its class"),
            ("/errors/403099.json", 404, "404000", "Nearest"),
            ("/errors/%3Cscript%3E", 404, "404000", "no such code"),
        ] {
            let response = get(app, &format!("{prefix}{path}")).await;
            assert_eq!((response.0.as_u16(), response.1.as_str()), (status, field), "{prefix}{path}");
            assert!(response.2.contains(part), "{prefix}{path}: {part}");
        }
    }
}

#[tokio::test]
async fn the_list_can_be_at_the_root() {
    for path in ["/", ""] {
        let app: Router = codelibra_pages::router::<ErrorCode, _>(path);
        assert!(get(&app, "/").await.2.contains("href=\"./403003\""));
        assert!(get(&app, "/403003").await.2.contains("<nav><a id=\"list\" href=\".\">"));
        assert_eq!(get(&app, "/UserBanned").await.1, "403003");
    }
}
