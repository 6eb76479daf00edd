"""What the module of `codelibra export LANGUAGE` reads of the errors of a running `codelibra serve`.

A program of the language reads the cases as JSON from its standard input: `calls`, which it makes with the gRPC client of
its language; `requests`, which it makes with its HTTP client; `details` and `bodies`, which are texts that a peer could
send. It prints a line of JSON for each of them, with what the module read, and a line for each table (`reading` and
`tables` below are the contract). The expected readings of what a peer could send are those of `codelibra decode`.
"""

import base64
import contextlib
import json
import pathlib
import random
import subprocess

from cases import OUR_INFO, errors
from catalogue import ROOT, SAMPLES, TIMEOUT, read_entries, run, serve

FORMS = {"native": "body", "problem": "body", "aip193": "google", "rpc-status": "google", "connect": "codelibra"}
HOSTILE = ROOT / "cli" / "tests" / "data" / "hostile.proto"

# How the programs write the values of parameters: an int64 in decimal, a timestamp in seconds, a duration in milliseconds.
VALUES = {**SAMPLES, "timestamp": "1769851800", "duration": "3500"}


def _expected(error, entries, source):
    entry = entries.get(error.code)
    types = {param["name"]: param["type"] for param in entry["params"]} if entry else {}
    return {
        "code": error.code,
        "name": error.name,
        "reason": error.reason or "",
        "domain": "codelibra",
        "message": error.message,
        "metadata": error.metadata,
        "params": {name: VALUES[types[name]] for name in error.metadata if name in types},
        "source": source,
        "grpc_code": error.grpc_code,
        "http_status": error.http_status,
    }


@contextlib.contextmanager
def _served(codelibra):
    """The calls and the requests with what they have to give, while the servers run that answer them."""
    with contextlib.ExitStack() as stack:
        calls, requests = [], []
        entries = read_entries(codelibra)
        for form, source in FORMS.items():
            addresses = stack.enter_context(serve(codelibra, "--format", form))
            for index, (fields, error) in enumerate(errors(codelibra)):
                body = json.dumps({key: value for key, value in fields.items() if key != "code"})
                url = f"{addresses.http}/v1/errors/{error.code}:raise"
                given = {"id": f"{form} {index}", "url": url, "body": body}
                requests.append((given, _expected(error, entries, source)))
        for infos, source in (("both", "codelibra"), ("google", "google")):
            addresses = stack.enter_context(serve(codelibra, "--error-info", infos))
            for index, (fields, error) in enumerate(errors(codelibra)):
                for method, items in (("RaiseError", 0), ("RaiseErrorStream", 2)):
                    message = {**fields, "afterItems": items} if items else fields
                    given = {"id": f"{infos} {method} {index}", "address": addresses.grpc}
                    given |= {"method": method, "request": message}
                    calls.append((given, _expected(error, entries, source)))
        yield calls, requests


def _decoded(codelibra, text):
    """What `codelibra decode` reads, also of what is not an error."""
    command = [codelibra, "decode", "-", "--format", "json"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT)
    assert done.returncode in (0, 2), (text, done)
    decoded = json.loads(done.stdout)
    keys = ("code", "name", "reason", "domain", "metadata")
    return {key: decoded[key] or ("" if key in ("reason", "domain") else decoded[key]) for key in keys}


def _field(number, content):
    """A field of a protobuf message, shorter than 128 bytes."""
    content = content.encode() if isinstance(content, str) else content
    assert len(content) < 128, content
    return bytes([number << 3 | 2, len(content)]) + content


def _detail(name, message):
    any_message = _field(1, f"type.googleapis.com/{name}") + _field(2, message)
    return b"\x1a" + bytes([len(any_message) & 0x7F | 0x80, len(any_message) >> 7]) + any_message


def _google(reason, domain, **metadata):
    entries = b"".join(_field(3, _field(1, key) + _field(2, value)) for key, value in metadata.items())
    return _detail("google.rpc.ErrorInfo", _field(1, reason) + _field(2, domain) + entries)


def _to_text(details):
    return base64.b64encode(details).decode()


def _changed(dice, data):
    """The bytes with a few of them removed, added or replaced."""
    data = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(data) + 1)
        data[at : at + dice.randrange(2)] = dice.randbytes(dice.randrange(3))
    return bytes(data)


def _encoded(codelibra):
    """The text that `codelibra encode` prints, and its bytes."""
    arguments = ["encode", "403005", "--param", "locked_until=2026-01-31T09:30:00Z", "--message", "später?"]
    text = run(codelibra, *arguments).decode().strip()
    return text, base64.b64decode(text + "=" * (-len(text) % 4))


