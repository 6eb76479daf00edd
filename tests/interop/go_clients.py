"""Reads our errors with Go's libraries: grpc-go, gax-go and protojson.

    python3 tests/interop/go_clients.py PATH-TO-codelibra

Two programs read every case: one without our ErrorInfo, one that links it.

Needs Go and the packages of requirements.txt beside this file.
"""

import sys

from go_programs import build_go
from readings import JSON_BODIES, NATIVE_CALLS, Reader, check_readings, every_case, read_with

HTTP = {"http_status", "message"}
GAX = Reader({"call": {"grpc_code", "message"}, "aip193": HTTP, "aip193+ours": HTTP}, sees_ours=False)
READERS = {"grpc-go": NATIVE_CALLS, "gax-go": GAX, "protojson": JSON_BODIES}


def main(codelibra):
    plain, linked = build_go("clients", "clients_linked")
    with every_case(codelibra) as cases:
        check_readings(cases, READERS, read_with([plain], cases), linked=False)
        check_readings(cases, READERS, read_with([linked], cases), linked=True)


if __name__ == "__main__":
    main(sys.argv[1])
