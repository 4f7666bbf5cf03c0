"""This module has the command that reviews what a person changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import WorkspaceOption

commands = typer.Typer()


@commands.command()
def review(
    path: Annotated[
        str | None,
        typer.Argument(help="A file or folder of it; all if left out.", show_default=False),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            help="A branch, tag or commit; the last commit if left out.", show_default=False
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="One finding a line, for programs.")] = False,
) -> None:
    """Find what would fail in what you changed since a commit. Nothing is changed.

    Each finding names the failure that it would cause and stands at a line of the change.
    Exit status: 0 nothing found, 3 something found, 1 no review.
    """
    from lsp_server.cli.review import ReviewOptions
    from lsp_server.cli.review import review as work

    raise typer.Exit(work(ReviewOptions(workspace, base, path, json)))
