//! The catalogue as pages, for browsers and for other clients.

use crate::codes::rows;
use crate::running::Serve;

/// As Chromium sends it.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
const ANY: &str = "*/*";
const JSON: &str = "application/json";

const HTML: &str = "text/html; charset=utf-8";

#[tokio::test]
async fn every_code_has_a_page() {
    let serve = Serve::start(&[]);
    let list = serve.get("/errors").await;
    for row in rows() {
        assert!(list.text().contains(&format!("href=\"/errors/{}\"", row.code)), "{}", row.code);
        let page = serve.get(&format!("/errors/{}", row.code)).await;
        assert_eq!((page.status, page.header("content-type")), (200, HTML));
        assert!(page.text().contains(&row.name), "{}", row.code);
        assert!(page.text().contains("grpc-status-details-bin"), "{}", row.code);
    }
    let found = serve.get("/errors?q=passkey+reset").await;
    // Without JavaScript, the browser shows the rows that are not hidden.
    let is_shown = |code: &str| {
        let row = found
            .text()
            .split("<li ")
            .find(|row| row.contains(&format!("/errors/{code}\"")))
            .map(str::to_owned);
        !row.unwrap().split_once('>').unwrap().0.ends_with(" hidden")
    };
    let code = codelibra::CATALOG.by_name("WrongPasskeyResetCode").unwrap().code;
    assert!(is_shown(&code.to_string()) && !is_shown("403003"));
}

/// What each kind of client is answered, with GET and with HEAD.
#[tokio::test]
async fn browsers_get_pages_and_api_clients_coded_errors() {
    const PAGE: &str = HTML;
    let serve = Serve::start(&[]);
    for (path, accept, status, content_type, named) in [
        ("/errors", BROWSER, 200, PAGE, "UserBanned"),
        ("/errors", ANY, 200, PAGE, "UserBanned"),
        ("/errors/403003", BROWSER, 200, PAGE, "UserBanned"),
        ("/errors/403003", ANY, 200, PAGE, "UserBanned"),
        // An unlisted code: the nearest one is named.
        ("/errors/404404", BROWSER, 404, PAGE, "/errors/404004"),
        ("/errors/404404", ANY, 404, PAGE, "/errors/404004"),
        ("/errors/404404", "", 404, PAGE, "/errors/404004"),
        ("/errors/404404", JSON, 404, JSON, "404004"),
        ("/errors/403000", BROWSER, 404, PAGE, "/errors/403001"),
        // No code at all.
        ("/errors/4030", BROWSER, 404, PAGE, "/errors/403001"),
        ("/errors/999", BROWSER, 404, PAGE, "/errors/"),
        ("/errors/4030031", BROWSER, 404, PAGE, "/errors/403003"),
        ("/errors/UserBand", BROWSER, 404, PAGE, "/errors/403003"),
        ("/errors/UserBand", ANY, 404, PAGE, "/errors/403003"),
        ("/errors/UserBand", JSON, 404, JSON, "UserBanned"),
        ("/errors/%3Cscript%3E", BROWSER, 404, PAGE, "&#60;script&#62;"),
        // Other failures.
        ("/nowhere", BROWSER, 404, PAGE, "404003"),
        ("/nowhere", ANY, 404, JSON, "404003"),
        ("/nowhere", "", 404, JSON, "404003"),
        ("/nowhere", JSON, 404, JSON, "404003"),
        ("/nowhere", "application/json, text/html", 404, JSON, "404003"),
        ("/nowhere", "text/html, application/json", 404, PAGE, "404003"),
        ("/nowhere", "text/html;q=0", 404, JSON, "404003"),
        ("/nowhere", "text/html;q=0.5, application/json", 404, JSON, "404003"),
        ("/nowhere", "application/problem+json", 404, "application/problem+json", "404003"),
        ("/errors?q=a&q=b", BROWSER, 400, PAGE, "400002"),
        ("/errors?q=a&q=b", ANY, 400, JSON, "400002"),
        ("/errors/%FF", BROWSER, 400, PAGE, "400002"),
        // The API answers everyone alike, as a gateway in production would.
        ("/v1/errors/403003:raise", BROWSER, 403, JSON, "403003"),
        ("/v1/errors/abc", BROWSER, 400, JSON, "400001"),
        ("/v1/nowhere", BROWSER, 404, JSON, "404003"),
    ] {
        let answer = serve.ask("GET", path, accept).await;
        let case = format!("{path} for {accept:?}: {}", answer.text());
        assert_eq!((answer.status, answer.header("content-type")), (status, content_type), "{case}");
        assert!(answer.text().contains(named), "{named}: {case}");
        assert_eq!(answer.header("vary"), "accept", "{case}");
        if status >= 400 {
            assert_eq!(answer.header("cache-control"), "no-store", "{case}");
            let code = answer.header("codelibra-error-code");
            assert_eq!(code.get(..3), Some(&*status.to_string()), "{case}");
        }
        let head = serve.ask("HEAD", path, accept).await;
        assert_eq!((head.status, head.header("content-type")), (status, content_type), "HEAD {case}");
        assert_eq!(head.header("vary"), "accept", "HEAD {case}");
        assert!(head.body.is_empty(), "HEAD {case}");
    }
}

