"""This module has the commands about what Holdfast learns from past runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import WorkspaceOption

commands = typer.Typer()
evolve = typer.Typer(help="What Holdfast learned from past runs.", no_args_is_help=True)
commands.add_typer(evolve, name="evolve")

JsonOption = Annotated[bool, typer.Option("--json", help="One suggestion a line, for programs.")]


@commands.command()
def dream(
    workspace: WorkspaceOption = Path(),
    model: Annotated[
        bool, typer.Option("--model", help="Ask a model, too: the cheap one if one is set.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Learn from past runs what is true of this project, and suggest what to keep. Needs no model.

    Nothing takes effect before you accept it; `holdfast inbox` shows it.
    """
    from lsp_server.cli.evolution import dream as work

    raise typer.Exit(work(workspace, ask_model=model, as_json=json))


@commands.command()
def distill(
    workspace: WorkspaceOption = Path(),
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Have the model do past tasks again, with each draft and without; keep what helps.",
        ),
    ] = False,
    reword: Annotated[
        bool, typer.Option("--reword", help="Have the model word the drafts before they are tried.")
    ] = False,
    tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Allow so many tokens for it today; else `evolution.tokens_per_day`.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Find what past runs did again and again, and draft skills and commands of it. Needs no model.

    Nothing takes effect before you accept it; `holdfast inbox` shows it.
    """
    from lsp_server.cli.evolution import distill as work

    raise typer.Exit(work(workspace, replay=replay, reword=reword, tokens=tokens, as_json=json))


@commands.command()
def inbox(
    action: Annotated[
        str | None,
        typer.Argument(
            help="`accept`, `reject`, or `restore` to take an answer back.", show_default=False
        ),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which ones; the first characters are enough. `restore` without one means the last answer.",
            metavar="ID...",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--all",
            metavar="GROUP",
            help="All of a group: `said`, `skills`, `undone`, `checks`, `fixes`, `retire`, `yours`, `pairs`.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    json: JsonOption = False,
) -> None:
    """Show what past runs suggest, what is worth most first, and accept or reject it.

    What is rejected does not come back by itself. Edit a text in .holdfast/inbox.md before you accept it.
    """
    from lsp_server.cli.evolution import inbox as work

    raise typer.Exit(work(workspace, action, ids or (), group, as_json=json))


@evolve.command()
def status(workspace: WorkspaceOption = Path(), json: JsonOption = False) -> None:
    """Show what became of suggestions, and what each fact and skill was good for."""
    from lsp_server.cli.evolution import status as work

    raise typer.Exit(work(workspace, as_json=json))
