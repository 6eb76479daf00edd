"""Vets the packages of `codelibra export go`, and reads our errors with them, grpc-go and net/http.

    python3 tests/interop/exported_go.py PATH-TO-codelibra

Needs Go and the packages of requirements.txt beside this file.
"""

import subprocess
import sys

from exported import HOSTILE, check_module, export
from go_programs import build_go
from toolchain import BUILT, build, need


def main(codelibra):
    need("Go", "go", "gofmt")
    folder = BUILT / "go" / "errorcodes"
    export(codelibra, "go", folder, "codelibra/errors.go")
    export(codelibra, "go", folder, "hostile/errors.go", "--package", "hostile", catalog=HOSTILE)
    formatted = subprocess.run(["gofmt", "-l", "."], cwd=folder, check=True, capture_output=True, text=True)
    assert formatted.stdout == "", formatted.stdout
    [program] = build_go("exported")
    build("go", "vet", "./errorcodes/...", cwd=folder.parent)
    check_module(codelibra, "go", [program])


if __name__ == "__main__":
    main(sys.argv[1])
