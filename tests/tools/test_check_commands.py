"""Which command lines check the work, so that their status shows something."""

from __future__ import annotations

import pytest

from lsp_server.tools.check_commands import COMMAND_CHARS_MAX, check_kind

PLAIN = [
    "pytest",
    "pytest -q tests/a.py::test_b",
    "python -m pytest -x",
    "python3.11 -m unittest -q test_calc",
    "/usr/bin/python3 -m unittest -q",
    ".venv/bin/pytest -q",
    "cd web && npm test",
    "cd web; npm run lint",
    "npm run test:unit",
    "make",
    "make -j4 test",
    "make -j 4 test",
    "make -C docs check",
    "npm --prefix web test",
    "npm run ci",
    "make ci",
    "cargo +nightly test",
    "cargo test --all",
    "cargo clippy -- -D warnings",
    "go vet ./...",
    "ruff check .",
    "ruff format --check",
    "npx tsc --noEmit",
    "timeout 60 pytest",
    "env CI=1 pytest",
    "PYTHONPATH=src pytest -q 2>&1",
    "./gradlew build",
    "cmake --build build",
    "poetry run mypy src",
    "pnpm exec vitest run",
    "node_modules/.bin/jest",
    "gcc -Wall -o x x.c",
    "pytest -q && ruff check .",
    "holdfast goals --check",
]
PIPED = ["uv run pytest -q | tail -n 3", "pytest 2>&1 | tee log", "make test | grep -v ok"]
NONE = [
    "echo pytest passed",
    "printf 'pytest: 2 passed'",
    "pytest || true",
    "pytest; echo OK",
    "pytest &",
    "! pytest",
    "if pytest; then echo ok; fi",
    "while ! pytest; do sleep 1; done",
    "pytest --version",
    "pytest --collect-only",
    "python -m pytest --help",
    "ruff check --exit-zero .",
    "cargo test --no-run",
    "make -n test",
    "make -i test",
    "make clean",
    "make -C test clean",
    "make -C test install",
    "npm ci",
    "npm --prefix web ci",
    "npm --prefix test install",
    "npm install",
    "npm run",
    "go run .",
    "cargo run",
    "ruff format",
    "PATH=.:$PATH pytest",
    "env PATH=. pytest",
    "LD_PRELOAD=./x.so pytest",
    "PYTEST_ADDOPTS=--co pytest",
    "./pytest",
    "tools/pytest",
    "bash run.sh",
    "python run_tests.py",
    "python -c 'import pytest'",
    "sh -c 'pytest'",
    "$(echo pytest)",
    "$RUNNER -q",
    "`which pytest`",
    "grep -q pytest x",
    "git test",
    "true",
    "pytest 'unfinished",
]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        *(("plain", line) for line in PLAIN),
        *(("piped", line) for line in PIPED),
        *(("none", line) for line in [*NONE, "", "pytest " + "x" * COMMAND_CHARS_MAX]),
    ],
)
def test_a_line_checks_the_work_if_it_can_fail(kind: str, line: str) -> None:
    assert check_kind(line) == kind
