"""This module has the command that runs a workflow, or lists all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import (
    SandboxedOption,
    SandboxOption,
    VerboseOption,
    WorkspaceOption,
    YesOption,
)

commands = typer.Typer()


@commands.command()
def workflow(
    name: Annotated[
        str | None,
        typer.Argument(help="The workflow; all are listed if left out.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = Path(),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, whatever an earlier run of it did.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Change nothing, and run no check.")] = False,
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    json: Annotated[bool, typer.Option("--json", help="One Event or workflow a line.")] = False,
    log_file: Annotated[Path | None, typer.Option(help="Write the log there.")] = None,
    verbose: VerboseOption = 0,
) -> None:
    """Run a workflow of .holdfast/workflows, or go on with what is open or was edited in it.

    Exit status: as of run; of the list 0 when there is one and all can be read, else 1.
    """
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.permission_flags import PermissionFlags
    from lsp_server.cli.run import RunOptions
    from lsp_server.cli.run import run as work
    from lsp_server.cli.workflow import list_workflows

    configure_log(log_file, verbose)
    if name is None:
        raise typer.Exit(list_workflows(workspace, as_json=json))
    options = RunOptions(
        task=None,
        workspace=workspace,
        mode="plan" if plan else "build",
        flags=PermissionFlags(yes, sandboxed, sandbox.value if sandbox else None),
        json=json,
        workflow=name,
        fresh=fresh,
    )
    raise typer.Exit(work(options))
