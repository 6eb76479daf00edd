//! `serve --catalog`: no answer names a code of CodeLibra's own catalogue.

use std::collections::BTreeSet;

use codelibra::{CatalogCode, Entry, ErrorCode, GrpcCode};
use tonic::Status;

use crate::codes::rows;
use crate::pb::*;
use crate::running::Serve;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const JSON: &str = "application/json";

/// A catalogue of the tests, as `serve --catalog` and the test read it.
struct Foreign {
    file: &'static str,
    catalog: codelibra_build::Catalog,
}

impl Foreign {
    fn read(file: &'static str) -> Self {
        let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
        let folder = std::path::Path::new(file).parent().unwrap();
        let catalog = codelibra_build::Catalog::from_proto(file, &[folder.to_str().unwrap(), proto]).unwrap();
        Self { file, catalog }
    }

    /// Checks that each code in a text is one of this catalogue or `CCC000`, and that no name, reason or text of ours is in
    /// it. `asked`: what the request itself contains.
    fn check(&self, context: &str, text: &str, asked: &str) {
        let text = if asked.is_empty() { text.to_owned() } else { text.replace(asked, "") };
        // `#` begins a colour of a page.
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && !"_#".contains(c)).collect();
        let is_listed = |code: u32| self.catalog.entries.iter().any(|entry| entry.code == code);
        let codes = words.iter().filter(|word| word.len() == 6).filter_map(|word| word.parse::<u32>().ok());
        for code in codes.filter(|code| (400_000..=599_998).contains(code)) {
            assert!(code % 1000 == 0 || is_listed(code), "{context}: {code}: {text}");
        }
        for Entry { name, reason, summary, .. } in ErrorCode::catalog().entries() {
            let is_shared = self.catalog.entries.iter().any(|entry| entry.reason == *reason);
            // NOT_FOUND is also the name of a gRPC code.
            if !is_shared && GrpcCode::from_name(reason).is_none() {
                assert!(!words.contains(name) && !words.contains(reason), "{context}: {name}: {text}");
            }
            assert!(!text.contains(summary), "{context}: {summary}: {text}");
        }
    }
}

fn catalogues() -> [Foreign; 2] {
    [
        Foreign::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/lending.proto")),
        Foreign::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop.proto")),
    ]
}

#[tokio::test]
async fn no_answer_over_http_names_a_code_of_ours() {
    for foreign in catalogues() {
        let serve = Serve::start(&["--catalog", foreign.file]);
        let mut paths: Vec<(String, String)> = [
            "/errors",
            "/errors?q=user",
            "/errors?q=a&q=b",
            "/errors/999",
            "/errors/NoSuchName",
            "/errors/%FF",
            "/nowhere",
            "/v1/errors",
            "/v1/errors?class=403",
            "/v1/errors?class=4xx",
            "/v1/errors?clas=404",
            "/v1/errors/abc",
            "/v1/errors/999",
            "/v1/errors/%FF",
            "/v1/errors/999:raise",
            "/v1/errors/410001:shout",
            "/v1/errors/410001:raise?a=1",
            "/v1/errors/410001:stream?items=x",
            "/v1/errors/410001:stream?items=1001",
            "/v1/errors/410001:stream?items=2",
        ]
        .map(|path| (path.to_owned(), String::new()))
        .into();
        for entry in &foreign.catalog.entries {
            for path in ["/errors/", "/v1/errors/"] {
                paths.push((format!("{path}{}", entry.code), String::new()));
            }
            paths.push((format!("/v1/errors/{}:raise", entry.code), String::new()));
        }
        for row in rows() {
            let is_listed = foreign.catalog.entries.iter().any(|entry| entry.code == row.code);
            let code = row.code.to_string();
            if !is_listed {
                for path in [format!("/errors/{code}"), format!("/v1/errors/{code}")] {
                    paths.push((path, code.clone()));
                }
                paths.push((format!("/v1/errors/{code}:raise"), code));
            }
            for asked in [row.name, row.reason] {
                paths.push((format!("/errors/{asked}"), asked.clone()));
                paths.push((format!("/v1/errors/{asked}"), asked));
            }
        }
        for (path, asked) in paths {
            for accept in [BROWSER, JSON] {
                let answer = serve.ask("GET", &path, accept).await;
                let context = format!("{path} for {accept}");
                foreign.check(&context, answer.text(), &asked);
                for (name, value) in &answer.headers {
                    foreign.check(&format!("{name} of {context}"), value.to_str().unwrap(), &asked);
                }
                if answer.status >= 400 && accept == JSON && !path.contains(":stream?items=2") {
                    assert_eq!(answer.json()["domain"], foreign.catalog.domain, "{context}");
                }
            }
        }
    }
}

