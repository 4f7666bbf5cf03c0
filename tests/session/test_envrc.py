"""What is said of an `.envrc` that is not loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.session.envrc import SessionEnvrc
from lsp_server.session.trust import Trust
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.commands.project_environment import ProjectEnvironment


def envrc_of(project: Path) -> SessionEnvrc:
    return SessionEnvrc(project, Trust(project.parent / "trusted.json"))


async def test_without_direnv_one_sentence_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".envrc").write_text("export A=b\n")
    monkeypatch.setenv("PATH", str(project))
    envrc = envrc_of(project)
    found = await envrc.environment(project, HostCommandRunner())
    (said,) = found.problems
    assert (said, found.found, found.variables) == (await envrc.described(), (), ())
    assert "direnv is not installed; install it" in said
    assert await envrc.brought() == (), "trust would change nothing"


async def test_a_direnv_of_the_projects_own_is_none(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".envrc").write_text("export A=b\n")
    (project / "direnv").write_text('#!/bin/sh\necho \'{"A": "theirs"}\'\n')
    (project / "direnv").chmod(0o755)
    monkeypatch.setenv("PATH", str(project))
    assert await envrc_of(project).brought() == ()


@pytest.mark.parametrize("made", ["nothing", "a folder", "a link outside", "too much"])
async def test_where_there_is_none_nothing_is_said(project: Path, made: str) -> None:
    file, outside = project / ".envrc", project.parent / "outside"
    match made:
        case "a folder":
            file.mkdir()
        case "a link outside":
            outside.write_text("export A=b\n")
            file.symlink_to(outside)
        case "too much":
            file.write_text("# \n" * 100_000)
        case _:
            pass
    envrc = envrc_of(project)
    assert await envrc.environment(project, HostCommandRunner()) == ProjectEnvironment()
    assert (await envrc.described(), await envrc.brought()) == (None, ())
