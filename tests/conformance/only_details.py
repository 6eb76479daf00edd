"""Checks that the cases of a log of the suite's runner fail for no other reason than the details of an error.

Usage: only_details.py LOG
"""

import re
import sys

# The messages of the runner begin behind one tab with a letter; differences are indented further.
MESSAGE = re.compile(r"\t[A-Za-z#].*")
DETAILS = re.compile(r"\tactual error (contain \d+ details; expecting \d+|detail #\d+ does not match expected error detail:.*)$")


def main(path):
    name, cases, others, finished = None, 0, [], False
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in map(str.rstrip, log):
            if "was expected to fail" in line or "could not be run" in line:
                others.append(line)
            elif line.startswith("FAILED: "):
                name = line.removeprefix("FAILED: ").removesuffix(":")
                cases += 1
            elif not line.startswith("\t"):
                name = None
                finished |= line.startswith("Total cases: ")
            elif name and MESSAGE.match(line) and not DETAILS.match(line):
                others.append(f"{name}: {line.strip()}")
    if not finished:
        sys.exit(f"{path}: the suite did not come to its end")
    if cases == 0:
        sys.exit(f"{path}: no error had more details, so the layer was not there")
    if others:
        sys.exit("\n".join([f"{path}: more than details differs:", *others]))
    print(f"   {cases} errors differ in what the layer adds to their details, and in nothing else")


if __name__ == "__main__":
    main(sys.argv[1])
