"""Reads our errors with grpc-js.

    python3 tests/interop/grpc_js.py PATH-TO-codelibra

One run knows every type of `codelibra export descriptor-set`, one all but our ErrorInfo.

Needs Node and npm.
"""

import sys

from cases import OUR_INFO
from catalogue import ROOT, run
from readings import NATIVE_CALLS, check_readings, every_case, read_with
from toolchain import build, copy, need

READERS = {"grpc-js": NATIVE_CALLS}


def main(codelibra):
    need("Node", "node", "npm")
    folder = copy("grpc_js")
    build("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
    descriptors = str(folder / "codelibra.pb")
    run(codelibra, "export", "descriptor-set", "--output", descriptors)
    command = ["node", str(folder / "grpc_js.js"), str(ROOT / "proto"), descriptors]
    with every_case(codelibra) as cases:
        check_readings(cases, READERS, read_with([*command, OUR_INFO], cases), linked=False)
        check_readings(cases, READERS, read_with(command, cases), linked=True)


if __name__ == "__main__":
    main(sys.argv[1])
