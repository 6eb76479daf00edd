"""Raises every code through grpc-gateway and through vanguard, both without our ErrorInfo.

    python3 tests/interop/go_transcoders.py PATH-TO-codelibra

Starts `codelibra serve --error-info google` and, in front of it, a gateway that protoc-gen-grpc-gateway generated and a
proxy of vanguard. What `codelibra decode` reads of their bodies has to be the error. The control is `serve` without the
option: because they cannot resolve our ErrorInfo, they replace the error by an INTERNAL without code and message.

Needs Go and the packages of requirements.txt beside this file.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile

from cases import errors
from catalogue import TIMEOUT, run, serve
from gateway import check_decoded, request
from go_programs import build_go

SERVICE = "/codelibra.catalog.v1.ErrorCatalogService"
CONNECT = {"connect-protocol-version": "1"}
END_OF_STREAM = 2  # the flag of Connect's last message


@contextlib.contextmanager
def running(*command, log):
    """The address that the program prints. It ends when its standard input does."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as program:
        try:
            yield program.stdout.readline().strip()
        finally:
            program.stdin.close()
            program.wait(TIMEOUT)


def by_rest(address, fields):
    path = f"/v1/errors/{fields['code']}:raise"
    rest = {key: value for key, value in fields.items() if key != "code"}
    return request(address, "POST", path, json.dumps(rest)) if rest else request(address, "GET", path)


def by_connect(address, fields):
    return request(address, "POST", f"{SERVICE}/RaiseError", json.dumps(fields), CONNECT)


def by_connect_stream(address, fields):
    """A stream that fails after two items; the body is the JSON of its last message."""
    message = json.dumps({**fields, "afterItems": 2}).encode()
    stream = {**CONNECT, "content-type": "application/connect+json"}
    body = bytes(1) + len(message).to_bytes(4, "big") + message
    status, headers, answer = request(address, "POST", f"{SERVICE}/RaiseErrorStream", body, stream)
    messages = []
    while answer:
        end = 5 + int.from_bytes(answer[1:5], "big")
        messages.append((answer[0], answer[5:end]))
        answer = answer[end:]
    assert [flags for flags, _ in messages] == [0, 0, END_OF_STREAM], (fields, messages)
    return status, headers, messages[-1][1]


# For each transcoder the ways to call it, and whether one unknown type makes it lose the whole body.
WAYS = {
    "grpc-gateway": [(by_rest, True)],
    "vanguard": [(by_rest, True), (by_connect, False), (by_connect_stream, False)],
}


def check_lost(fields, body):
    answer = json.loads(body)
    assert answer["code"] == 13, (fields, answer)
    assert answer["message"].startswith("failed to marshal"), (fields, answer)
    assert "details" not in answer, (fields, answer)


def check_transcoder(codelibra, name, command, lost):
    """Raises every code in each way. `lost`: the server sends our ErrorInfo too."""
    # In the control, grpc-gateway logs every error that it could not write.
    with running(*command, log=subprocess.DEVNULL if lost else None) as address:
        for way, strict in WAYS[name]:
            count = 0
            for fields, error in errors(codelibra):
                _, _, body = way(address, fields)
                if lost and strict:
                    check_lost(fields, body)
                else:
                    check_decoded(codelibra, error, body)
                count += 1
            outcome = "lost, as the control has to" if lost and strict else "arrived"
            infos = "both ErrorInfos" if lost else "google.rpc.ErrorInfo alone"
            print(f"{name} {way.__name__}, {infos}: {count} errors of 41 codes {outcome}")


def check_all(codelibra, programs, descriptors, options, lost):
    gateway, vanguard = programs
    with serve(codelibra, *options) as addresses:
        check_transcoder(codelibra, "grpc-gateway", [gateway, addresses.grpc], lost)
        check_transcoder(codelibra, "vanguard", [vanguard, addresses.grpc, descriptors], lost)


def main(codelibra):
    programs = build_go("gateway", "vanguard")
    with tempfile.TemporaryDirectory() as folder:
        descriptors = pathlib.Path(folder) / "codelibra.pb"
        run(codelibra, "export", "descriptor-set", "--output", descriptors)
        check_all(codelibra, programs, descriptors, [], lost=True)
        check_all(codelibra, programs, descriptors, ["--error-info", "google"], lost=False)


if __name__ == "__main__":
    main(sys.argv[1])
