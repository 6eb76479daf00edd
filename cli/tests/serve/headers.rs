//! The metadata of `codelibra call --header`, as a real server receives it.

use http::HeaderMap;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::call::{RAISE, call_with};

/// A secret that no output may contain.
const SECRET: &str = "hunter2";

/// A server that sends each request's headers to the test, and the error PERMISSION_DENIED to the caller.
fn recording() -> (String, UnboundedReceiver<HeaderMap>) {
    let (sender, receiver) = unbounded_channel();
    let answer = move |headers: HeaderMap| async move {
        sender.send(headers).unwrap();
        [("content-type", "application/grpc"), ("grpc-status", "7")]
    };
    let incoming = tonic::transport::server::TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", incoming.local_addr().unwrap());
    let routes = tonic::service::Routes::from(axum::Router::new().fallback(answer));
    let mut server = tonic::transport::Server::builder().http2_max_header_list_size(1 << 20);
    tokio::spawn(server.add_routes(routes).serve_with_incoming(incoming));
    (url, receiver)
}

/// A folder of this test alone.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_receives_each_header() {
    let (url, mut requests) = recording();
    let folder = folder("call_header");
    let write = |name: &str, content: &str| {
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (unix, windows) = (write("unix", "Bearer hunter2\n"), write("windows", "Bearer hunter2\r\n"));
    let longest = "x".repeat((64 << 10) - "x-a".len() - 32);
    let longest_file = write("longest", &format!("{longest}\n"));
    for (headers, name, values) in [
        (vec!["authorization=Bearer hunter2"], "authorization", vec!["Bearer hunter2"]),
        (vec!["Authorization=Bearer hunter2"], "authorization", vec!["Bearer hunter2"]),
        (vec![&*format!("authorization=@{unix}")], "authorization", vec!["Bearer hunter2"]),
        (vec![&*format!("authorization=@{windows}")], "authorization", vec!["Bearer hunter2"]),
        (vec!["authorization=env:TOKEN"], "authorization", vec!["Bearer hunter2"]),
        (vec![&*format!("x-a=@{longest_file}")], "x-a", vec![&*longest]),
        (vec!["x-a=b=c=="], "x-a", vec!["b=c=="]),
        (vec!["x-a=text:@b"], "x-a", vec!["@b"]),
        (vec!["x-a=text:env:B"], "x-a", vec!["env:B"]),
        (vec!["x-a=text:text:b"], "x-a", vec!["text:b"]),
        (vec!["x-a=b@c"], "x-a", vec!["b@c"]),
        (vec!["x-a=-b"], "x-a", vec!["-b"]),
        (vec!["x_a.b-1=a \"b\", {c}~"], "x_a.b-1", vec!["a \"b\", {c}~"]),
        // In their order.
        (vec!["x-a=1", "x-b=2", "x-a=3"], "x-a", vec!["1", "3"]),
        // gRPC sends binary values without padding.
        (vec!["x-a-bin=AQI="], "x-a-bin", vec!["AQI"]),
        (vec!["x-a-bin=AQI"], "x-a-bin", vec!["AQI"]),
        (vec!["x-a-bin=env:BINARY"], "x-a-bin", vec!["AQI"]),
        (vec!["x-a-bin="], "x-a-bin", vec![""]),
    ] {
        let options: Vec<&str> = headers.iter().flat_map(|header| ["--header", header]).collect();
        let variables = [("TOKEN", "Bearer hunter2"), ("BINARY", "AQI=")];
        let printed = call_with(&[&[&url, RAISE], &*options].concat(), &variables);
        assert_eq!((printed.exit, &*printed.stderr), (0, ""), "{headers:?}");
        assert!(!printed.stdout.contains(SECRET), "{}", printed.stdout);
        let received = requests.recv().await.unwrap();
        let received: Vec<_> = received.get_all(name).iter().collect();
        assert_eq!(received, values, "{headers:?}");
    }
}

