//! proto/ (links to the protos of the library) → the service of `serve`, and the descriptors for reflection and `export descriptor-set`.

use std::error::Error;
use std::path::PathBuf;

const PROTO: &str = "proto";
const SERVICE: &str = "proto/codelibra/catalog/v1/error_catalog_service.proto";
const ERROR_INFO: &str = "proto/codelibra/error/v1/error_info.proto";
const CATALOG: &str = "proto/codelibra/error/v1/catalog.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let service = compile(&[SERVICE, ERROR_INFO])?;
    // From the compiler's bytes: prost's types drop the HTTP annotations and the entries.
    std::fs::write(out.join("service.descriptors"), service.encode_file_descriptor_set())?;
    std::fs::write(out.join("catalog.descriptors"), compile(&[CATALOG])?.encode_file_descriptor_set())?;

    tonic_prost_build::configure()
        .message_attribute(".codelibra.catalog.v1", "#[derive(serde::Serialize, serde::Deserialize)]")
        .message_attribute(".codelibra.catalog.v1", "#[serde(default)]")
        .field_attribute(".codelibra.catalog.v1.ErrorParam.type", "#[serde(rename = \"type\")]")
        .compile_fds(service.file_descriptor_set())?;
    Ok(())
}

fn compile(files: &[&str]) -> Result<protox::Compiler, protox::Error> {
    let mut compiler = protox::Compiler::new([PROTO])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    Ok(compiler)
}
