"""What a checkout may hold in the place of a file that is read without asking."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.agent.instructions import INSTRUCTIONS_BYTES_MAX, project_instructions
from lsp_server.domain.errors import ToolError
from lsp_server.settings.layers import load
from lsp_server.settings.regular_files import read_whole
from lsp_server.workspace.files.disk import read_text
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out

HUGE_BYTES = 1 << 40


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)


def settings(root: Path) -> str:
    loaded = load(root, environment={}, user_file=root / "none.toml")
    assert loaded.settings.permissions.mode == "ask"
    return " ".join(map(str, loaded.problems))


def instructions(root: Path) -> str:
    text = project_instructions(root, ["AGENTS.md"])
    assert len(text) < INSTRUCTIONS_BYTES_MAX + 200
    return text


def rules(root: Path) -> str:
    skipped: list[str] = []
    assert "kept.py" in list(Ignore(Workspace(root)).walk(skipped=lambda *why: skipped.extend(why)))
    return " ".join(skipped)


def goals(root: Path) -> str:
    with pytest.raises(ToolError) as raised:
        read_text(root / ".holdfast/goals.md")
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "read", "in_its_place", "said"),
    [
        (".holdfast/config.toml", settings, pipe, "cannot be read, so it is ignored, and edits"),
        (".holdfast/config.toml", settings, endless, "a pipe or a socket, not a file"),
        (".holdfast/config.toml", settings, folder, "it is a folder"),
        (".holdfast/config.toml", settings, huge, "it is larger than 100,000 bytes"),
        (".holdfast/goals.md", goals, pipe, "not a file with text"),
        (".holdfast/goals.md", goals, endless, "not a file with text"),
        (".holdfast/goals.md", goals, huge, "too large"),
        ("AGENTS.md", instructions, pipe, ""),
        ("AGENTS.md", instructions, endless, ""),
        ("AGENTS.md", instructions, huge, "(cut; read AGENTS.md for the rest)"),
        (".gitignore", rules, pipe, ".gitignore it is no file, so its rules are not known"),
        (".gitignore", rules, endless, ".gitignore it is no file, so its rules are not known"),
        (".git/info/exclude", rules, pipe, ""),
        (".git/info/exclude", rules, endless, ""),
        (".gitignore", rules, huge, ""),
    ],
)
def test_what_is_no_file_is_refused_in_words(
    project: Path,
    name: str,
    read: Callable[[Path], str],
    in_its_place: Callable[[Path], None],
    said: str,
) -> None:
    lay_out(project, {"kept.py": ""})
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    in_its_place(project / name)
    assert said in read(project)


@pytest.mark.parametrize(
    "text", ["a." * 40_000 + "a = 1", "a = " + "[" * 90_000, "a = " + "1" * 90_000]
)
def test_settings_that_are_dear_to_parse_are_refused_in_words(project: Path, text: str) -> None:
    lay_out(project, {".holdfast/config.toml": text})
    assert "cannot be read, so it is ignored" in settings(project)


def test_a_file_within_the_limit_is_read_whole(project: Path) -> None:
    (project / "a").write_bytes(b"x" * 10)
    assert read_whole(project / "a", 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than 9 bytes"):
        read_whole(project / "a", 9)
