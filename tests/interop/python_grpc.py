"""Reads our errors with Python's gRPC libraries, which know nothing of us.

    python3 tests/interop/python_grpc.py PATH-TO-codelibra

Starts `codelibra serve` on free ports and raises every code of the catalogue, with and without a
message of its own, unary and after items of a stream. For each of them `rpc_status.from_call` has to
give a google.rpc.Status (it raises where status and details contradict each other) with a
google.rpc.ErrorInfo that carries the code. Then does the same with what `codelibra encode` prints.
All this with both ErrorInfos, and with google.rpc.ErrorInfo alone.

Needs the packages of requirements.txt beside this file.
"""

import base64
import subprocess
import sys

import grpc
from catalogue import MESSAGE, TIMEOUT, read_rows, serve
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

SERVICE = "codelibra.catalog.v1.ErrorCatalogService"


class Service:
    """The service's methods, found by reflection."""

    def __init__(self, channel):
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self.channel = channel
        self.methods = pool.FindServiceByName(SERVICE).methods_by_name

    def call(self, name, **fields):
        """A call that fails: the error, and how many items came before it."""
        method = self.methods[name]
        request_type = message_factory.GetMessageClass(method.input_type)
        reply_type = message_factory.GetMessageClass(method.output_type)
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        stub = make(
            f"/{SERVICE}/{name}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=reply_type.FromString,
        )
        items = 0
        try:
            reply = stub(request_type(**fields), timeout=TIMEOUT)
            if method.server_streaming:
                for _ in reply:
                    items += 1
        except grpc.RpcError as error:
            return error, items
        raise AssertionError(f"{name} {fields} did not fail")


def check_status(row, status, message):
    assert status.code == int(row["grpc_code"]), (row, status)
    if message is not None:
        assert status.message == message, (row, status)
    assert status.message, row
    infos = []
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            assert detail.Unpack(info)
            infos.append(info)
    assert len(infos) == 1, (row, status)
    assert infos[0].reason == row["reason"], row
    assert infos[0].domain == "codelibra", row
    assert infos[0].metadata["code"] == row["code"], row


def check_call(row, service, method, message, **fields):
    error, items = service.call(method, code=int(row["code"]), message=message or "", **fields)
    assert items == fields.get("after_items", 0), (row, items)
    assert error.code().value[0] == int(row["grpc_code"]), (row, error)
    field = dict(error.trailing_metadata())["codelibra-error-code"]
    assert field == row["code"], (row, field)
    check_status(row, rpc_status.from_call(error), message)


def check_encode(row, binary, message, error_info):
    arguments = ["--message", message] if message else []
    command = [binary, "encode", row["code"], "--error-info", error_info, *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT).stdout.strip()
    padded = printed + "=" * (-len(printed) % 4)
    check_status(row, status_pb2.Status.FromString(base64.b64decode(padded, validate=True)), message)


def check_all(rows, binary, error_info):
    with serve(binary, "--error-info", error_info) as addresses, grpc.insecure_channel(addresses.grpc) as channel:
        service = Service(channel)
        for row in rows:
            for message in (None, MESSAGE):
                check_call(row, service, "RaiseError", message)
                check_call(row, service, "RaiseErrorStream", message, after_items=0)
                check_call(row, service, "RaiseErrorStream", message, after_items=3)
                check_encode(row, binary, message, error_info)


def main(binary):
    rows = read_rows()
    for error_info in ("both", "google"):
        check_all(rows, binary, error_info)
    print(f"{len(rows)} codes: rpc_status.from_call read each one, unary, streamed and encoded")


if __name__ == "__main__":
    main(sys.argv[1])
