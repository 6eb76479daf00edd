"""The tools of other languages: whether they are installed, and what they build below target/ci."""

import os
import pathlib
import shutil
import subprocess
import sys

from catalogue import ROOT

TIMEOUT = 600  # seconds; downloads are part of it
BUILT = ROOT / "target" / "ci"


def need(language, *commands):
    """Ends the script if a command is missing: in CI with an error, elsewhere with 0 after printing SKIPPED."""
    missing = [command for command in commands if shutil.which(command) is None]
    if not missing:
        return
    if os.environ.get("CI") == "true":
        sys.exit(f"{language}: {', '.join(missing)} not found; .ci/run has to install it")
    print(f"SKIPPED: {language}: {', '.join(missing)} not found", file=sys.stderr)
    sys.exit(0)


def copy(name):
    """A folder below target/ci with what tests/interop/NAME contains, and with what was built there before."""
    source, folder = pathlib.Path(__file__).parent / name, BUILT / name
    for child in source.iterdir():
        if child.is_dir():
            shutil.rmtree(folder / child.name, ignore_errors=True)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def build(*command, cwd):
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, timeout=TIMEOUT)


def protoc(*arguments, cwd):
    """The protoc of grpcio-tools; it finds google/api and google/rpc in googleapis-common-protos."""
    import google.rpc  # a package without a file: its folders are the places to search

    common = pathlib.Path(next(iter(google.rpc.__path__))).parent.parent
    build(sys.executable, "-m", "grpc_tools.protoc", "-I", common, *arguments, cwd=cwd)
