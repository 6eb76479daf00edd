//! `codelibra call` against real servers.

use std::process::Command;

use crate::running::Serve;

/// `codelibra call` against the running server: what `decode` would print.
#[test]
fn call_prints_the_error_that_a_server_answers() {
    let serve = Serve::start(&[]);
    let url = format!("http://{}", serve.grpc);
    let call = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_codelibra")).arg("call").args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let json = |arguments: &[&str]| {
        let (status, stdout, stderr) = call(&[arguments, &["--format", "json"]].concat());
        assert_eq!(status, 0, "{stderr}");
        serde_json::from_str::<serde_json::Value>(&stdout).unwrap()
    };
    const RAISE: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseError";
    const STREAM: &str = "/codelibra.catalog.v1.ErrorCatalogService/RaiseErrorStream";
    const GET: &str = "/codelibra.catalog.v1.ErrorCatalogService/GetError";
    // {code: 403003}, and {code: 403003, after_items: 3}.
    for (method, data) in [(RAISE, "CLvMGA=="), (STREAM, "CLvMGCAD")] {
        let error = json(&[&url, method, "--data-base64", data]);
        assert_eq!((&error["code"], &error["grpc_code"]), (&403_003.into(), &7.into()), "{error}");
        assert_eq!((&error["name"], &error["notes"]), (&"UserBanned".into(), &serde_json::json!([])));
        let id = &error["details"][0];
        assert_eq!(id["type"], "google.rpc.RequestInfo");
    }
    assert_eq!(json(&[&url, "/nobody.v1.Nothing/At"])["code"], 501_000);
    assert_eq!(json(&[&url, GET, "--data-base64", "CLvMGA=="])["grpc_code"], 0);
    let (status, stdout, _) = call(&[&url, RAISE, "--data-base64", "CLvMGA=="]);
    assert!(status == 0 && stdout.starts_with("403003 UserBanned\n"), "{stdout}");

    // The gateway is no gRPC server, but it says its code in the ASCII field all the same.
    let error = json(&[&serve.http, RAISE]);
    assert_eq!(error["code"], 404_003);
    assert!(error["notes"].to_string().contains("grpc-status did not arrive"), "{error}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (arguments, named) in [
        (vec!["nowhere", RAISE], "nowhere"),
        (vec!["https://127.0.0.1:1", RAISE], "https"),
        (vec![&url, "Nothing"], "Nothing"),
        (vec![&url, RAISE, "--data-base64", "%"], "%"),
        (vec![&url, RAISE, "--timeout", "soon"], "soon"),
        (vec![&format!("http://{free}"), RAISE], &free.to_string()),
    ] {
        let (status, stdout, stderr) = call(&arguments);
        assert_eq!((status, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{stderr}");
        assert!(stderr.contains(named), "{stderr}");
    }
}
