//! proto/ → Rust.

use std::error::Error;

const PROTO: &str = "proto";
const CATALOG: &str = "proto/codelibra/error/v1/catalog.proto";
const ERROR_INFO: &str = "proto/codelibra/error/v1/error_info.proto";

fn main() -> Result<(), Box<dyn Error>> {
    codelibra_build::compile(CATALOG, &[PROTO])?;

    println!("cargo:rerun-if-changed={ERROR_INFO}");
    let descriptors = protox::compile([ERROR_INFO], [PROTO])?;
    prost_build::Config::new().enable_type_names().compile_fds(descriptors)?;
    Ok(())
}
