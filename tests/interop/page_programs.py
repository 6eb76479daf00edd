"""The programs that the pages show, executed: `page_programs.py PATH-TO-codelibra`.

Python's program raises each error of a few codes over grpcio, CodeLibra reads it, and Python's other program matches it, and no
other error. curl's programs raise and match over `codelibra serve`. gofmt parses Go's programs.
"""

import base64
import concurrent.futures
import contextlib
import html
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import grpc

from catalogue import TIMEOUT, run, serve

# Without parameters, with a text, an integer and a timestamp.
CODES = [403003, 403005, 403014, 400005, 500001]
LANGUAGES = ["Rust", "Go", "Python", "TypeScript", "Java", "curl"]


def programs(page):
    """The two programs of each language of a page: `{"Go": [raise, match]}`."""
    found = {}
    for language, body in re.findall(r"<summary>(\w+) .*?</summary>(.*?)</details>", page, re.DOTALL):
        texts = re.findall(r'<pre class="program" tabindex="0">(.*?)</pre>', body, re.DOTALL)
        if texts:
            found[language] = [html.unescape(text) for text in texts]
    assert list(found) == LANGUAGES and all(len(texts) == 2 for texts in found.values()), found.keys()
    return found


def function(program, name):
    scope = {}
    exec(compile(program, name, "exec"), scope)  # noqa: S102: it is what is tested
    return scope[name]


def raised(fail):
    """The error of a call of a service whose only method fails."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))

    class Handler(grpc.GenericRpcHandler):
        def service(self, _):
            return grpc.unary_unary_rpc_method_handler(lambda _, context: fail(context))

    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel.unary_unary("/shop.v1.Shop/Buy")(b"", timeout=TIMEOUT)
    except grpc.RpcError as error:
        return error
    finally:
        server.stop(None)
    raise AssertionError("the call did not fail")


def printed(show, error):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        show(error)
    return out.getvalue().split()


def check_python(codelibra, found, reasons):
    errors = {code: raised(function(texts["Python"][0], "fail")) for code, texts in found.items()}
    for code, error in errors.items():
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        decoded = json.loads(run(codelibra, "decode", base64.b64encode(details).decode(), "--format", "json"))
        assert (decoded["code"], decoded["notes"]) == (code, []), decoded
        for other, texts in found.items():
            output = printed(function(texts["Python"][1], "show"), error)
            expected = [reasons[code], *[v for k, v in decoded["metadata"].items() if k != "code"]] if other == code else []
            assert sorted(output) == sorted(expected), (code, other, output)


def check_curl(found, url):
    for code, texts in found.items():
        raise_it, match = texts["curl"]
        command = raise_it.replace("http://127.0.0.1:8080", url)
        with tempfile.TemporaryDirectory() as folder:
            shell = ["sh", "-ec", command]
            head = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout
            assert f"codelibra-error-code: {code}" in head, head
            for other in found:
                target = f"{url}/v1/errors/{other}:raise"
                shell = ["sh", "-ec", match]
                env = {"url": target, "PATH": "/usr/bin:/bin"}
                out = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=True)
                assert bool(out.stdout) == (other == code), (code, other, out.stdout)


def check_go(found):
    for code, texts in found.items():
        for body in texts["Go"]:
            source = f"package shop\n\nfunc f(err error) error {{\n{body}\n\treturn nil\n}}\n"
            parsed = subprocess.run(["gofmt", "-e"], input=source, capture_output=True, text=True, timeout=TIMEOUT)
            assert parsed.returncode == 0, (code, parsed.stderr)


def main(codelibra):
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder) / "site"
        run(codelibra, "export", "html", "--output", str(site))
        found = {code: programs((site / f"{code}" / "index.html").read_text()) for code in CODES}
        reasons = {code: json.loads((site / f"{code}.json").read_text())["reason"] for code in CODES}
    check_python(codelibra, found, reasons)
    with serve(codelibra) as addresses:
        url = addresses.http if addresses.http.startswith("http") else f"http://{addresses.http}"
        check_curl(found, url)
    if shutil.which("gofmt"):
        check_go(found)
    print(f"the programs of {len(found)} pages raise and match their errors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
