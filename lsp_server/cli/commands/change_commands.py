"""This module has the commands about what a run changed: see it, take it back, keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import NewestRunArgument, WorkspaceOption

commands = typer.Typer()

PathOption = Annotated[
    str | None,
    typer.Option("--path", "-p", metavar="FILE", help="This file alone.", show_default=False),
]
HunkOption = Annotated[
    int | None,
    typer.Option(
        min=1, help="This hunk of the file alone, as `changes` counts.", show_default=False
    ),
]


@commands.command()
def changes(
    run_id: NewestRunArgument = None,
    path: PathOption = None,
    workspace: WorkspaceOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="One file a line, for programs.")] = False,
) -> None:
    """Show what a run changed, hunk by hunk, with the number of each."""
    from lsp_server.cli.changes import ChangePart
    from lsp_server.cli.changes import changes as work

    raise typer.Exit(work(ChangePart(run_id, path), workspace, as_json=json))


@commands.command()
def undo(
    run_id: NewestRunArgument = None,
    path: PathOption = None,
    hunk: HunkOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Take back what a run changed, or a file or hunk of it, and keep what you changed since.

    `holdfast keep` gives it back. Exit status: 0 when all came back, 2 when there is no such run, file or hunk, else 1.
    """
    from lsp_server.cli.changes import ChangePart, undo_part
    from lsp_server.cli.undo import undo as work

    if path is None and hunk is None:
        raise typer.Exit(work(run_id, workspace))
    raise typer.Exit(undo_part(ChangePart(run_id, path, hunk), workspace))


@commands.command()
def keep(
    run_id: NewestRunArgument = None,
    path: PathOption = None,
    hunk: HunkOption = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Keep what a run changed, or a file or hunk of it; what was taken back is given back.

    Exit status: 0 when it is there, 2 when there is no such run, file or hunk, else 1.
    """
    from lsp_server.cli.changes import ChangePart
    from lsp_server.cli.changes import keep as work

    raise typer.Exit(work(ChangePart(run_id, path, hunk), workspace))
