"""An HTTP gateway in front of `codelibra serve`: requests to it, and what `codelibra decode` reads of its bodies."""

import http.client
import json

from catalogue import TIMEOUT, run


def request(address, method, path, body=None, headers=()):
    """The status, the headers and the body of the response."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    try:
        json_body = {"content-type": "application/json"} if body else {}
        connection.request(method, path, body, {**json_body, **dict(headers)})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def check_decoded(codelibra, error, body):
    """Our reader reads of the body all that the error is."""
    decoded = json.loads(run(codelibra, "decode", "-", "--format", "json", data=body))
    listed = error.name is not None
    expected = {
        "code": error.code,
        "known": listed,
        "name": error.name,
        "reason": error.reason,
        "domain": "codelibra",
        "message": error.message,
        "http_status": error.http_status,
        "grpc_code": error.grpc_code,
        "metadata": error.metadata,
    }
    assert expected == {key: decoded[key] for key in expected}, (error, decoded)
    assert len(decoded["notes"]) == (0 if listed else 1), (error, decoded)
