"""This module has the command about goals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import SandboxOption, WorkspaceOption

commands = typer.Typer()


@commands.command()
def goals(
    workspace: WorkspaceOption = Path(),
    check: Annotated[bool, typer.Option("--check", help="Run their checks now.")] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask before a check's first run, in a sandbox."),
    ] = False,
    sandbox: SandboxOption = None,
    json: Annotated[bool, typer.Option("--json", help="One condition a line.")] = False,
) -> None:
    """Show the goals and what is known of them.

    Exit status: 0 when there are goals and all are met, 2 when their file cannot be read, else 1.
    """
    from lsp_server.cli.goals import goals as work
    from lsp_server.cli.permission_flags import PermissionFlags

    flags = PermissionFlags(yes=yes, sandbox=sandbox.value if sandbox else None)
    raise typer.Exit(work(workspace, flags, check=check, as_json=json))