def _complete_details(details):
    """Encoded statuses with codes from each source, and with none."""
    other, group = _detail("acme.v1.Unknown", b"\xff\xff\xff"), b"\x23\x08\x01\x24"
    return [
        other + details,
        details + other,
        details + group,
        # Sources after ours: a number in the metadata, a known reason, and another domain.
        _google("USER_BANNED", "codelibra", code="403003"),
        _google("USER_BANNED", "codelibra", code="403003", shed="HELP,METADATA"),
        _google("USER_BANNED", "codelibra", code="403003", shed="x"),
        _google("USER_BANNED", "codelibra", code="403003", shed="HELP,NEWER"),
        _google("USER_BANNED", "codelibra", code="403003", shed="NEWER"),
        _google("USER_BANNED", "codelibra", plan="free"),
        _google("USER_BANNED", "codelibra", code="banned"),
        _google("USER_BANNED", "shop.example.com", code="403003"),
        _google("SOLD_OUT", "shop.example.com"),
        _google("", "", code="403099"),
        _google("USER_BANNED", "codelibra", __proto__="x", constructor="y", code="403003"),
        _google("OTHER", "codelibra") + _google("USER_BANNED", "codelibra"),
        _detail(OUR_INFO, b"\x08\x01") + _google("USER_BANNED", "codelibra", code="403003"),
        _detail(OUR_INFO, b"\x08\xbb\xcc\x18\x12") + _google("X_Y", "", code="403001"),
        _detail(OUR_INFO, b"\x08\xbb\xcc\x18" + _field(2, b"\xff")),
        _detail(OUR_INFO, b"\x08\xbb\xcc\x98\xff\xff\xff\xff\xff\x01"),
    ]


def _sent_details(text, details):
    """Values of `grpc-status-details-bin`, sound and unsound."""
    yield from (text, text + "==", text.replace("+", "-").replace("/", "_"), f"{text},{text}", f"A,{text}")
    yield from map(_to_text, _complete_details(details))
    # What is cut, or not base64.
    yield from (text[:at] for at in range(1, len(text), 9))
    yield from (_to_text(details[:at]) for at in range(1, len(details), 9))
    yield from ("!!!!", "A", "AAAA", "====", ",", "AQID*AQID", "\u00fc")
    dice = random.Random(1)
    yield from (_to_text(dice.randbytes(dice.randrange(1, 80))) for _ in range(20))
    statuses = [details, *_complete_details(details)]
    yield from (_to_text(_changed(dice, dice.choice(statuses))) for _ in range(150))


def _sent_bodies():
    """Bodies, sound and unsound. The second value is whether the module has to read what `codelibra decode` reads."""
    golden = ROOT / "tests" / "golden" / "http"
    files = sorted([*golden.glob("*.json"), *golden.glob("both/*.json"), *golden.glob("spec/kratos.json")])
    assert len(files) > 25, files
    sound = [file.read_text() for file in files]
    yield from ((body, True) for body in sound)
    odd = (
        "{}", "[]", "null", "7", '"text"', '{"code":"403003"}', '{"code":4.03003e5}', '{"code":403003,"domain":"shop.com"}',
        '{"code":null,"error":{"code":403003}}', '{"code":403003,"metadata":{"a":1,"b":null,"c":{"d":[]}}}',
        '[{"a":1},{"error":{"code":403003,"message":"m"}}]', '{"code":399999,"message":"m"}', '{"code":600000}',
        '{"code":7,"details":[{"@type":"x/google.rpc.ErrorInfo","value":"CgtVU0VSX0JBTk5FRBIJY29kZWxpYnJh"}]}',
        '{"code":7,"details":[7,null,"x",{},{"@type":7},{"type":"google.rpc.ErrorInfo","value":"!"}]}',
    )
    yield from ((body, True) for body in odd)
    dice = random.Random(2)
    for body in sound[:12]:
        yield body[: dice.randrange(len(body))], False
        yield body + "}", False
    yield from (("", False), ("<html>", False), ("[" * 100_000, False), ('{"code":' + "9" * 10_000 + "}", False))
    yield '{"code":1e999,"status":-1e999,"error":{"code":[]}}', False
    yield '{"code":403003,"details":{"a":' + "[" * 5000 + "]" * 5000 + "}}", False


def _corrupt_cases(statuses, bodies):
    """Details and bodies with a few changed bytes. A module has to read them without an error of its own."""
    dice = random.Random(3)
    details = [_to_text(_changed(dice, dice.choice(statuses))) for _ in range(3000)]
    texts = [_changed(dice, dice.choice(bodies).encode()).decode("utf-8", "replace") for _ in range(2000)]
    return _cases("corrupt details", details), _cases("corrupt body", texts)


def _cases(kind, texts):
    return [{"id": f"{kind} {i}", "text": text} for i, text in enumerate(texts)]


