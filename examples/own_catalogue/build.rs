//! Compiles the catalogue to `OUT_DIR/errors.rs`, and the service to `OUT_DIR/parcel.v1.rs`. It needs no protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    codelibra_build::compile("proto/parcel/v1/errors.proto", &["proto"])?;

    println!("cargo:rerun-if-changed=proto/parcel/v1/parcel.proto");
    let service = protox::compile(["parcel/v1/parcel.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(service)?;
    Ok(())
}
