"""The Go programs of tests/interop/go, generated and built below target/ci/go."""

import shutil

from catalogue import ROOT
from toolchain import build, copy, need, protoc

PACKAGE = "codelibra.test/interop/gen"
SOURCES = ["codelibra/catalog/v1/error_catalog_service.proto", "codelibra/error/v1/error_info.proto"]
PLUGINS = ["go", "go-grpc", "grpc-gateway"]

# protoc-gen-grpc-gateway ends with a panic where the extension 72295728 has any other name than Google's.
GOOGLE_HTTP = [
    ("codelibra/api/v1/http.proto", "google/api/annotations.proto"),
    ("(codelibra.api.v1.http)", "(google.api.http)"),
]


def _copy_protos(folder):
    for source in SOURCES:
        text = (ROOT / "proto" / source).read_text()
        for old, new in GOOGLE_HTTP:
            text = text.replace(old, new)
        file = folder / "proto" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def _generate(folder):
    shutil.rmtree(folder / "gen", ignore_errors=True)
    (folder / "gen").mkdir()
    _copy_protos(folder)
    arguments = ["-I", "proto"]
    for plugin in PLUGINS:
        packages = [f"M{source}={PACKAGE}/{source.rpartition('/')[0]}" for source in SOURCES]
        options = ",".join(["paths=source_relative", *packages])
        arguments += [f"--plugin=bin/protoc-gen-{plugin}", f"--{plugin}_out=gen", f"--{plugin}_opt={options}"]
    protoc(*arguments, *SOURCES, cwd=folder)


def build_go(*programs):
    """The paths of the programs."""
    need("Go", "go")
    folder = copy("go")
    build("go", "build", "-o", "bin/", "tool", cwd=folder)
    _generate(folder)
    build("go", "build", "-o", "bin/", *[f"./{program}" for program in programs], cwd=folder)
    return [str(folder / "bin" / program) for program in programs]