/// What other options set is not changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_does_not_replace_those_of_the_call() {
    let (url, mut requests) = recording();
    let printed = call_with(&[&url, RAISE, "--header", "x-a=b", "--timeout", "60s"], &[]);
    assert_eq!(printed.exit, 0, "{}", printed.stderr);
    let received = requests.recv().await.unwrap();
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers"), ("x-a", "b")] {
        assert_eq!(received[name], value);
    }
    assert!(received.contains_key("grpc-timeout"));
}

#[test]
fn what_cannot_be_sent_is_refused_without_its_value() {
    let folder = folder("call_header_refused");
    let too_long = folder.join("too_long");
    std::fs::write(&too_long, format!("{SECRET}{}", "x".repeat(64 << 10))).unwrap();
    let two_lines = folder.join("two_lines");
    std::fs::write(&two_lines, format!("{SECRET}\n{SECRET}\n")).unwrap();
    let (too_long, two_lines) =
        (format!("x-a=@{}", too_long.display()), format!("x-a=@{}", two_lines.display()));
    let (half, folder) =
        (format!("x-a={SECRET}{}", "x".repeat(40_000)), format!("x-a=@{}", folder.display()));
    for (headers, named) in [
        (vec!["hunter2"], "--header has no `=`; expected NAME=VALUE"),
        (vec!["x-a=b", "hunter2"], "--header number 2 has no `=`"),
        (vec!["=hunter2"], "has no name"),
        // A secret in base64, without a name.
        (vec!["hunter2="], "empty value"),
        (vec!["authorization: Bearer hunter2=="], "has a `:` in its name; expected NAME=VALUE"),
        (vec!["Bearer hunter2==x"], "expected a-z, 0-9, `-`, `_` and `.`"),
        (vec!["é=hunter2"], "expected a-z, 0-9"),
        (vec![":path=hunter2"], "HTTP/2 itself"),
        (vec!["grpc-timeout=hunter2"], "expected `--timeout`"),
        (vec!["grpc-anything=hunter2"], "grpc-anything is a field of gRPC"),
        (vec!["Content-Type=hunter2"], "content-type is a field of HTTP"),
        (vec!["te=hunter2"], "te is a field of HTTP"),
        (vec!["host=hunter2"], "host is a field of HTTP"),
        (vec!["connection=hunter2"], "connection is a field of HTTP"),
        (vec!["x-a="], "empty value"),
        (vec!["x-a=hunter2\r\nx-b: 1"], "x-a: the value contains a line break"),
        (vec!["x-a=hunter2\u{7f}"], "another control character"),
        (vec!["x-a=hunter2é"], "x-a: the value contains characters outside ASCII"),
        (vec!["x-a= hunter2"], "begins or ends with a space"),
        (vec!["x-a-bin=hunter2!"], "x-a-bin: the value is not base64"),
        // A secret that begins with `@`.
        (vec!["x-a=@hunter2"], "x-a: cannot read the file after `@`: No such file"),
        (vec![&folder], "cannot read the file after `@`"),
        (vec![&two_lines], "contains a line break"),
        (vec![&too_long], "x-a: the value is too long; expected at most 65536 bytes"),
        (vec![&half, &half], "--header number 2 x-a: the value is too long"),
        // The shell replaced the variable by its value.
        (vec!["x-a=env:hunter2"], "x-a: the variable after `env:` is not set"),
        (vec!["x-a=env:"], "the variable after `env:` is not set"),
        (vec!["x-a=env:EMPTY"], "empty value"),
    ] {
        let options: Vec<&str> = headers.iter().flat_map(|header| ["--header", header]).collect();
        let printed = call_with(&[&["http://127.0.0.1:1", RAISE], &*options].concat(), &[("EMPTY", "")]);
        printed.is_no_answer(&[named]);
        let all = format!("{}{}", printed.stdout, printed.stderr);
        assert!(!all.contains(SECRET), "{headers:?}: {all}");
    }
}
