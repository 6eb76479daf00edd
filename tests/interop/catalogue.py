"""The catalogue that the scripts beside this file try: its rows, its parameters, and a running `codelibra serve`."""

import collections
import contextlib
import csv
import json
import pathlib
import subprocess

TIMEOUT = 20  # seconds; an answer takes milliseconds

ROOT = pathlib.Path(__file__).parent.parent.parent
MESSAGE = "a message of its own, 100% — ü"

# A value for each type that a parameter can have.
SAMPLES = {
    "string": "a b/ü",
    "int64": "9007199254740993",
    "bool": "true",
    "timestamp": "2026-01-31T09:30:00Z",
    "duration": "3.5s",
}

Addresses = collections.namedtuple("Addresses", ["http", "grpc"])


def read_rows():
    """Every code, as tests/data/codes.csv has it."""
    file = ROOT / "tests" / "data" / "codes.csv"
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 39, len(rows)
    return rows


def run(*command, data=None):
    """What the command prints."""
    done = subprocess.run(command, input=data, capture_output=True, timeout=TIMEOUT)
    assert done.returncode == 0, (command, done)
    return done.stdout


def read_entries(codelibra):
    """The entries of the catalogue, by their codes."""
    return {entry["code"]: entry for entry in json.loads(run(codelibra, "list", "--format", "json"))}


def sample_params(entry):
    """A value for each parameter that the entry declares."""
    return {param["name"]: SAMPLES[param["type"]] for param in entry["params"]}


def _address(server, label):
    for line in server.stdout:
        if line.startswith(label):
            return line[len(label) :].strip()
    raise AssertionError(f"codelibra serve ended before it printed the address of its {label}")


@contextlib.contextmanager
def serve(codelibra, *arguments):
    """Runs `codelibra serve` on free ports, and gives the addresses. It has to end well."""
    command = [codelibra, "serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Addresses(_address(server, "HTTP gateway"), _address(server, "gRPC server"))
        finally:
            server.terminate()
            assert server.wait(TIMEOUT) == 0, "serve does not end well at SIGTERM"
