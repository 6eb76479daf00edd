"""Compiles the modules of `codelibra export typescript`, and reads our errors with them, grpc-js and fetch.

    python3 tests/interop/exported_typescript.py PATH-TO-codelibra

Needs Node and npm.
"""

import sys

from catalogue import ROOT
from exported import HOSTILE, check_module, export
from toolchain import build, copy, need


def main(codelibra):
    need("TypeScript", "node", "npm")
    folder = copy("exported_typescript")
    build("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
    export(codelibra, "typescript", folder, "codelibra.ts")
    export(codelibra, "typescript", folder, "hostile.ts", catalog=HOSTILE)
    build(folder / "node_modules" / ".bin" / "tsc", "-p", ".", cwd=folder)
    check_module(codelibra, "typescript", ["node", str(folder / "read.js"), str(ROOT / "proto")])


if __name__ == "__main__":
    main(sys.argv[1])
