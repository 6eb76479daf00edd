//! How long a build script takes for a large catalogue: reading, checking, writing the module.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use codelibra_build::Catalog;
use criterion::{Criterion, criterion_group, criterion_main};

const ENTRIES: u32 = 10_000;

/// Fifty entries a class, every fifth with two params.
fn proto() -> String {
    let mut proto = String::from(
        "syntax = \"proto3\";\n\
         package bench.v1;\n\
         import \"codelibra/error/v1/options.proto\";\n\
         enum ErrorCode {\n\
           option (codelibra.error.v1.catalog) = {domain: \"bench.example.com\"};\n\
           ERROR_CODE_UNSPECIFIED = 0;\n",
    );
    for i in 0..ENTRIES {
        let (class, number) = (400 + i / 50, 1 + i % 50);
        write!(
            proto,
            "ERROR_CODE_FAILURE_{i} = {class}{number:03} [(codelibra.error.v1.entry) = {{
               summary: \"The operation {i} did not succeed.\"
               cause: \"What the operation {i} needs was not there when it was called.\"
               resolution: \"Supply what the operation {i} needs, then send the request again.\"
               recovery: RECOVERY_FIX_REQUEST
               since: \"1.0.0\""
        )
        .unwrap();
        if i % 5 == 0 {
            proto.push_str(
                "params: {name: \"item\" type: PARAM_TYPE_STRING description: \"What it is about.\"}
                 params: {name: \"left\" type: PARAM_TYPE_INT64 description: \"How many are left.\"}",
            );
        }
        proto.push_str("}];\n");
    }
    proto.push('}');
    proto
}

fn generate(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path: PathBuf = folder.join("generate-10000.proto");
    fs::write(&path, proto()).unwrap();

    criterion.benchmark_group("generate").sample_size(10).bench_function(ENTRIES.to_string(), |bencher| {
        bencher.iter(|| {
            let catalog = Catalog::from_proto(&path, &[folder]).unwrap();
            assert_eq!(u32::try_from(catalog.entries.len()), Ok(ENTRIES));
            catalog.to_rust().len()
        });
    });
}

criterion_group!(benches, generate);
criterion_main!(benches);
