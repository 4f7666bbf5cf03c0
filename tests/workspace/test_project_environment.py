"""Which programs the commands of a project find first, and which never."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.commands.inert import inert_environment
from lsp_server.workspace.commands.project_commands import ProjectCommandRunner
from lsp_server.workspace.commands.project_environment import (
    SYSTEM_NAMES,
    find_environment,
    missing_hint,
    missing_program,
)
from tests.cli.test_run import model
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import YES, holdfast
from tests.harness.workshop import calls, finish

BARE = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}


def program(path: Path, says: str = "ours") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)


def python_in(prefix: Path) -> Path:
    program(prefix / "bin" / "python", f"python of {prefix.name}")
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return prefix


def found(root: Path, python: str = "", **environment: str) -> tuple[str, ...]:
    folders = find_environment(root, python, BARE | environment).folders
    return tuple(str(folder) for folder in folders)


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_an_environment_in_the_project_is_found(tmp_path: Path, name: str) -> None:
    python_in(tmp_path / name)
    used = find_environment(tmp_path, "", BARE)
    assert used.over(BARE)["PATH"] == f"{tmp_path}/{name}/bin:/usr/bin:/bin"
    assert used.over(BARE)["VIRTUAL_ENV"] == f"{tmp_path}/{name}"
    assert used.described == f"commands use the Python of {name} (in the project)"


def test_the_most_explicit_one_counts(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for name in ("project/.venv", "project/venv", "named", "active", "chosen"):
        python_in(tmp_path / name)
    (root / "node_modules" / ".bin").mkdir(parents=True)
    node = str(root / "node_modules" / ".bin")
    places = {name: str(tmp_path / name / "bin") for name in ("named", "active", "chosen")}
    by_uv = {"UV_PROJECT_ENVIRONMENT": "../named"}
    active = {"VIRTUAL_ENV": str(tmp_path / "active")}
    chosen = str(tmp_path / "chosen" / "bin" / "python")
    assert found(root) == (str(root / ".venv" / "bin"), node)
    assert Path(found(root, **by_uv)[0]).resolve() == Path(places["named"])
    assert found(root, **by_uv, **active) == (places["active"], node)
    assert found(root, chosen, **by_uv, **active) == (places["chosen"], node)
    # Holdfast's own is nobody's choice.
    assert found(root, VIRTUAL_ENV=sys.prefix) == (str(root / ".venv" / "bin"), node)


def test_a_chosen_one_that_is_gone_is_named_and_another_is_taken(tmp_path: Path) -> None:
    python_in(tmp_path / ".venv")
    used = find_environment(tmp_path, "/nowhere/bin/python", BARE)
    assert "/nowhere/bin/python that is chosen is not there" in used.described
    assert used.folders == (tmp_path / ".venv" / "bin",)


@pytest.mark.parametrize("table", ['[project]\nname = "My App"', '[tool.poetry]\nname = "my app"'])
def test_the_one_that_poetry_keeps_elsewhere_is_found(tmp_path: Path, table: str) -> None:
    root, cache = tmp_path / "project", tmp_path / "cache"
    root.mkdir()
    (root / "pyproject.toml").write_text(f"{table}\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(os.fsencode(root)).digest()).decode()[:8]
    for version in ("3.9", "3.12"):
        python_in(cache / "virtualenvs" / f"my_app-{digest}-py{version}")
    assert found(root, POETRY_CACHE_DIR=str(cache)) == (), "there is no lock of poetry's"
    (root / "poetry.lock").touch()
    (folder,) = found(root, POETRY_CACHE_DIR=str(cache))
    assert folder.endswith("py3.12/bin")


@pytest.mark.parametrize("name", ["git", "ls", "sudo", "bash", "rg", "env"])
@pytest.mark.parametrize("folder", [".venv/bin", "node_modules/.bin"])
def test_a_folder_with_programs_of_the_system_is_not_used(
    tmp_path: Path, name: str, folder: str
) -> None:
    assert name in SYSTEM_NAMES
    python_in(tmp_path / ".venv")
    program(tmp_path / folder / name)
    used = find_environment(tmp_path, "", BARE)
    assert tmp_path / folder not in used.folders
    assert f"{folder} is not used, as it brings a `{name}` of its own" in used.described
    # Through a link it is the same folder.
    (tmp_path / "venv").symlink_to(tmp_path / ".venv")
    assert tmp_path / "venv" / "bin" not in find_environment(tmp_path, "", BARE).folders or (
        folder == "node_modules/.bin"
    )


@pytest.mark.parametrize("odd", ["", "[", "name = 3", '[project]\nname = ["x"]', "[project]\n"])
def test_odd_files_of_a_project_are_passed_over(tmp_path: Path, odd: str) -> None:
    (tmp_path / "pyproject.toml").write_text(odd)
    (tmp_path / "poetry.lock").touch()
    (tmp_path / ".venv").write_text("a file in its place")
    (tmp_path / "node_modules").touch()
    (tmp_path / "venv").mkdir()
    assert found(tmp_path) == ()


async def output(root: Path, command: str, environment: Mapping[str, str] = os.environ) -> str:
    runner = ProjectCommandRunner(HostCommandRunner())
    done = await runner.run(command, root, timeout_seconds=30, environment=environment)
    return f"{done.output}{done.hint}"


async def test_a_command_finds_it_and_what_nobody_is_asked_about_does_not(tmp_path: Path) -> None:
    python_in(tmp_path / ".venv")
    program(tmp_path / ".venv" / "bin" / "nl", "theirs")
    assert await output(tmp_path, "python") == "python of .venv\n"
    assert await output(tmp_path, "nl") == "theirs\n"
    assert "theirs" not in await output(tmp_path, "nl", inert_environment(tmp_path))


async def test_a_program_that_is_not_there_is_named_with_what_helps(tmp_path: Path) -> None:
    assert "`no-such-tool` is not on the PATH of commands" in await output(tmp_path, "no-such-tool")
    python_in(tmp_path / ".venv")
    assert "not installed in .venv" in await output(tmp_path, "no-such-tool -q && true")
    assert missing_program(127, "sh: 1: exit: not found") == "exit"
    assert missing_program(127, "nothing of the kind") is None


@pytest.mark.parametrize(("program_", "has"), [("python", "python3"), ("python3.99", "python")])
def test_the_same_program_under_another_name_is_named(
    tmp_path: Path, program_: str, has: str
) -> None:
    program(tmp_path / "bin" / has)
    nothing = find_environment(tmp_path, "", BARE)
    hint = missing_hint(program_, nothing, {"PATH": str(tmp_path / "bin")})
    assert f"here it is called `{has}`" in hint
    assert "python3 -m venv .venv" in hint


async def test_a_run_works_in_it_and_says_so(project: Path) -> None:
    python_in(project / ".venv")
    turns = [calls(("shell", {"command": "python"})), finish()]
    async with FaultyServer(turns) as server:
        done = await holdfast("run", *YES, "x", folder=project, **model(server))
    assert "python of .venv" in done.output
    assert done.output.count("commands use the Python of .venv (in the project)") == 1
    told = await holdfast("doctor", folder=project)
    assert f"first on the PATH: `{project}/.venv/bin`" in told.output


async def test_a_check_whose_program_is_not_there_says_what_helps(project: Path) -> None:
    async with FaultyServer([finish()] * 3) as server:
        check = ("--check", "no-such-tool -q")
        done = await holdfast("run", *YES, *check, "x", folder=project, **model(server))
    assert "`no-such-tool` is not on the PATH of commands" in done.output


async def test_what_is_free_is_never_the_projects(project: Path) -> None:
    python_in(project / ".venv")
    program(project / ".venv" / "bin" / "nl", "theirs; touch pwned")
    (project / "a.txt").write_text("mine\n")
    async with FaultyServer([calls(("shell", {"command": "nl a.txt"})), finish()]) as server:
        done = await holdfast("run", "x", folder=project, **model(server))
    assert "mine" in done.output
    assert "theirs" not in done.output
    assert not (project / "pwned").exists()
