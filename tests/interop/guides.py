"""Runs the commands in the shell blocks of the README and the guides.

usage: guides.py CODELIBRA
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = ROOT / "docs" / "guides" / "own-catalogue.md"
# These start a server, need one, or need a toolchain that other steps of CI run.
ELSEWHERE = re.compile(r"^(curl|protoc|cargo test|cargo run -- (serve|call)|cargo run$|  --go_opt|  codelibra/error)")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def main():
    codelibra = pathlib.Path(sys.argv[1]).resolve()
    environment = {**os.environ, "PATH": f"{codelibra.parent}{os.pathsep}{os.environ['PATH']}"}
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        proto = pathlib.Path(folder) / "proto" / "shop" / "errors.proto"
        proto.parent.mkdir(parents=True)
        (pathlib.Path(folder) / "target").mkdir()
        text = blocks(OWN, "proto")[0]
        proto.write_text(text)
        for page in [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]:
            for line in (line for block in blocks(page, "sh") for line in block.splitlines()):
                if ELSEWHERE.search(line):
                    continue
                command = line.replace("cargo run --", "codelibra", 1)
                ended = subprocess.run(
                    ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
                )
                assert ended.returncode == 0, (page.name, command, ended.stdout + ended.stderr)
                assert ended.stdout or "--output" in command or " check " in command, (page.name, command)
                count += 1
    assert count >= 13, count
    print(f"{count} commands run")


if __name__ == "__main__":
    main()
