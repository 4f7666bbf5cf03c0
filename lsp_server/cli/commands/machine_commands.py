"""This module has the commands about this machine: the server, models, what a project brings, the demo, what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import SandboxOption, VerboseOption, WorkspaceOption

commands = typer.Typer()


@commands.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def serve(context: typer.Context) -> None:
    """Run the language server. This is what editors start."""
    from lsp_server.cli.serve import serve as work

    raise typer.Exit(work(context.args))


@commands.command()
def acp(
    log_file: Annotated[Path | None, typer.Option(help="Write the log there.")] = None,
    verbose: VerboseOption = 0,
) -> None:
    """Speak the Agent Client Protocol. This is what agent panels start."""
    from lsp_server.cli.acp import acp as work
    from lsp_server.cli.log import configure_log

    configure_log(log_file, verbose)
    raise typer.Exit(work())


@commands.command()
def mcp(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="The project's folder; if left out, the client's or the one it starts in.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask before a check's first run, in a sandbox."),
    ] = False,
    sandbox: SandboxOption = None,
    log_file: Annotated[Path | None, typer.Option(help="Write the log there.")] = None,
    verbose: VerboseOption = 0,
) -> None:
    """Run an MCP server that lends goals and memory to another agent. This is what agents start."""
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.mcp import mcp as work
    from lsp_server.cli.permission_flags import PermissionFlags

    configure_log(log_file, verbose)
    flags = PermissionFlags(yes=yes, sandbox=sandbox.value if sandbox else None)
    raise typer.Exit(work(workspace, flags))


@commands.command()
def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Work in this new folder and keep it.", metavar="DIR")
    ] = None,
) -> None:
    """See it work: a real run on a small project with a real bug, and a scripted model."""
    from lsp_server.cli.demo import demo as work

    raise typer.Exit(work(keep))


@commands.command()
def trust(
    what: Annotated[
        str | None,
        typer.Argument(help="One id of those shown; all if left out.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust without a question.")] = False,
    no: Annotated[bool, typer.Option("--no", help="Refuse without a question.")] = False,
) -> None:
    """Show the skills, commands, agents, MCP servers, hooks and `.envrc` of the project, and trust them or not.

    Exit status: 0 when nothing waits any more, else 1.
    """
    from lsp_server.cli.trust import trust as work

    if yes and no:
        raise typer.BadParameter("give --yes or --no, not both")
    raise typer.Exit(work(workspace, what, answer=None if yes == no else yes))


@commands.command()
def models(
    address: Annotated[
        str | None,
        typer.Argument(
            help="An endpoint; if left out, yours and those on this machine.", show_default=False
        ),
    ] = None,
    choose: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Try this one and keep it.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = Path(),
    json: Annotated[bool, typer.Option("--json", help="One model a line, for programs.")] = False,
) -> None:
    """List the models that are found, mark the one that runs use, and choose another one.

    Exit status: 0 when there is one, or the chosen one answers and is used, else 1.
    """
    from lsp_server.cli.models import ModelWish
    from lsp_server.cli.models import models as work

    raise typer.Exit(work(ModelWish(address, choose, as_json=json), workspace))


@commands.command()
def doctor(
    workspace: WorkspaceOption = Path(),
    probe: Annotated[
        bool, typer.Option("--probe", help="Ask the model endpoint what it can do.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --probe: one endpoint a line, for programs.")
    ] = False,
) -> None:
    """Report versions, settings, the model endpoint and the runs, as Markdown.

    With --probe some fifteen small requests show what the endpoint can do, each with its evidence. Exit status then: 0 when a run can work with it, else 1.
    """
    if probe:
        from lsp_server.cli.probe import probe as ask

        raise typer.Exit(ask(workspace, for_programs=json))
    if json:
        raise typer.BadParameter("--json goes with --probe")
    from lsp_server.cli.doctor import doctor as work

    raise typer.Exit(work(workspace))
