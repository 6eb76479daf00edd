//! proto/ → Rust.

use std::error::Error;
use std::path::PathBuf;

const PROTO: &str = "proto";
const CATALOG: &str = "proto/codelibra/error/v1/catalog.proto";
const ERROR_INFO: &str = "proto/codelibra/error/v1/error_info.proto";

fn main() -> Result<(), Box<dyn Error>> {
    codelibra_build::compile(CATALOG, &[PROTO])?;

    println!("cargo:rerun-if-changed={ERROR_INFO}");
    let mut compiler = protox::Compiler::new([PROTO])?;
    // Its comments are the docs of the Rust types, and what tools print that use reflection.
    compiler.include_source_info(true).open_file(ERROR_INFO)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("error_info.descriptors"), compiler.encode_file_descriptor_set())?;
    prost_build::Config::new().enable_type_names().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