#[tokio::test]
async fn no_answer_over_grpc_names_a_code_of_ours() {
    for foreign in catalogues() {
        let serve = Serve::start(&["--catalog", foreign.file]);
        let mut client = serve.client().await;
        let check = |context: &str, status: &Status, asked: &str| {
            let error = codelibra::StatusCodeExt::to_received::<ErrorCode>(status);
            assert_eq!(error.domain(), foreign.catalog.domain, "{context}");
            let texts = format!("{status:?} {:?} {} {}", error.number(), error.reason(), error.message());
            foreign.check(context, &format!("{texts} {:?}", error.metadata().to_map()), asked);
        };
        for code in [0, 999, 403_003, 400_005, 500_001] {
            let asked = if code > 999 { code.to_string() } else { String::new() };
            let status = client.get_error(GetErrorRequest { code }).await.unwrap_err();
            check("GetError", &status, &asked);
            let raise = RaiseErrorRequest { code, ..Default::default() };
            check("RaiseError", &client.raise_error(raise).await.unwrap_err(), &asked);
        }
        let metadata = [("locked_until".to_owned(), "1".to_owned())].into();
        let raise = RaiseErrorRequest { code: 410_001, metadata, ..Default::default() };
        check("RaiseError", &client.raise_error(raise).await.unwrap_err(), "");
        let stream = RaiseErrorStreamRequest { code: 410_001, after_items: 1001, ..Default::default() };
        check("RaiseErrorStream", &client.raise_error_stream(stream).await.unwrap_err(), "");
        let list = ListErrorsRequest { http_status: 200 };
        check("ListErrors", &client.list_errors(list).await.unwrap_err(), "");
        let unknown = crate::call::call_with(
            &[&format!("http://{}", serve.grpc), "/a.B/C", "--format", "json", "--catalog", foreign.file],
            &[],
        );
        foreign.check("an unknown method", &unknown.stdout, "");
        assert_eq!(unknown.json()["code"], 501_000);
    }
}

/// What `serve` prints is of the catalogue that it serves, and it works.
#[cfg(unix)]
#[tokio::test]
async fn the_printed_examples_are_of_the_catalogue() {
    let ours = (concat!(env!("CARGO_MANIFEST_DIR"), "/proto/codelibra/error/v1/catalog.proto"), 2);
    let examples = catalogues().map(|foreign| foreign.file).into_iter().zip([1, 2]).chain([ours]);
    for (file, expected) in examples {
        let foreign = Foreign::read(file);
        let printed = Serve::start(&["--catalog", file]).stop();
        if file != ours.0 {
            foreign.check("stdout", &printed, "");
        }
        let serve = Serve::start(&["--catalog", file]);
        let paths: Vec<&str> = printed.split('\'').skip(1).step_by(2).collect();
        assert_eq!(paths.len(), expected, "{printed}");
        for url in paths {
            let path = url.splitn(4, '/').nth(3).unwrap();
            let answer = serve.ask("GET", &format!("/{path}"), JSON).await;
            let entry = foreign.catalog.entries.iter().find(|e| u64::from(e.code) == answer.json()["code"]);
            let entry = entry.unwrap_or_else(|| panic!("{url}: {}", answer.text()));
            assert!(path.contains(&entry.code.to_string()) && entry.deprecated.is_empty(), "{url}");
        }
    }
}

/// Clients without our descriptors ask for those of the service. The codes are not among them.
#[tokio::test]
async fn reflection_does_not_contain_our_catalogue() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let serve = Serve::start(&["--catalog", catalogues()[0].file]);
    let mut client = ServerReflectionClient::new(serve.channel().await);
    for (symbol, is_there) in
        [("codelibra.error.v1.ErrorInfo", true), ("codelibra.error.v1.ErrorCode", false)]
    {
        let request = tonic_reflection::pb::v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileContainingSymbol(symbol.into())),
        };
        let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
        let answer = answers.into_inner().message().await.map(|answer| answer.unwrap().message_response);
        let found = matches!(answer, Ok(Some(MessageResponse::FileDescriptorResponse(_))));
        assert_eq!(found, is_there, "{symbol}: {answer:?}");
    }
}