#[tokio::test]
async fn names_and_reasons_lead_to_their_code() {
    let serve = Serve::start(&[]);
    for (path, target) in [
        ("/", "/errors"),
        ("/errors/", "/errors"),
        ("/errors/?q=banned", "/errors?q=banned"),
        ("/errors/UserBanned", "/errors/403003"),
        ("/errors/USER_BANNED", "/errors/403003"),
        ("/errors/userbanned", "/errors/403003"),
        ("/errors/403003/", "/errors/403003"),
        ("/errors/UserBanned/", "/errors/403003"),
        ("/errors/%20403003", "/errors/403003"),
    ] {
        for method in ["GET", "HEAD"] {
            for accept in [BROWSER, ANY, JSON] {
                let answer = serve.ask(method, path, accept).await;
                assert_eq!((answer.status, answer.header("location")), (307, target), "{method} {path}");
            }
        }
    }
    let page = serve.get("/errors/USER_BANNED").await;
    assert!(page.status == 200 && page.text().contains("403003"), "a client that follows arrives");
}

/// `since`, `deprecated` and `replaced_by`, wherever entries are shown.
#[tokio::test]
async fn the_history_of_an_entry_is_shown() {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lending.proto");
    let serve = Serve::start(&["--catalog", catalog]);
    let entry = serve.get("/v1/errors/404004").await.json();
    assert_eq!((&entry["since"], &entry["deprecated"]), (&"1.0".into(), &"2.1".into()), "{entry}");
    assert_eq!(entry["replaced_by"], "NOT_FOUND");
    let page = serve.get("/errors/404004").await;
    for part in ["Since", "1.0", "Deprecated", "2.1", "href=\"/errors/404003\""] {
        assert!(page.text().contains(part), "{part}");
    }
    let page = serve.get("/errors/410001").await;
    assert!(page.text().contains("Deprecated") && !page.text().contains("/errors/\""));
    let page = serve.get("/errors/400001").await;
    assert!(page.text().contains("1.2") && !page.text().contains("Deprecated"));
    assert!(serve.get("/errors").await.text().contains("Deprecated since 2.1."));
    assert!(serve.get("/errors?q=deprecated").await.text().contains("NoSuchBook"), "it can be searched for");
}

#[tokio::test]
async fn the_next_step_is_a_sentence() {
    let serve = Serve::start(&[]);
    for entry in codelibra::CATALOG.entries() {
        let page = serve.get(&format!("/errors/{}", entry.code)).await;
        let text = page.text();
        let step = text.split_once("<dt>Next step</dt><dd>").unwrap().1;
        let (sentence, _) = step.split_once(&format!("<code>{}</code>", entry.recovery)).unwrap();
        assert!(sentence.trim_end().ends_with('.'), "{}: {sentence:?}", entry.code);
    }
}
