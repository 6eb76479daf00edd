//! Compiles a catalogue of error codes, written in proto, to a Rust module for the crate `codelibra`.
//!
//! A catalogue is an enum with the option `(codelibra.error.v1.catalog)`. Each of its values is one error: the number is
//! the six-digit code, and the option `(codelibra.error.v1.entry)` contains everything else.
//!
//! ```proto
//! import "codelibra/error/v1/options.proto";   // comes with this crate, no file is needed
//!
//! enum ErrorCode {
//!   option (codelibra.error.v1.catalog) = {domain: "shop.example.com"};
//!   ERROR_CODE_UNSPECIFIED = 0;
//!   ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {summary: "The item is sold out."}];
//! }
//! ```
//!
//! The build script of the crate that owns the catalogue:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), codelibra_build::Error> {
//!     codelibra_build::compile("proto/shop/v1/errors.proto", &["proto"])
//! }
//! ```
//!
//! and where the module is wanted: `include!(concat!(env!("OUT_DIR"), "/errors.rs"));`
//!
//! A catalogue that breaks a rule fails the build. Every finding is reported, each with file, line,
//! column, the value at fault and what would be right.

mod add;
mod compared;
mod conflicts;
mod descriptor;
mod diff;
mod error;
mod field_numbers;
mod generate;
#[allow(dead_code, unreachable_pub, reason = "a file of the crate `codelibra`, which uses all of it")]
mod grpc_code;
mod inspection;
mod model;
mod nearest;
mod option_text;
mod positions;
mod protox_error;
mod read;
mod resolve;
mod retired;
mod rules;
mod rust_field;
#[allow(dead_code, unreachable_pub, reason = "as `grpc_code`")]
mod tables;
mod texts;
mod wanted_name;

use std::path::{Path, PathBuf};

pub use add::{NewEntry, add_entry, reason_from_name, summary_from_reason};
pub use diff::{Change, ChangeKind};
pub use error::{Diagnostic, Error, Severity};
use grpc_code::GrpcCode;
pub use inspection::{Inspection, Part};
pub use model::{Catalog, Entry, Fallback, Param};
pub use rules::is_param_name;
pub use texts::reason_faults;
/// For the command of this workspace. It is not part of the public API and can change in any version.
#[doc(hidden)]
pub use wanted_name::WantedName;

use resolve::Input;

/// Compiles the catalogue in `proto` to `$OUT_DIR/<file stem>.rs`. For build scripts.
///
/// Imports are searched for in the folders of `includes`, in this order. One of them must contain `proto`.
/// `codelibra/error/v1/options.proto`, `error_info.proto` and `google/protobuf/*.proto` come with this crate and
/// are never read from a folder. The function prints the lines that make Cargo run the build script again when one of the
/// files changes.
///
/// # Errors
///
/// The file cannot be read or parsed, or breaks a rule of catalogues; `OUT_DIR` is not set or cannot
/// be written.
pub fn compile(proto: impl AsRef<Path>, includes: &[impl AsRef<Path>]) -> Result<(), Error> {
    let proto = proto.as_ref();
    let out_dir = std::env::var_os("OUT_DIR")
        .ok_or_else(|| Error::from("OUT_DIR is not set: call `compile` from a build script"))?;
    let (inspection, paths) = Inspection::read(&Input::from_path(proto, includes));
    let catalog = inspection.into_result()?;
    let stem = proto.file_stem().unwrap_or(proto.as_os_str());
    let out = PathBuf::from(out_dir).join(stem).with_extension("rs");
    std::fs::write(&out, catalog.to_rust()).map_err(|e| Error::io("cannot write", &out, e))?;
    for path in &paths {
        rerun_if_changed(path);
    }
    Ok(())
}

/// A `.proto` file and all that it imports, as an encoded `google.protobuf.FileDescriptorSet` with its custom
/// options. Imports as for [`compile`].
///
/// # Errors
///
/// The file cannot be read or parsed.
pub fn descriptor_set(proto: impl AsRef<Path>, includes: &[impl AsRef<Path>]) -> Result<Vec<u8>, Error> {
    let proto = proto.as_ref();
    std::fs::metadata(proto).map_err(|e| Error::io("cannot read", proto, e))?;
    descriptor::compile(&Input::from_path(proto, includes)).map(|source| source.pool.encode_to_vec())
}

/// Returns the folder that imports are relative to according to the package of `proto`: as many folders up as the
/// package has parts, where the folders have the names of the parts. `proto/shop/v1/errors.proto` of package `shop.v1`
/// has the root `proto`.
///
/// Returns `None` if the folders have other names, or if the file has no package, cannot be read or cannot be parsed.
/// A root in the current folder is the empty path.
///
/// ```
/// use std::path::Path;
///
/// let root = codelibra_build::package_root("proto/codelibra/error/v1/catalog.proto");
/// assert_eq!(root.as_deref(), Some(Path::new("proto")));
/// ```
pub fn package_root(proto: impl AsRef<Path>) -> Option<PathBuf> {
    descriptor::package_root(proto.as_ref())
}

/// As [`package_root`], for the text of a proto that need not be on disk at `proto`.
///
/// ```
/// use std::path::Path;
///
/// let text = "syntax = \"proto3\"; package shop.v1;";
/// let root = codelibra_build::package_root_from_text("proto/shop/v1/errors.proto", text);
/// assert_eq!(root.as_deref(), Some(Path::new("proto")));
/// ```
pub fn package_root_from_text(proto: impl AsRef<Path>, text: &str) -> Option<PathBuf> {
    descriptor::package_root_from_text(proto.as_ref(), text)
}

#[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
fn rerun_if_changed(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}

impl Catalog {
    /// Reads the catalogue of a `.proto` file and checks it. Imports as for [`compile`].
    ///
    /// # Errors
    ///
    /// The file cannot be read or parsed, or breaks a rule of catalogues.
    pub fn from_proto(proto: impl AsRef<Path>, includes: &[impl AsRef<Path>]) -> Result<Self, Error> {
        Inspection::from_proto(proto, includes).into_result()
    }

    /// Reads the catalogue of an encoded `google.protobuf.FileDescriptorSet` and checks it, as buf,
    /// protoc (`--include_imports --include_source_info`) and protox write it. Without source info
    /// the findings have no line.
    ///
    /// # Errors
    ///
    /// The bytes are no descriptor set, or the catalogue breaks a rule.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        Inspection::from_descriptor_set(bytes).into_result()
    }

    /// The Rust module: `ErrorCode` with a constant an entry, `CATALOG`, and a struct for every
    /// entry that has parameters.
    pub fn to_rust(&self) -> String {
        generate::module(self)
    }
}
