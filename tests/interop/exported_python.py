"""Checks the modules of `codelibra export python` with mypy, and reads our errors with them, grpcio and urllib.

    python3 tests/interop/exported_python.py PATH-TO-codelibra

Needs the packages of requirements.txt beside this file.
"""

import pathlib
import sys

from exported import HOSTILE, check_module, export
from toolchain import build, copy


def main(codelibra):
    folder = copy("exported_python")
    export(codelibra, "python", folder, "codelibra.py")
    export(codelibra, "python", folder, "hostile.py", catalog=HOSTILE)
    build(sys.executable, "-m", "mypy", "--strict", "codelibra.py", "hostile.py", "typed.py", cwd=folder)
    program = [sys.executable, "-W", "error", str(folder / "read.py"), str(pathlib.Path(__file__).parent)]
    check_module(codelibra, "python", program)


if __name__ == "__main__":
    main(sys.argv[1])
