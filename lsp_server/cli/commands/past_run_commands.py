"""This module has the commands that show what ran in a folder and speak to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import (
    JsonOption,
    LogFileOption,
    NewestRunArgument,
    SandboxedOption,
    SandboxOption,
    VerboseOption,
    WorkspaceOption,
    YesOption,
)

commands = typer.Typer()


@commands.command()
def runs(
    workspace: WorkspaceOption = Path(),
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="So many at most.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One run a line, for programs.")] = False,
) -> None:
    """List what ran in this folder, the newest first."""
    from lsp_server.cli.past_runs import list_runs as work

    raise typer.Exit(work(workspace, limit=limit, as_json=json))


@commands.command()
def show(
    run_id: NewestRunArgument = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Read a run: what was said and done, and how it ended. In a pipe it is Markdown."""
    from lsp_server.cli.past_runs import show_run as work

    raise typer.Exit(work(run_id, workspace))


@commands.command()
def context(
    run_id: NewestRunArgument = None,
    workspace: WorkspaceOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="One object, for programs.")] = False,
) -> None:
    """Show what a run's prompt is made of, how much of it was cached, and what the run will cost."""
    from lsp_server.cli.context import show_context as work

    raise typer.Exit(work(run_id, workspace, as_json=json))


@commands.command()
def send(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The id of the run.", show_default=False)
    ],
    text: Annotated[
        str,
        typer.Argument(help="What to tell it; - reads it from standard input.", show_default=False),
    ],
    workspace: WorkspaceOption = Path(),
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    json: JsonOption = False,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
) -> None:
    """Tell a run something. One at work in another terminal or editor reads it; another goes on here.

    Exit status: 0 when it was told, else as of run.
    """
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.permission_flags import PermissionFlags
    from lsp_server.cli.run import RunOptions
    from lsp_server.cli.send import send as work
    from lsp_server.cli.task_text import given_text

    configure_log(log_file, verbose)
    flags = PermissionFlags(yes, sandboxed, sandbox.value if sandbox else None)
    options = RunOptions(given_text(text), workspace, flags=flags, json=json)
    raise typer.Exit(work(run_id, options))
