"""Compiles the classes of `codelibra export java`, and reads our errors with them, grpc-java and java.net.http.

    python3 tests/interop/exported_java.py PATH-TO-codelibra

Needs a JDK of 17 or newer, and Maven.
"""

import sys

from exported import HOSTILE, check_module, export
from java_clients import build_java
from toolchain import build, copy, need


def main(codelibra):
    need("Java", "javac", "mvn")
    # The libraries and the calls are those of java_clients.py.
    _, _, libraries, _ = build_java()
    folder = copy("exported_java")
    modules = ["codelibra/ErrorCodes.java", "com/example/hostile/ErrorCodes.java"]
    export(codelibra, "java", folder, modules[0])
    export(codelibra, "java", folder, modules[1], "--package", "com.example.hostile", catalog=HOSTILE)
    lint = ["-Xlint:all", "-Xdoclint:all,-missing", "-Werror"]
    build("javac", "--release", "17", "-encoding", "UTF-8", *lint, "-d", "classes", *modules, cwd=folder)
    path = f"{folder}/classes:{libraries}"
    build("javac", "--release", "17", "-encoding", "UTF-8", "-cp", path, "-d", "classes", "Exported.java", cwd=folder)
    check_module(codelibra, "java", ["java", "-cp", path, "Exported"])


if __name__ == "__main__":
    main(sys.argv[1])
