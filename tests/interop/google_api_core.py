"""Reads our AIP-193 bodies with Google's client library, which knows nothing of us.

    python3 tests/interop/google_api_core.py PATH-TO-codelibra

Starts `codelibra serve --format aip193` and raises every code of the catalogue, with and without a message and
its parameters. `google.api_core.exceptions.from_http_response` has to give the exception of the
HTTP status, with the reason, the domain, the metadata and the details.

Needs the packages of requirements.txt beside this file.
"""

import sys

import requests
from catalogue import MESSAGE, TIMEOUT, read_rows, sample_params, serve
from google.api_core import exceptions
from google.rpc import error_details_pb2


def check(row, answer, metadata, message):
    status = int(row["http_status"])
    assert answer.status_code == status, (row, answer)
    error = exceptions.from_http_response(answer)
    assert type(error) is type(exceptions.from_http_status(status, "")), (row, error)
    assert error.code == status, (row, error)
    assert error.reason == row["reason"], (row, error.reason)
    assert error.domain == "codelibra", (row, error.domain)
    assert error.metadata == {**metadata, "code": row["code"]}, (row, error.metadata)
    if message is not None:
        assert error.message.endswith(f": {message}"), (row, error.message)
    body = answer.json()["error"]
    assert (body["code"], body["status"]) == (status, row["grpc_status"]), (row, body)
    if row["code"] == "451001":
        name = error_details_pb2.PreconditionFailure.DESCRIPTOR.full_name
        assert any(detail["@type"].endswith("/" + name) for detail in error.details), error.details
    return type(error).__name__


def main(codelibra):
    rows, types = read_rows(), set()
    with serve(codelibra, "--format", "aip193") as addresses, requests.Session() as session:
        session.trust_env = False  # no proxy on the way to this machine
        listed = session.get(f"{addresses.http}/v1/errors", timeout=TIMEOUT).json()["errors"]
        entries = {str(entry["code"]): entry for entry in listed}
        for row in rows:
            for metadata, message in [({}, None), (sample_params(entries[row["code"]]), MESSAGE)]:
                url = f"{addresses.http}/v1/errors/{row['code']}:raise"
                body = {"message": message, "metadata": metadata}
                answer = session.post(url, json=body, timeout=TIMEOUT)
                types.add(check(row, answer, metadata, message))
    print(f"{len(rows)} codes: from_http_response read each one, as {', '.join(sorted(types))}")


if __name__ == "__main__":
    main(sys.argv[1])
