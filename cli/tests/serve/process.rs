//! How the process starts and ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::running::Serve;

#[test]
fn a_taken_port_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for (option, other) in [("--http", "--grpc"), ("--grpc", "--http")] {
        let output = Command::new(env!("CARGO_BIN_EXE_codelibra"))
            .args(["serve", option, &addr, other, "127.0.0.1:0"])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(&addr) && error.contains(option), "{error}");
        assert!(output.stdout.is_empty());
    }
}

/// What a message suggests works.
#[test]
fn an_address_that_cannot_be_used_is_refused_with_one_that_can() {
    let run = |option: &str, address: &str, other: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_codelibra"))
            .args(["serve", option, address, other, "127.0.0.1:0"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{address}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (option, other) in [("--http", "--grpc"), ("--grpc", "--http")] {
        for (wrong, right) in [
            // TEST-NET-3 (RFC 5737) and the documentation prefix (RFC 3849): of no machine.
            ("203.0.113.9:0", "`OPTION 127.0.0.1:0` takes a free port"),
            ("203.0.113.9:8080", "`OPTION 127.0.0.1:0` takes a free port"),
            ("[2001:db8::9]:0", "`OPTION [::1]:0` takes a free port"),
            ("9000", "expected such as 127.0.0.1:9000"),
            (":9000", "expected such as 127.0.0.1:9000"),
            ("nowhere.invalid:9000", "expected such as 127.0.0.1:9000"),
            ("localhost", "expected such as 127.0.0.1:8080"),
            ("127.0.0.1:99999", "expected such as 127.0.0.1:8080"),
            ("127.0.0.2", "expected such as 127.0.0.2:8080"),
            ("::1", "expected such as [::1]:8080"),
        ] {
            let error = run(option, wrong, other);
            let right = right.replace("OPTION", option);
            assert!(error.ends_with(&format!("{right}\n")) && error.lines().count() == 1, "{wrong}: {error}");
        }
    }
    // The IP address of a port that is taken is kept.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = run("--http", &taken.local_addr().unwrap().to_string(), "--grpc");
    assert!(error.ends_with("`--http 127.0.0.1:0` takes a free port\n"), "{error}");
}

/// A wrong argument is reported before anything is bound: each wrong value is the one that the message names,
/// although the other address is taken.
#[test]
fn arguments_are_checked_before_anything_is_bound() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let run = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_codelibra")).arg("serve").args(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty());
        error
    };
    for (option, other) in [("--http", "--grpc"), ("--grpc", "--http")] {
        for wrong in ["localhost", "8080", ":8080", "127.0.0.1:99999", "nowhere.invalid:1"] {
            let error = run(&[other, &taken, option, wrong]);
            let expected = format!("error: {option} `{wrong}` is not an address");
            assert!(error.starts_with(&expected) && error.lines().count() == 1, "{error}");
        }
        let error = run(&[other, &taken, option, "127.0.0.1:0", "--format", "morse"]);
        assert!(error.contains("morse"), "{error}");
    }
    let error = run(&["--http", &taken, "--grpc", &taken]);
    assert_eq!(error, format!("error: --grpc and --http are both {taken}; expected two addresses\n"));
}

#[cfg(unix)]
#[test]
fn sigterm_and_ctrl_c_end_it_well() {
    for signal in ["TERM", "INT"] {
        let mut serve = Serve::start(&[]);
        let pid = serve.process.id().to_string();
        let kill = Command::new("sh").args(["-c", &format!("kill -s {signal} {pid}")]).status().unwrap();
        assert!(kill.success());
        assert_eq!(serve.process.wait().unwrap().code(), Some(0), "SIG{signal}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_signal_does_not_wait_for_answers_under_way() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;

    let mut command = Serve::command(&[]);
    command.stderr(Stdio::piped());
    let mut serve = Serve::spawn(command);
    let mut said = BufReader::new(serve.process.stderr.take().unwrap()).lines().map(Result::unwrap);
    // A stream without an end.
    let mut health = HealthClient::new(serve.channel().await);
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    let kill = |signal: &str| {
        let kill = format!("kill -s {signal} {}", serve.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    kill("TERM");
    assert!(said.next().unwrap().contains("stopping"));
    kill("INT");
    assert!(said.next().unwrap().contains("stopping at once"));
    assert_eq!(serve.process.wait().unwrap().code(), Some(0));
    assert!(watch.message().await.is_err());
}

#[tokio::test]
async fn an_address_can_be_a_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codelibra"));
    command.args(["serve", "--http", "localhost:0", "--grpc", "localhost:0"]);
    let serve = Serve::spawn(command);
    assert_eq!(serve.get("/v1/errors/403003:raise").await.status, 403);
}

/// no-color.org: "when present and not an empty string". `CLICOLOR_FORCE` stands for the terminal.
#[tokio::test]
async fn an_empty_no_color_leaves_the_log_its_colours() {
    for (no_color, coloured) in [("", true), ("1", false)] {
        let mut command = Serve::command(&[]);
        command.env("NO_COLOR", no_color).env("CLICOLOR_FORCE", "1").stderr(Stdio::piped());
        let mut serve = Serve::spawn(command);
        assert_eq!(serve.get("/v1/errors/500001:raise").await.status, 500);
        let line = BufReader::new(serve.process.stderr.take().unwrap()).lines().next().unwrap().unwrap();
        assert!(line.contains("a call failed"), "{line}");
        assert_eq!(line.contains('\u{1b}'), coloured, "NO_COLOR={no_color}: {line}");
    }
}
