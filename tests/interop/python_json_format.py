"""Reads our bodies with Python's json_format, which knows google.rpc's types and nothing of us.

    python3 tests/interop/python_json_format.py PATH-TO-codelibra

Needs the packages of requirements.txt beside this file.
"""

import sys

from google.protobuf import json_format, symbol_database
from google.rpc import error_details_pb2, status_pb2  # noqa: F401  (the details are linked)
from readings import JSON_BODIES, check_readings, every_case


def read_detail(packed):
    name = packed.TypeName()
    message = symbol_database.Default().GetSymbol(name)()
    assert packed.Unpack(message)
    return {"type": name, "value": json_format.MessageToDict(message)}


def read(given):
    try:
        status = json_format.Parse(given["status"], status_pb2.Status())
    except json_format.ParseError as error:
        return {"error": str(error)}
    details = [read_detail(packed) for packed in status.details]
    return {"grpc_code": status.code, "message": status.message, "details": details}


def main(codelibra):
    with every_case(codelibra) as cases:
        given = [case.given for case in cases if case.kind != "call"]
    readings = [{"reader": "json_format", "id": one["id"], **read(one)} for one in given]
    check_readings(cases, {"json_format": JSON_BODIES}, readings, linked=False)


if __name__ == "__main__":
    main(sys.argv[1])
