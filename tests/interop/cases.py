"""The errors that other languages read, and the expected reading of each of them.

Each case is a call, or the body of an HTTP response, of one code: the 39 of the catalogue and two that are not listed.
"""

import collections
import http
import json

from catalogue import MESSAGE, read_entries, read_rows, sample_params
from gateway import request

OUR_INFO = "codelibra.error.v1.ErrorInfo"
GOOGLE_INFO = "google.rpc.ErrorInfo"

# `kind` is "call", the name of a form, or the name of a form with "+ours": a body that contains our ErrorInfo, which a
# parser of protobuf's JSON without our type refuses. `given` is what a reader gets, `expected` what it has to read.
Case = collections.namedtuple("Case", ["kind", "given", "expected"])

Error = collections.namedtuple(
    "Error", ["code", "name", "reason", "http_status", "grpc_code", "message", "metadata", "google", "ours"]
)

UNLISTED = [
    {"code": code, "name": None, "reason": None, "http_status": code[:3], "grpc_code": grpc_code}
    for code, grpc_code in (("403099", "7"), ("503999", "14"))
]


def _without_empty(fields):
    return {key: value for key, value in fields.items() if value}


def make_error(row, message, metadata):
    """The error that `serve` sends for this row."""
    code, reason, domain = int(row["code"]), row["reason"], "codelibra"
    google = {"reason": reason, "domain": domain, "metadata": {**metadata, "code": row["code"]}}
    ours = {"code": code, "domain": domain, "reason": reason, "metadata": metadata}
    return Error(
        code=code,
        name=row["name"],
        reason=reason,
        http_status=int(row["http_status"]),
        grpc_code=int(row["grpc_code"]),
        message=message,
        metadata=metadata,
        google=_without_empty(google),
        ours=_without_empty(ours),
    )


def errors(codelibra):
    """Each code with the fields of a request, without and with a message and parameters, and the error for it."""
    entries = read_entries(codelibra)
    for row in [*read_rows(), *UNLISTED]:
        code = int(row["code"])
        entry = entries.get(code)
        summary = entry["summary"] if entry else http.HTTPStatus(code // 1000).phrase
        params = sample_params(entry) if entry else {"where": "here & there"}
        yield {"code": code}, make_error(row, summary, {})
        yield {"code": code, "message": MESSAGE, "metadata": params}, make_error(row, MESSAGE, params)


def calls(codelibra, address, with_ours):
    """Calls of the gRPC server at the address: unary ones, and streams that fail after two items."""
    cases = []
    for fields, error in errors(codelibra):
        for method, items in (("RaiseError", 0), ("RaiseErrorStream", 2)):
            message = {**fields, "afterItems": items} if items else fields
            case_id = f"{method} {json.dumps(fields)} ours={with_ours}"
            given = {"id": case_id, "address": address, "method": method, "request": message}
            expected = {
                "items": items,
                "grpc_code": error.grpc_code,
                "message": error.message,
                "field": [str(error.code)],
                GOOGLE_INFO: error.google,
                OUR_INFO: error.ours if with_ours else None,
            }
            cases.append(Case("call", given, expected))
    return cases


def _body_case(form, kind, fields, error, body):
    inner = body["error"] if form == "aip193" else body
    # What is google.rpc.Status in it: AIP-193 has the HTTP status as `code`, and a `status` besides.
    status = {key: value for key, value in inner.items() if form != "aip193" or key in ("message", "details")}
    given = {
        "id": f"{kind} {json.dumps(fields)}",
        "form": form,
        "http_status": error.http_status,
        "body": json.dumps(body),
        "status": json.dumps(status),
    }
    expected = {
        "grpc_code": 0 if form == "aip193" else error.grpc_code,
        "http_status": error.http_status,
        "message": error.message,
        GOOGLE_INFO: error.google,
        OUR_INFO: error.ours if kind.endswith("+ours") else None,
    }
    return Case(kind, given, expected)


def _with_ours(form, body, error):
    """The body with our ErrorInfo as its first detail."""
    changed = json.loads(json.dumps(body))
    inner = changed["error"] if form == "aip193" else changed
    inner["details"].insert(0, {"@type": f"type.googleapis.com/{OUR_INFO}", **error.ours})
    return changed


def bodies(codelibra, gateway, form):
    """The bodies of the gateway of `serve --format FORM`, as they are and with our ErrorInfo."""
    address, cases = gateway.removeprefix("http://"), []
    for fields, error in errors(codelibra):
        rest = json.dumps({key: value for key, value in fields.items() if key != "code"})
        status, _, answer = request(address, "POST", f"/v1/errors/{error.code}:raise", rest)
        assert status == error.http_status, (fields, status, answer)
        body = json.loads(answer)
        cases.append(_body_case(form, form, fields, error, body))
        cases.append(_body_case(form, f"{form}+ours", fields, error, _with_ours(form, body, error)))
    return cases
