//! The responses of hyper itself, which docs/guides/gateway.md lists. If one of them gets a code, the page is to be changed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::running::Serve;

/// The head of the response to `sent`.
async fn head(address: &str, sent: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // hyper closes the connection as soon as the head is too long.
    let _ = connection.write_all(sent.as_bytes()).await;
    let (mut read, mut part) = (Vec::new(), [0; 1024]);
    while let Ok(len @ 1..) = connection.read(&mut part).await {
        read.extend(&part[..len]);
        if read.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn what_is_not_http_is_refused_without_a_code() {
    let serve = Serve::start(&[]);
    let address = serve.http.strip_prefix("http://").unwrap();
    let fields = "x: y\r\n".repeat(101);
    let post = "POST /v1/errors/403003:raise HTTP/1.1\r\nhost: x\r\n";
    for (sent, status, has_code) in [
        ("hello world\r\n\r\n".into(), 400, false),
        ("GET / HTTP/3.9\r\n\r\n".into(), 400, false),
        ("GET / HTTP/1.1\r\nx\r\n\r\n".into(), 400, false),
        (format!("{post}content-length: x\r\n\r\n"), 400, false),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(65_535)), 414, false),
        (format!("GET / HTTP/1.1\r\n{fields}\r\n"), 431, false),
        // From here on there is a request.
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(65_000)), 404, true),
        (format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n"), 400, true),
    ] {
        let start: String = sent.chars().take(60).collect();
        let head = head(address, &sent).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{start}: {head}");
        assert_eq!(head.contains("codelibra-error-code: "), has_code, "{start}: {head}");
    }
}
