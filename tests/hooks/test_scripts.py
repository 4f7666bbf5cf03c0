"""Which files of a project a command names, in the ways that people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.hooks.scripts import TEXT_CHARS_MAX, runs_files_of, scripts

NAMES = "tools/guard.sh"
RUNS = (
    "tools/guard.sh",
    "./tools/guard.sh --strict",
    "sh tools/guard.sh",
    "bash -eu ./tools/guard.sh",
    '"$CLAUDE_PROJECT_DIR"/tools/guard.sh',
    '"$CLAUDE_PROJECT_DIR/tools/guard.sh"',
    "${CLAUDE_PROJECT_DIR}/tools/guard.sh",
    "${CLAUDE_PROJECT_DIR:-.}/tools/guard.sh",
    "$HOLDFAST_PROJECT_DIR/tools/guard.sh",
    '"$(git rev-parse --show-toplevel)/tools/guard.sh"',
    "`pwd`/tools/guard.sh",
    "$PWD/tools/guard.sh",
    "cd tools && ./guard.sh",
    "cd tools; sh guard.sh",
    "(cd tools && exec ./guard.sh)",
    "true;tools/guard.sh",
    "test -t 0||tools/guard.sh",
    "cat | tools/guard.sh | cat",
    "bash -c 'tools/guard.sh'",
    "bash -c 'cd tools && ./guard.sh'",
    "env FOO=1 tools/guard.sh",
    "timeout 5 sh tools/guard.sh",
    "sh tools/*.sh",
    "sh 'tools'/\"guard.sh\"",
    "if true; then tools/guard.sh; fi",
    "echo $(tools/guard.sh)",
    "sh tools/../tools/guard.sh",
    "sh tools/link.sh",
)
NAMED = (
    "cat tools/guard.sh | sh",
    "sh < tools/guard.sh",
    "X=tools/guard.sh; sh $X",
    "node --require=tools/guard.sh -e 1",
)
NOT = (
    "echo hello",
    "echo x >> tools/guard.sh",
    "cat > tools/guard.sh",
    "/usr/bin/true",
    "python3 -c 'print(1)'",
    "sh /dev/null",
    "",
)


@pytest.fixture
def root(project: Path) -> Path:
    (project / "tools").mkdir()
    (project / NAMES).write_text("exit 2")
    (project / "tools" / "link.sh").symlink_to(project / NAMES)
    return project


@pytest.mark.parametrize("command", RUNS)
def test_a_file_that_is_run_is_found(root: Path, command: str) -> None:
    assert [one.path for one in scripts(command, root)] == [NAMES]
    assert runs_files_of(command, root)


@pytest.mark.parametrize("command", NAMED)
def test_a_file_that_is_named_is_found(root: Path, command: str) -> None:
    assert [one.path for one in scripts(command, root)] == [NAMES]


@pytest.mark.parametrize("command", NOT)
def test_nothing_else_is_found(root: Path, command: str) -> None:
    assert scripts(command, root) == ()
    assert not runs_files_of(command, root)


def test_a_module_is_a_file(root: Path) -> None:
    (root / "tools" / "check.py").write_text("pass")
    assert [one.path for one in scripts("python3 -m tools.check", root)] == ["tools/check.py"]


def test_no_file_outside_is_one_of_the_project(root: Path) -> None:
    (root.parent / "outside.sh").write_text("true")
    (root / "out.sh").symlink_to(root.parent / "outside.sh")
    assert scripts("sh ../outside.sh; sh out.sh", root) == ()


def test_each_byte_of_a_large_file_counts(root: Path) -> None:
    path = root / "tools" / "guard.sh"
    path.write_text("#" * (TEXT_CHARS_MAX * 8) + "\ntrue\n")
    (before,) = scripts("sh tools/guard.sh", root)
    path.write_text("#" * (TEXT_CHARS_MAX * 8) + "\nfalse\n")
    (after,) = scripts("sh tools/guard.sh", root)
    assert before.digest != after.digest
    assert "bytes more" in after.text
