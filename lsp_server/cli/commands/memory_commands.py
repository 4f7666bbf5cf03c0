"""This module has the commands about memory."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import WorkspaceOption
from lsp_server.domain.memories import EVERY_REPOSITORY, Query

commands = typer.Typer()


class Kind(StrEnum):
    """A `Kind` of memory can be searched alone, or all of them at once."""

    CODE = "code"
    ACTION = "action"
    FACT = "fact"
    ALL = "all"


@commands.command()
def index(
    workspace: WorkspaceOption = Path(),
    full: Annotated[bool, typer.Option("--full", help="Begin from nothing.")] = False,
    words: Annotated[
        bool, typer.Option("--words", help="Only words; later sessions add what they mean.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="URI",
            help="Build the base that a team shares there, of the last commit.",
            show_default=False,
        ),
    ] = None,
    repositories: Annotated[
        Path | None,
        typer.Option(
            "--repositories",
            metavar="FILE",
            help="With --base: the clones to put into it, one a line.",
            show_default=False,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="With --base: the Ray cluster that does it; `local` starts one here.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Bring the index of the code up to what is on disk.

    Words are searched first, then what they mean, which takes longer. Ctrl-C loses nothing.
    """
    if base is not None:
        from lsp_server.cli.team_base import build_base

        raise typer.Exit(build_base(workspace, base, repositories, full=full, ray=ray))
    if repositories is not None or ray is not None:
        raise typer.BadParameter("it needs --base, the place of what is built")
    from lsp_server.cli.memory import index as work

    raise typer.Exit(work(workspace, full=full, words=words))


@commands.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for: words, a name, a question.")],
    workspace: WorkspaceOption = Path(),
    kind: Annotated[
        Kind, typer.Option(help="Code, past actions, facts, or all of them.")
    ] = Kind.CODE,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Hits of each kind.")] = 10,
    path: Annotated[
        str | None, typer.Option(help="File or folder to stay in.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One hit a line.")] = False,
    all_repositories: Annotated[
        bool,
        typer.Option(
            "--all-repositories", help="Search all repositories of the team's base: code, or facts."
        ),
    ] = False,
) -> None:
    """Search the code and what earlier runs did, by words and by meaning.

    Exit status: 0 when something was found, else 1.
    """
    from lsp_server.cli.memory import search as work

    repository = EVERY_REPOSITORY if all_repositories else ""
    wanted = Query(query, (), limit, path, repository=repository)
    raise typer.Exit(work(workspace, wanted, kind.value, as_json=json))


@commands.command()
def remember(
    text: Annotated[str, typer.Argument(help="A fact about the project, in a sentence or two.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Keep a fact that every later run is told."""
    from lsp_server.cli.remember import remember as work

    raise typer.Exit(work(workspace, text))


@commands.command()
def forget(
    query: Annotated[
        str | None, typer.Argument(help="Whatever holds these words.", show_default=False)
    ] = None,
    entry_id: Annotated[
        str | None, typer.Option("--id", help="One action or fact.", show_default=False)
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(help="What is older, runs and all.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Remove from memory and from the journals of runs, for good."""
    from lsp_server.cli.remember import forget as work

    raise typer.Exit(work(workspace, query, entry_id, before))
