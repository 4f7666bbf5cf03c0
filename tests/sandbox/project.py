"""A small project to work in, and what commands of every day do in it.

    python -m tests.sandbox.project MECHANISM PYTHON < rows.json > results.json

A row has a command and its network; the result is its exit status and output, or why it
was skipped. Like `arena.py` it is a program of its own, so that another user can run it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from lsp_server.sandbox.environment import sandbox_environment
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import PolicyRules, workspace_policy
from lsp_server.sandbox.process_tree import end_tree
from lsp_server.sandbox.sandbox import ProcessSpec, Sandbox
from tests.sandbox.arena import PATH, mechanism

SECONDS_MAX = 60

FILES = {
    "tracked": "content\n",
    "test_sum.py": (
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_sum(self): self.assertEqual(1 + 1, 2)\n"
    ),
    "Makefile": "hello:\n\techo made > hello.txt\n\tcat hello.txt\n",
    "child.js": 'process.send("from the child"); process.disconnect();\n',
    "Hello.java": 'class Hello { public static void main(String[] a) { System.out.println("from java"); } }\n',
    "Cargo.toml": '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/main.rs": 'fn main() { println!("rusty"); }\n',
    "package.json": '{"name": "p", "version": "1.0.0", "scripts": {"hello": "echo run by npm"}, "dependencies": {"tiny": "file:../outside/tiny-1.0.0.tgz"}}\n',
}
COMMITTED = ("tracked", "test_sum.py", "Makefile")


def make(base: Path) -> None:
    """Makes the project, a home, and what is installed from, below `base`."""
    for name in ("workspace", "scratch", "home", "outside"):
        (base / name).mkdir()
    workspace = base / "workspace"
    for name, text in FILES.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    environment = {"PATH": PATH, "HOME": str(base / "home"), "GIT_CONFIG_NOSYSTEM": "1"}

    def run(*argv: str, cwd: Path = workspace) -> None:
        subprocess.run(argv, cwd=cwd, env=environment, check=True, capture_output=True)

    run("git", "init", "-q")
    run("git", "add", *COMMITTED)
    run("git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "first")
    (workspace / "tracked").write_text("content\nmore\n")
    (workspace / "untracked").write_text("new\n")
    with zipfile.ZipFile(base / "outside" / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "name = 'tiny wheel'\n")
        info = "tiny-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    (base / "outside" / "simple" / "tiny").mkdir(parents=True)
    link = '<a href="/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>'
    (base / "outside" / "simple" / "tiny" / "index.html").write_text(link)
    run("git", "clone", "-q", "--bare", ".", str(base / "outside" / "bare"))
    (base / "home" / ".ssh").mkdir()
    (base / "home" / ".ssh" / "id_ed25519").write_text("key\n")
    if shutil.which("npm", path=PATH):
        package = base / "outside" / "package"
        package.mkdir()
        (package / "package.json").write_text('{"name": "tiny", "version": "1.0.0"}')
        (package / "index.js").write_text('module.exports = "tiny module"')
        run("tar", "czf", "tiny-1.0.0.tgz", "package", cwd=base / "outside")
        run("npm", "install", "--offline", "--package-lock-only", "--no-audit", "--no-fund")


def run_row(sandbox: Sandbox, base: Path, row: dict[str, Any], python: str) -> dict[str, Any]:
    """Runs one command in the project as it was made.

    `python` has pip and pytest, or not; `rust` in the row is the home of who installed
    Rust, in the usual way.
    """
    for name in ("workspace", "scratch"):
        shutil.rmtree(base / name)
    shutil.copytree(base / "made", base / "workspace", symlinks=True)
    (base / "scratch").mkdir()
    home = base / "home"
    policy = workspace_policy(
        base / "workspace", (), base / "scratch", PolicyRules(network=row["network"]), home=home
    )
    given = {"PATH": f"{Path(python).parent}:{PATH}", "HOME": str(home), "LANG": "C.UTF-8"}
    if rust := row.get("rust"):
        given |= {
            "PATH": f"{rust}/.cargo/bin:{given['PATH']}",
            "CARGO_HOME": f"{rust}/.cargo",
            "RUSTUP_HOME": f"{rust}/.rustup",
        }
    environment = sandbox_environment(given, policy) | {
        "PYTHON": python,
        "WHEELS": str(base / "outside"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    started = sandbox.start(
        ProcessSpec(
            ("bash", "-c", row["command"]),
            base / "workspace",
            environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ),
        policy,
        Limits(),
    )
    stdout = started.process.stdout
    assert stdout is not None
    with stdout:
        try:
            # Its end closes its output, unless it left something behind.
            started.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            end_tree(started)
            return {"status": None, "output": "it did not end in time"}
        end_tree(started)
        output = stdout.read().decode("utf-8", "replace")
    return {"status": started.process.wait(), "output": output[-1500:]}


def main() -> None:
    name, python = sys.argv[1:]
    rows: dict[str, dict[str, Any]] = json.load(sys.stdin)
    base = Path(tempfile.mkdtemp(prefix="project-", dir="/var/tmp")).resolve()
    os.environ["HOME"] = str(base / "home")
    try:
        make(base)
        (base / "workspace").rename(base / "made")
        (base / "workspace").mkdir()
        sandbox = mechanism(name)
        results = {key: run_row(sandbox, base, row, python) for key, row in rows.items()}
    finally:
        shutil.rmtree(base)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
