"""Raises every code through the real Envoy and reads Envoy's bodies with our reader.

    python3 tests/interop/envoy.py PATH-TO-codelibra PATH-TO-envoy

Starts `codelibra serve` and, in front of it, Envoy with examples/envoy/envoy.yaml (its ports made free
ones) and the descriptor set of `codelibra export descriptor-set`. Raises each code of the catalogue
by GET, by POST with a message and parameters, and as the end of a gRPC stream. What `codelibra decode`
reads of Envoy's bodies, the HTTP status and the lines of the access log have to say the same.
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from cases import make_error
from catalogue import MESSAGE, ROOT, TIMEOUT, read_entries, read_rows, run, sample_params, serve
from gateway import check_decoded, request

STREAM = "/codelibra.catalog.v1.ErrorCatalogService/RaiseErrorStream"


def poll(what, attempt):
    """What `attempt` gives, as soon as it gives something."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            if found := attempt():
                return found
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(what)


def configure(folder, grpc_address):
    """The example's configuration on free ports."""
    text = (ROOT / "examples" / "envoy" / "envoy.yaml").read_text()
    changes = {
        "port_value: 9901": "port_value: 0",
        "port_value: 8081": "port_value: 0",
        "port_value: 50051": f"port_value: {grpc_address.rpartition(':')[2]}",
        "proto_descriptor: target/codelibra.pb": f"proto_descriptor: {json.dumps(str(folder / 'codelibra.pb'))}",
    }
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "envoy.yaml"
    file.write_text(text)
    return file


def listener_address(admin):
    status, _, body = request(admin, "GET", "/ready")
    if status != 200:
        return None
    listeners = json.loads(request(admin, "GET", "/listeners?format=json")[2])["listener_statuses"]
    socket = listeners[0]["local_address"]["socket_address"]
    return f"{socket['address']}:{socket['port_value']}"


def check_http(codelibra, address, row, entry, method, message, metadata):
    path = f"/v1/errors/{row['code']}:raise"
    body = json.dumps({"message": message, "metadata": metadata}) if method == "POST" else None
    status, headers, answer = request(address, method, path, body)
    assert status == int(row["http_status"]), (row, status)
    assert headers["codelibra-error-code"] == row["code"], (row, headers.items())
    assert headers["content-type"] == "application/json", (row, headers.items())
    check_decoded(codelibra, make_error(row, message or entry["summary"], metadata), answer)
    return f"{method} {path} {status} code={row['code']} trailer=-"


def check_stream(codelibra, address, row):
    """gRPC passes Envoy as it is; after three items the code is in the trailers."""
    code = int(row["code"])
    fields = bytes([0x08, code & 0x7F | 0x80, code >> 7 & 0x7F | 0x80, code >> 14, 0x20, 3])
    data = base64.b64encode(fields).decode()
    command = ["call", f"http://{address}", STREAM, "--data-base64", data, "--format", "json"]
    read = json.loads(run(codelibra, *command))
    assert (read["code"], read["grpc_code"]) == (code, int(row["grpc_code"])), (row, read)
    return f"POST {STREAM} 200 code=- trailer={row['code']}"


def check_all(codelibra, address):
    """Raises everything; what the access log has to say of it."""
    rows = read_rows()
    entries = read_entries(codelibra)
    expected = []
    for row in rows:
        entry = entries[int(row["code"])]
        params = sample_params(entry)
        expected.append(check_http(codelibra, address, row, entry, "GET", "", {}))
        expected.append(check_http(codelibra, address, row, entry, "POST", MESSAGE, params))
        expected.append(check_stream(codelibra, address, row))
    return len(rows), expected


def with_envoy(codelibra, envoy, folder, grpc_address):
    config, admin, log = configure(folder, grpc_address), folder / "admin", folder / "access.log"
    command = [envoy, "-c", config, "--admin-address-path", admin, "--concurrency", "1", "--use-dynamic-base-id"]
    with log.open("wb") as out, (folder / "err").open("w+b") as err:
        process = subprocess.Popen([*command, "--log-level", "warning"], stdout=out, stderr=err)
        try:
            admin = poll("Envoy's admin address", lambda: process.poll() is not None or admin.read_text())
            assert process.poll() is None, "Envoy does not start"
            return check_all(codelibra, poll("Envoy's listener", lambda: listener_address(admin))), log
        except BaseException:
            err.seek(0)
            sys.stderr.write(err.read().decode(errors="replace"))
            raise
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT)
            finally:
                process.kill()


def main(codelibra, envoy):
    with tempfile.TemporaryDirectory() as folder, serve(codelibra) as addresses:
        folder = pathlib.Path(folder)
        run(codelibra, "export", "descriptor-set", "--output", folder / "codelibra.pb")
        (codes, expected), log = with_envoy(codelibra, envoy, folder, addresses.grpc)
        logged = log.read_text().splitlines()
        assert logged == expected, [pair for pair in zip(logged, expected) if pair[0] != pair[1]] or logged
    print(f"{codes} codes: our reader read each one out of Envoy's bodies; {len(logged)} lines of its log have them")


if __name__ == "__main__":
    main(*sys.argv[1:])
