"""Reads our errors with Java's libraries: grpc-java, and JsonFormat of protobuf.

    python3 tests/interop/java_clients.py PATH-TO-codelibra

One run knows google.rpc's types, one our ErrorInfo too.

Needs a JDK of 17 or newer, and Maven.
"""

import shutil
import sys

from catalogue import ROOT
from readings import JSON_BODIES, NATIVE_CALLS, check_readings, every_case, read_with
from toolchain import build, copy, need

READERS = {"grpc-java": NATIVE_CALLS, "JsonFormat": JSON_BODIES}


def build_java():
    """The command that runs the program."""
    need("Java", "javac", "mvn")
    folder = copy("java")
    libraries = folder / "target" / "libraries"
    shutil.copytree(ROOT / "proto" / "codelibra", folder / "proto" / "codelibra", dirs_exist_ok=True)
    build("mvn", "-q", "-B", "compile", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}", cwd=folder)
    return ["java", "-cp", f"{folder}/target/classes:{libraries}/*", "Clients"]


def main(codelibra):
    command = build_java()
    with every_case(codelibra) as cases:
        check_readings(cases, READERS, read_with(command, cases), linked=False)
        check_readings(cases, READERS, read_with([*command, "linked"], cases), linked=True)


if __name__ == "__main__":
    main(sys.argv[1])
