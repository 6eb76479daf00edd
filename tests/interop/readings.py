"""What libraries of other languages read of the cases, compared with what the cases expect.

A reader is a library of one language. A program reads the cases as JSON from its standard input, and prints a line of
JSON for each case and reader: `reader`, `id`, `details` (a list of `type` and `value`, the value as ProtoJSON, or null
where the type is not linked) and what else the reader gives; or `error`, where the library refuses the case.
"""

import collections
import contextlib
import json
import subprocess

from cases import GOOGLE_INFO, OUR_INFO, bodies, calls
from catalogue import serve

TIMEOUT = 240  # seconds; a program takes a few

CALL = {"items", "grpc_code", "message", "field"}
STATUS = {"grpc_code", "message"}

# For each kind of case what the reader has to give besides google.rpc.ErrorInfo. `sees_ours` is false where the library
# has no way to give our ErrorInfo.
Reader = collections.namedtuple("Reader", ["kinds", "sees_ours"], defaults=[True])

NATIVE_CALLS = Reader({"call": CALL})
JSON_BODIES = Reader({kind: STATUS for kind in ("aip193", "rpc-status", "aip193+ours", "rpc-status+ours")})


@contextlib.contextmanager
def every_case(codelibra):
    """All cases, while the servers run that answer the calls."""
    with contextlib.ExitStack() as stack:
        cases = []
        for form in ("aip193", "rpc-status"):
            addresses = stack.enter_context(serve(codelibra, "--format", form))
            cases += bodies(codelibra, addresses.http, form)
        cases += calls(codelibra, addresses.grpc, with_ours=True)
        addresses = stack.enter_context(serve(codelibra, "--error-info", "google"))
        cases += calls(codelibra, addresses.grpc, with_ours=False)
        yield cases


def read_with(command, cases):
    """The lines that the program prints."""
    given = {
        "calls": [case.given for case in cases if case.kind == "call"],
        "bodies": [case.given for case in cases if case.kind != "call"],
    }
    program = subprocess.run(
        command, input=json.dumps(given), stdout=subprocess.PIPE, encoding="utf-8", timeout=TIMEOUT
    )
    assert program.returncode == 0, command
    return [json.loads(line) for line in program.stdout.splitlines()]


def _infos(reading, name):
    return [detail["value"] for detail in reading.get("details", []) if detail["type"] == name]


def _without_empty(info):
    return {key: value for key, value in info.items() if value} if info else info


def _check(case, reader, reading, linked):
    where = (case.given["id"], reading)
    if case.kind.endswith("+ours") and not linked:
        # The control: if a reader could read such a body, the forms would not have to omit our ErrorInfo.
        assert not any("code" in info.get("metadata", {}) for info in _infos(reading, GOOGLE_INFO)), where
        assert OUR_INFO in reading.get("error", OUR_INFO), where
        return
    assert "error" not in reading, where
    for key in reader.kinds[case.kind]:
        assert reading[key] == case.expected[key], (key, case.expected[key], *where)
    assert [_without_empty(info) for info in _infos(reading, GOOGLE_INFO)] == [case.expected[GOOGLE_INFO]], where
    if reader.sees_ours:
        ours = case.expected[OUR_INFO]
        expected = [] if ours is None else [ours if linked else None]
        assert [_without_empty(info) for info in _infos(reading, OUR_INFO)] == expected, (ours, *where)
    unread = [detail["type"] for detail in reading["details"] if detail["value"] is None]
    assert all(name == OUR_INFO for name in unread), where


def check_readings(cases, readers, readings, linked):
    """Every reader reads every case of its kinds once and correctly. `linked`: the program has our ErrorInfo's type."""
    found = {(reading["reader"], reading["id"]): reading for reading in readings}
    assert len(found) == len(readings), "a case was read twice"
    counts = collections.Counter()
    for name, reader in readers.items():
        for case in cases:
            if case.kind in reader.kinds:
                _check(case, reader, found.pop((name, case.given["id"])), linked)
                counts[name] += 1
    assert not found, next(iter(found.values()))
    for name, count in counts.items():
        print(f"{name}{' with our ErrorInfo linked' if linked else ''}: 39 listed and 2 unlisted codes, {count} cases")
