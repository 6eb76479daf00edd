"""Compares `buf breaking`, which does not look at options, with `codelibra diff`.

    python3 tests/interop/buf_breaking.py PATH-TO-codelibra PATH-TO-buf

Each change of the table passes buf and is caught by codelibra. The control is a change that both catch. `codelibra new`
writes entries that `buf format` does not change.
"""

import pathlib
import subprocess
import sys
import tempfile

PROTO = pathlib.Path("proto")
CATALOG = pathlib.Path("shop/v1/errors.proto")

SHOP = """syntax = "proto3";

package shop.v1;

import "codelibra/error/v1/options.proto";

enum ErrorCode {
  option (codelibra.error.v1.catalog) = {
    domain: "shop.example.com"
    pages: "/errors"
  };

  ERROR_CODE_UNSPECIFIED = 0;

  // 409 Conflict

  ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {
    summary: "The item is sold out."
    resolution: "Choose another item."
    recovery: RECOVERY_REFRESH
    params: {
      name: "item"
      type: PARAM_TYPE_STRING
      description: "The item."
    }
  }];

  ERROR_CODE_TILL_CLOSED = 503001 [(codelibra.error.v1.entry) = {
    summary: "The till is closed."
    resolution: "Try again later."
    recovery: RECOVERY_RETRY
  }];
}
"""

# What changes, and what `codelibra diff` prints of it.
CAUGHT_HERE = [
    ('domain: "shop.example.com"', 'domain: "store.example.com"', "domain changed"),
    ("RECOVERY_RETRY", "RECOVERY_NONE", "clients do not retry any more"),
    ("RECOVERY_REFRESH", "RECOVERY_WAIT", "clients send the same request again"),
    ('name: "item"', 'name: "article"', "param `item` is now `article`"),
    ("PARAM_TYPE_STRING", "PARAM_TYPE_INT64", "type of param `item` changed"),
    (
        '    params: {\n      name: "item"\n      type: PARAM_TYPE_STRING\n      description: "The item."\n    }\n',
        "",
        "param `item` was removed",
    ),
    (
        "recovery: RECOVERY_RETRY",
        "recovery: RECOVERY_RETRY\n    grpc_code: GRPC_CODE_INTERNAL",
        "gRPC code changed",
    ),
]

CAUGHT_BY_BOTH = ("ERROR_CODE_TILL_CLOSED = 503001", "ERROR_CODE_TILL_CLOSED = 503002", "number of TILL_CLOSED changed")

NEW = [
    ["409", "PriceChanged"],
    ["400", "Bad", "--summary", 'A "quoted" text \\ with ü.', "--resolution", "Two\nlines."],
    ["599", "Last", "--recovery", "RETRY"],
    ["409", "CartGone", "--cause", "It was " + "very " * 40 + "old."],
]


def run(command, folder):
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


def module(folder, text):
    """A buf module with the catalogue and the protos that it imports."""
    (folder / "buf.yaml").write_text("version: v2\nmodules:\n  - path: .\nbreaking:\n  use: [FILE]\n")
    for name in ["options.proto", "error_info.proto"]:
        path = folder / "codelibra/error/v1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((PROTO / "codelibra/error/v1" / name).read_text())
    path = folder / CATALOG
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main():
    codelibra, buf = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        old, new = root / "old", root / "new"
        for folder in (old, new):
            folder.mkdir()
        module(old, SHOP)

        def compare(before, after):
            assert before in SHOP, before
            module(new, SHOP.replace(before, after))
            built = run([buf, "build"], new)
            assert built[0] == 0, built
            by_buf = run([buf, "breaking", "--against", str(old)], new)
            ours = run([codelibra, "diff", str(old / CATALOG), str(new / CATALOG)], root)
            return by_buf, ours

        for before, after, expected in CAUGHT_HERE:
            by_buf, ours = compare(before, after)
            assert by_buf[0] == 0, (after, by_buf)
            assert ours[0] == 1 and expected in ours[1], (after, ours)
        # The control: buf does compare the two.
        *edit, expected = CAUGHT_BY_BOTH
        by_buf, ours = compare(*edit)
        assert by_buf[0] != 0 and "503001" in by_buf[1], by_buf
        assert ours[0] == 1 and expected in ours[1], ours
        print(f"{len(CAUGHT_HERE)} breaking changes pass `buf breaking` and are caught by `codelibra diff`")

        module(new, SHOP)
        for arguments in NEW:
            added = run([codelibra, "--catalog", str(CATALOG), "new", *arguments], new)
            assert added[0] == 0, added
            formatted = run([buf, "format", "--diff", "--exit-code", str(CATALOG)], new)
            assert formatted[0] == 0, formatted
        checked = run([codelibra, "check", str(CATALOG)], new)
        assert checked[0] == 0, checked
        linted = run([buf, "lint", "--path", str(CATALOG)], new)
        assert linted[0] == 0, linted
        print(f"`buf format` has nothing to change in {len(NEW)} entries of `codelibra new`")


if __name__ == "__main__":
    main()
