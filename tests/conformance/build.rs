//! Generates the suite's messages and its service from its protos. `run` sets their folder in `CONFORMANCE_PROTO`. Without it, the
//! program only prints how to build it.

use std::error::Error;
use std::path::PathBuf;

const FILES: [&str; 3] = ["service.proto", "client_compat.proto", "server_compat.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CONFORMANCE_PROTO");
    let Some(folder) = std::env::var_os("CONFORMANCE_PROTO").map(PathBuf::from) else { return Ok(()) };
    println!("cargo:rerun-if-changed={}", folder.display());
    let files = FILES.map(|file| folder.join("connectrpc/conformance/v1").join(file));
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names().bytes(["."]);
    tonic_prost_build::configure().compile_fds_with_config(protox::compile(files, [folder])?, config)?;
    println!("cargo:rustc-cfg=conformance_suite");
    Ok(())
}