# Texts of parameters, and the value that a module reads; None where the text is not of the type.
TYPED = {
    (403005, "locked_until"): {
        "2026-01-31T09:30:00Z": "1769851800",
        "2026-01-31t09:30:00z": "1769851800",
        "2026-01-31T10:30:00+01:00": "1769851800",
        "2026-01-31T08:00:00-01:30": "1769851800",
        "9999-12-31T23:59:59Z": "253402300799",
        **dict.fromkeys(("", "2026-01-31", "2026-01-31 09:30:00Z", "2026-01-31T09:30:00", "2026-1-31T09:30:00Z")),
        **dict.fromkeys(("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z", "1769851800")),
        **dict.fromkeys(("0000-01-01T00:00:00Z", "2026-01-31T09:30:00.Z", " 2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z\n")),
    },
    (400003, "value"): {
        "0": "0",
        "-0": "0",
        "+5": "5",
        "007": "7",
        "9223372036854775807": "9223372036854775807",
        "-9223372036854775808": "-9223372036854775808",
        **dict.fromkeys(("", "9223372036854775808", "-9223372036854775809", "1e3", "1.0", " 5", "5\n", "0x10", "1_000")),
        **dict.fromkeys(("\uff15", "9" * 5000, "--5", "true")),
    },
}


def _typed_bodies():
    """Bodies with a parameter, and the parameters that the module has to read."""
    for (code, name), values in TYPED.items():
        for text, value in values.items():
            body = json.dumps({"code": code, "message": "m", "metadata": {name: text}})
            yield body, {"code": code, "metadata": {name: text}, "params": {} if value is None else {name: value}}


def _check(given, expected, reading):
    assert "error" not in reading, reading
    for key, value in expected.items():
        assert reading[key] == value, (key, value, given, reading)


def _check_table(codelibra, catalog, table):
    listed = json.loads(run(codelibra, "list", "--format", "json", *catalog))
    for row in listed:
        del row["cause"], row["resolution"]
    assert table == listed, [pair for pair in zip(table, listed) if pair[0] != pair[1]][:1]


def check_module(codelibra, language, command):
    """Runs the program with all cases, and checks what it prints."""
    text, encoded = _encoded(codelibra)
    details = _cases("details", _sent_details(text, encoded))
    sent = list(_sent_bodies())
    bodies = _cases("body", [text for text, _ in sent])
    typed = [({"id": f"typed {i}", "text": text}, params) for i, (text, params) in enumerate(_typed_bodies())]
    compared = [text for text, is_compared in sent if is_compared]
    corrupt_details, corrupt_bodies = _corrupt_cases([encoded, *_complete_details(encoded)], compared)
    with _served(codelibra) as (calls, requests):
        given = {
            "calls": [given for given, _ in calls],
            "requests": [given for given, _ in requests],
            "details": [*details, *corrupt_details],
            "bodies": [*bodies, *(case for case, _ in typed), *corrupt_bodies],
        }
        readings = {reading["id"]: reading for reading in _run(command, given)}
    for case, expected in [*calls, *requests, *typed]:
        _check(case, expected, readings.pop(case["id"]))
    for case in details:
        reading = readings.pop(case["id"])
        # `codelibra decode` prints no domain if it is not UTF-8.
        reading["domain"] = "" if "\ufffd" in reading["domain"] else reading["domain"]
        _check(case, _decoded(codelibra, case["text"]), reading)
    for case, (text, is_compared) in zip(bodies, sent):
        reading = readings.pop(case["id"])
        _check(case, _decoded(codelibra, text) if is_compared else {}, reading)
        if '"r-1"' in text and is_compared:
            assert (reading["request_id"], reading["retry_delay"]) == ("r-1", 90_500), reading
        if "METADATA" in text and is_compared:
            assert reading["shed"] == ["HELP", "METADATA"], reading
    for case in (*corrupt_details, *corrupt_bodies):
        code = readings.pop(case["id"])["code"]
        assert code is None or 400_000 <= code <= 599_999, (case, code)
    _check_table(codelibra, [], readings.pop("table codelibra")["table"])
    _check_table(codelibra, ["--catalog", str(HOSTILE)], readings.pop("table hostile")["table"])
    assert not readings, next(iter(readings.values()))
    print(
        f"{language}: {len(calls)} calls, {len(requests)} requests, {len(details)} values of details and "
        f"{len(bodies) + len(typed)} bodies were read correctly; {len(corrupt_details) + len(corrupt_bodies)} corrupt ones "
        "were read without an error"
    )


def _run(command, given):
    program = subprocess.run(
        command, input=json.dumps(given), stdout=subprocess.PIPE, encoding="utf-8", timeout=TIMEOUT * 6
    )
    assert program.returncode == 0, command
    return [json.loads(line) for line in program.stdout.splitlines()]


def export(codelibra, language, folder, file, *arguments, catalog=None):
    """Writes the module for our catalogue, or for another one."""
    path = pathlib.Path(folder) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = ["--catalog", str(catalog)] if catalog else []
    run(codelibra, "export", language, *arguments, *catalog, "--output", str(path))
    run(codelibra, "export", language, *arguments, *catalog, "--output", str(path), "--check")
