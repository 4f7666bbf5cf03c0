"""This module has the commands and their flags; the work is in the files beside this one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lsp_server import __version__

app = typer.Typer(
    name="holdfast",
    help="A coding agent for long tasks, in every editor and on the command line.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Mechanism(StrEnum):
    """A `Mechanism` of the system holds commands; `auto` takes the strongest, `off` none."""

    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    SEATBELT = "seatbelt"
    OFF = "off"


WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The project's folder.", show_default=False)
]
SamplesOption = Annotated[
    int | None,
    typer.Option(min=1, max=16, help="Candidates of a step in Max Mode.", show_default=False),
]
YesOption = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="Do not ask before edits in the workspace, and commands that a sandbox holds to it; "
        "with --sandbox off, before anything.",
    ),
]
SandboxedOption = Annotated[
    bool,
    typer.Option("--sandboxed", help="As --yes, but commands ask where no sandbox holds."),
]
SandboxOption = Annotated[
    Mechanism | None,
    typer.Option("--sandbox", help="What holds commands.", show_default=False),
]
GoalsOption = Annotated[
    list[str] | None, typer.Option(help="What must hold in the end; may be repeated.")
]
ImagesOption = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="A picture for the model to see; may be repeated."),
]
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more.")]
AgentOption = Annotated[str | None, typer.Option(metavar="NAME", help="Work as this custom agent.")]
PlanOption = Annotated[bool, typer.Option("--plan", help="Change nothing, answer with a plan.")]
AttemptsOption = Annotated[
    int,
    typer.Option(min=1, max=8, help="Whole runs in copies, of which the best is taken."),
]
ResumeOption = Annotated[
    str | None, typer.Option(metavar="RUN_ID", help="Go on with an earlier run.")
]


class Kind(StrEnum):
    """A `Kind` of memory can be searched alone, or all of them at once."""

    CODE = "code"
    ACTION = "action"
    FACT = "fact"
    ALL = "all"


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


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def serve(context: typer.Context) -> None:
    """Run the language server. This is what editors start."""
    from lsp_server.cli.serve import serve as work

    raise typer.Exit(work(context.args))


@app.command()
def run(
    task: Annotated[str | None, typer.Argument(help="What to do, in your words.")] = None,
    workspace: WorkspaceOption = Path(),
    goal: GoalsOption = None,
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="CMD", help="A command that must exit 0; may be repeated."),
    ] = None,
    plan: PlanOption = False,
    max_mode: Annotated[
        bool, typer.Option("--max", help="Max Mode: draw several candidates a step, do the best.")
    ] = False,
    samples: SamplesOption = None,
    agent: AgentOption = None,
    attempts: AttemptsOption = 1,
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    image: ImagesOption = None,
    json: Annotated[bool, typer.Option("--json", help="One Event a line, for programs.")] = False,
    resume: ResumeOption = None,
    log_file: Annotated[Path | None, typer.Option(help="Write the log there.")] = None,
    verbose: VerboseOption = 0,
) -> None:
    """Work on a task until it is done, a limit is reached or Ctrl-C.

    Exit status: 0 achieved, 1 failed, 2 wrong call, 3 not met, 4 needs an answer, 5 finished but not verified, 130 stopped.
    """
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.permission_flags import PermissionFlags
    from lsp_server.cli.run import RunOptions
    from lsp_server.cli.run import run as work
    from lsp_server.domain.tasks import Sampling

    configure_log(log_file, verbose)
    options = RunOptions(
        task=task,
        workspace=workspace,
        goals=tuple(goal or ()),
        checks=tuple(check or ()),
        mode="plan" if plan else "build",
        sampling=Sampling(max_mode or samples is not None, samples),
        flags=PermissionFlags(yes, sandboxed, sandbox.value if sandbox else None),
        json=json,
        resume=resume,
        agent=agent,
        images=tuple(image or ()),
        attempts=attempts,
    )
    raise typer.Exit(work(options))


@app.command()
def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Work in this new folder and keep it.", metavar="DIR")
    ] = None,
) -> None:
    """See it work: a real run on a small project with a real bug, and a scripted model."""
    from lsp_server.cli.demo import demo as work

    raise typer.Exit(work(keep))


@app.command()
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


@app.command()
def index(
    workspace: WorkspaceOption = Path(),
    full: Annotated[bool, typer.Option("--full", help="Begin from nothing.")] = False,
    words: Annotated[
        bool, typer.Option("--words", help="Only words; later sessions add what they mean.")
    ] = False,
) -> None:
    """Bring the index of the code up to what is on disk.

    Words are searched first, then what they mean, which takes longer. Ctrl-C loses nothing.
    """
    from lsp_server.cli.memory import index as work

    raise typer.Exit(work(workspace, full=full, words=words))


@app.command()
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
) -> None:
    """Search the code and what earlier runs did, by words and by meaning.

    Exit status: 0 when something was found, else 1.
    """
    from lsp_server.cli.memory import search as work

    raise typer.Exit(work(workspace, query, kind.value, limit=limit, path=path, as_json=json))


@app.command()
def remember(
    text: Annotated[str, typer.Argument(help="A fact about the project, in a sentence or two.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Keep a fact that every later run is told."""
    from lsp_server.cli.memory import remember as work

    raise typer.Exit(work(workspace, text))


