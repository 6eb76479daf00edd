"""Runs what docs/catalogue-checks.md shows: its commands, its workflow of GitHub, and both of its hooks.

    python3 tests/interop/catalogue_checks.py PATH-TO-codelibra

Needs the packages of requirements.txt beside this file. The steps of the workflow that GitHub or cargo provide are left out:
checking out, and installing codelibra.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

PAGE = pathlib.Path("docs/catalogue-checks.md")
CATALOG = "proto/shop/v1/errors.proto"

SHOP = """syntax = "proto3";

package shop.v1;

import "codelibra/error/v1/options.proto";

enum ErrorCode {
  option (codelibra.error.v1.catalog) = {domain: "shop.example.com"};

  ERROR_CODE_UNSPECIFIED = 0;

  ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {
    summary: "The item is sold out."
    resolution: "Choose another item."
  }];
}
"""

# An entry that two branches add with different meanings.
NEW = '  ERROR_CODE_%s = 409002 [(codelibra.error.v1.entry) = {summary: "It failed.", resolution: "Stop."}];\n}\n'


def blocks(language):
    """The code blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def one(found):
    (block,) = found
    return block


class Folder:
    def __init__(self, path, environment):
        self.path, self.environment = path, environment

    def run(self, *command, expected=0):
        ended = subprocess.run(
            command, cwd=self.path, env=self.environment, capture_output=True, text=True, timeout=120
        )
        output = ended.stdout + ended.stderr
        assert ended.returncode == expected, (command, ended.returncode, output)
        return output

    def sh(self, script, expected=0):
        return self.run("bash", "-e", "-c", script, expected=expected)

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self):
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "a change")


def clone(root, name, environment):
    """A clone of a repository whose `origin` has main and an unmerged branch."""
    origin = Folder(root / f"{name}-origin", environment)
    origin.path.mkdir()
    origin.run("git", "init", "-q", "-b", "main", ".")
    origin.write(CATALOG, SHOP)
    origin.commit()
    origin.run("git", "checkout", "-q", "-b", "team/cart")
    origin.write(CATALOG, SHOP[:-2] + NEW % "CART_GONE")
    origin.commit()
    origin.run("git", "checkout", "-q", "main")
    folder = Folder(root / name, environment)
    origin.run("git", "clone", "-q", ".", str(folder.path))
    return folder


def commands(root, environment):
    folder = clone(root, "commands", environment)
    scripts = [block for block in blocks("sh") if not block.startswith("#!")]
    assert len(scripts) == 4, scripts
    # The first one adds 409002, which the branch uses, so that the third one finds a collision.
    for script, expected in zip(scripts, [0, 0, 1, 0]):
        folder.sh(script, expected)
    folder.run("git", "checkout", "-q", ".")
    folder.sh(scripts[0].rstrip() + " --against 'origin/**'")
    assert "ERROR_CODE_CART_MERGED = 409003 " in (folder.path / CATALOG).read_text()
    folder.sh(scripts[2])
    print(f"{len(scripts)} commands run")


def workflow(root, environment):
    parsed = yaml.safe_load(one(block for block in blocks("yaml") if "runs-on" in block))
    steps = [step for job in parsed["jobs"].values() for step in job["steps"] if "run" in step]
    steps = [step["run"] for step in steps if not step["run"].startswith("cargo install")]
    assert len(steps) == 2, steps
    folder = clone(root, "workflow", {**environment, "GITHUB_BASE_REF": "main"})
    for text, expected, annotation in [
        (SHOP, [0, 0], ""),
        (SHOP[:-2] + NEW % "CART_MERGED", [1, 0], "::error file=proto/shop/v1/errors.proto,line="),
        (SHOP.replace("409001", "409009"), [0, 1], "::error file=proto/shop/v1/errors.proto,line="),
        (SHOP.replace("409001", "409000"), [1, 2], "::error file=proto/shop/v1/errors.proto,line="),
    ]:
        folder.write(CATALOG, text)
        output = "".join(folder.sh(step, exit) for step, exit in zip(steps, expected))
        assert annotation in output, output
    print(f"{len(steps)} steps of the workflow run")


def hooks(root, environment):
    config = one(block for block in blocks("yaml") if "hooks:" in block)
    script = one(block for block in blocks("sh") if block.startswith("#!"))
    for name in ["pre-commit", "hook"]:
        folder = clone(root, name, environment)
        if name == "pre-commit":
            folder.write(".pre-commit-config.yaml", config)
            folder.run(sys.executable, "-m", "pre_commit", "install")
        else:
            folder.write(".git/hooks/pre-commit", script).chmod(0o755)
        folder.write(CATALOG, SHOP.replace("409001", "409000"))
        folder.run("git", "add", "-A")
        output = folder.run("git", "commit", "-q", "-m", "broken", expected=1)
        assert "code 409000 of `ERROR_CODE_SOLD_OUT` ends in 000" in output, output
        folder.write(CATALOG, SHOP.replace("Choose", "Take"))
        folder.commit()
    print("2 hooks stop a commit of a broken catalogue, and no other one")


def main():
    codelibra = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        environment = {
            **os.environ,
            "PATH": f"{codelibra.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(root),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PRE_COMMIT_HOME": str(root / "cache"),
        }
        for role in ["AUTHOR", "COMMITTER"]:
            environment |= {f"GIT_{role}_NAME": "test", f"GIT_{role}_EMAIL": "test@example.com"}
        commands(root, environment)
        workflow(root, environment)
        hooks(root, environment)


if __name__ == "__main__":
    main()
