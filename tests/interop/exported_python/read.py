"""Reads the cases of exported.py with the module of `codelibra export python`, grpcio and urllib.

usage: read.py PATH-TO-tests/interop
"""

import dataclasses
import json
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta

import codelibra
import grpc
import hostile

sys.path.append(sys.argv[1])
from python_grpc import Service  # noqa: E402

TIMEOUT = 20  # seconds; an answer takes milliseconds


def read_call(services, call):
    address = call["address"]
    if address not in services:
        services[address] = Service(grpc.insecure_channel(address))
    fields = {key if key != "afterItems" else "after_items": value for key, value in call["request"].items()}
    error, _ = services[address].call(call["method"], **fields)
    trailers = dict(error.trailing_metadata())
    return codelibra.decode_grpc(
        trailers.get("grpc-status-details-bin"),
        status=error.code().value[0],
        message=error.details(),
        code=trailers.get("codelibra-error-code"),
    )


def read_request(given):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(given["url"], given["body"].encode(), headers, method="POST")
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            code = error.headers["codelibra-error-code"]
            return codelibra.decode_http(error.read(), status=error.code, code=code)
    raise AssertionError(f"{given['url']} did not fail")


def value_text(value):
    if isinstance(value, datetime):
        return str(int(value.timestamp()))
    if isinstance(value, timedelta):
        return str(millis(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def millis(delay):
    return delay // timedelta(milliseconds=1)


def check_classes(error):
    """The class of parameters of the code has the same values as `params`; the others are of other codes."""
    for name, cls in vars(codelibra).items():
        if name.endswith("Params") and name != "Params":
            params = cls.from_error(error)
            assert (params is None) == (error.entry is None or cls.CODE != error.code), (name, error)
            if params is not None:
                values = {key: value for key, value in dataclasses.asdict(params).items() if value is not None}
                assert values == error.params, (values, error)


def show(case_id, error):
    check_classes(error)
    reading = {key: getattr(error, key) for key in ("code", "name", "reason", "domain", "message", "metadata")}
    reading |= {key: getattr(error, key) for key in ("source", "grpc_code", "http_status", "request_id", "shed")}
    reading |= {"id": case_id, "params": {key: value_text(value) for key, value in error.params.items()}}
    reading["retry_delay"] = None if error.retry_delay is None else millis(error.retry_delay)
    print(json.dumps(reading))


def show_table(case_id, module):
    for entry in module.ENTRIES:
        assert module.entry_of(entry.code) is entry
        assert module.entry_of_reason(entry.domain, entry.reason) is entry
        assert getattr(module.ErrorCode, entry.reason) == entry.code
    print(json.dumps({"id": case_id, "table": [dataclasses.asdict(entry) for entry in module.ENTRIES]}))


def main():
    cases = json.load(sys.stdin)
    services = {}
    for call in cases["calls"]:
        show(call["id"], read_call(services, call))
    for request in cases["requests"]:
        show(request["id"], read_request(request))
    for details in cases["details"]:
        show(details["id"], codelibra.decode_grpc(details["text"]))
    for body in cases["bodies"]:
        show(body["id"], codelibra.decode_http(body["text"]))
    show_table("table codelibra", codelibra)
    show_table("table hostile", hostile)


if __name__ == "__main__":
    main()