@app.command()
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
    from lsp_server.cli.memory import forget as work

    raise typer.Exit(work(workspace, query, entry_id, before))


@app.command()
def undo(
    run_id: Annotated[
        str | None, typer.Argument(help="The run; the newest one if left out.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> None:
    """Take back what a run changed, and keep what you changed since."""
    from lsp_server.cli.undo import undo as work

    raise typer.Exit(work(run_id, workspace))


RunArgument = Annotated[str, typer.Argument(help="The id of the run.", show_default=False)]
StepArgument = Annotated[
    int,
    typer.Argument(
        help="The step after which it goes on; 0: its beginning.", min=0, show_default=False
    ),
]


@app.command()
def rewind(run_id: RunArgument, step: StepArgument, workspace: WorkspaceOption = Path()) -> None:
    """Take files and conversation of a run back to a step, and keep what you changed since.

    The run is not started again. Exit status: 0 when all files came back, else 1.
    """
    from lsp_server.cli.undo import rewind as work

    raise typer.Exit(work(run_id, step, workspace))


@app.command()
def fork(
    run_id: RunArgument,
    step: StepArgument,
    task: Annotated[str | None, typer.Argument(help="What to do instead.")] = None,
    workspace: WorkspaceOption = Path(),
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    json: Annotated[bool, typer.Option("--json", help="One Event a line, for programs.")] = False,
    log_file: Annotated[Path | None, typer.Option(help="Write the log there.")] = None,
    verbose: VerboseOption = 0,
) -> None:
    """Go on from a step of a run as a new run, with the files as they were then.

    `holdfast undo` of the new run brings back what came after that step. Exit status: as of run.
    """
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.permission_flags import PermissionFlags
    from lsp_server.cli.run import RunOptions
    from lsp_server.cli.run import run as work

    configure_log(log_file, verbose)
    flags = PermissionFlags(yes, sandboxed, sandbox.value if sandbox else None)
    options = RunOptions(task, workspace, flags=flags, json=json, resume=run_id, fork_step=step)
    raise typer.Exit(work(options))


@app.command()
def trust(
    what: Annotated[
        str | None,
        typer.Argument(help="One id of those shown; all if left out.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust without a question.")] = False,
    no: Annotated[bool, typer.Option("--no", help="Refuse without a question.")] = False,
) -> None:
    """Show the skills, commands, agents, MCP servers and hooks of the project, and trust them or not.

    Exit status: 0 when nothing waits any more, else 1.
    """
    from lsp_server.cli.trust import trust as work

    if yes and no:
        raise typer.BadParameter("give --yes or --no, not both")
    raise typer.Exit(work(workspace, what, answer=None if yes == no else yes))


@app.command()
def doctor(workspace: WorkspaceOption = Path()) -> None:
    """Report versions, settings, the model endpoint and the runs, as Markdown."""
    from lsp_server.cli.doctor import doctor as work

    raise typer.Exit(work(workspace))
