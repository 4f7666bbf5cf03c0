"""This module puts the commands of the terminal together; they are in `commands/`."""

from __future__ import annotations

from typing import Annotated

import typer

from lsp_server import __version__
from lsp_server.cli.commands import (
    change_commands,
    evaluation_commands,
    evolution_commands,
    goal_commands,
    machine_commands,
    memory_commands,
    past_run_commands,
    review_commands,
    run_commands,
    workflow_commands,
)

app = typer.Typer(
    name="holdfast",
    help="A coding agent for long tasks, in every editor and on the command line.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _subject in (
    run_commands,
    change_commands,
    past_run_commands,
    review_commands,
    workflow_commands,
    goal_commands,
    memory_commands,
    evaluation_commands,
    evolution_commands,
    machine_commands,
):
    app.add_typer(_subject.commands)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def holdfast(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Shows the version, or leaves the work to a command."""
