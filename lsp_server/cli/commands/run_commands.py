"""This module has the commands that begin runs, go on with them and take them back."""

from __future__ import annotations

from enum import StrEnum
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

SamplesOption = Annotated[
    int | None,
    typer.Option(min=1, max=16, help="Candidates of a step in Max Mode.", show_default=False),
]
GoalsOption = Annotated[
    list[str] | None, typer.Option(help="What must hold in the end; may be repeated.")
]
ChecksOption = Annotated[
    list[str] | None,
    typer.Option(metavar="CMD", help="A command that must exit 0; may be repeated."),
]
MaxOption = Annotated[
    bool, typer.Option("--max", help="Max Mode: draw several candidates a step, do the best.")
]
ImagesOption = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="A picture for the model to see; may be repeated."),
]
AgentOption = Annotated[str | None, typer.Option(metavar="NAME", help="Work as this custom agent.")]
PlanOption = Annotated[bool, typer.Option("--plan", help="Change nothing, answer with a plan.")]
AttemptsOption = Annotated[
    int,
    typer.Option(min=1, max=8, help="Whole runs in copies, of which the best is taken."),
]
ResumeOption = Annotated[
    str | None, typer.Option(metavar="RUN_ID", help="Go on with an earlier run.")
]
ContinueOption = Annotated[
    bool, typer.Option("--continue", "-c", help="Go on with the newest run of this folder.")
]
TaskArgument = Annotated[
    str | None,
    typer.Argument(
        help="What to do, in your words; - reads it from standard input.", show_default=False
    ),
]
EditOption = Annotated[bool, typer.Option("--edit", "-e", help="Write the task in $EDITOR.")]
RunArgument = Annotated[str, typer.Argument(help="The id of the run.", show_default=False)]
StepArgument = Annotated[
    int,
    typer.Argument(
        help="The step after which it goes on; 0: its beginning.", min=0, show_default=False
    ),
]


@commands.command()
def run(
    task: TaskArgument = None,
    workspace: WorkspaceOption = Path(),
    goal: GoalsOption = None,
    check: ChecksOption = None,
    plan: PlanOption = False,
    max_mode: MaxOption = False,
    samples: SamplesOption = None,
    agent: AgentOption = None,
    attempts: AttemptsOption = 1,
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    image: ImagesOption = None,
    json: JsonOption = False,
    resume: ResumeOption = None,
    continue_: ContinueOption = False,
    edit: EditOption = False,
    log_file: LogFileOption = None,
    verbose: VerboseOption = 0,
) -> None:
    """Work on a task until it is done, a limit is reached or Ctrl-C; a line that you type meanwhile is told to it.

    Exit status: 0 achieved, 1 failed, 2 wrong call, 3 not met, 4 needs an answer, 5 finished but not verified, 130 stopped.
    """
    from lsp_server.cli.log import configure_log
    from lsp_server.cli.permission_flags import PermissionFlags
    from lsp_server.cli.run import RunOptions
    from lsp_server.cli.run import run as work
    from lsp_server.cli.task_text import given_text
    from lsp_server.domain.tasks import Sampling

    configure_log(log_file, verbose)
    options = RunOptions(
        task=given_text(task, edit=edit),
        workspace=workspace,
        goals=tuple(goal or ()),
        checks=tuple(check or ()),
        mode="plan" if plan else "build",
        sampling=Sampling(max_mode or samples is not None, samples),
        flags=PermissionFlags(yes, sandboxed, sandbox.value if sandbox else None),
        json=json,
        resume=resume,
        goes_on=continue_,
        agent=agent,
        images=tuple(image or ()),
        attempts=attempts,
    )
    raise typer.Exit(work(options))


@commands.command()
def rewind(run_id: RunArgument, step: StepArgument, workspace: WorkspaceOption = Path()) -> None:
    """Take files and conversation of a run back to a step, and keep what you changed since.

    The run is not started again. Exit status: 0 when all files came back, 2 when there is no such run or step, else 1.
    """
    from lsp_server.cli.undo import rewind as work

    raise typer.Exit(work(run_id, step, workspace))


@commands.command()
def fork(
    run_id: RunArgument,
    step: StepArgument,
    task: Annotated[str | None, typer.Argument(help="What to do instead.")] = None,
    workspace: WorkspaceOption = Path(),
    yes: YesOption = False,
    sandboxed: SandboxedOption = False,
    sandbox: SandboxOption = None,
    json: JsonOption = False,
    log_file: LogFileOption = None,
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


class ExportFormat(StrEnum):
    """An `ExportFormat` is what a run is written down as."""

    ATIF = "atif"
    MARKDOWN = "markdown"
    HTML = "html"
    PREDICTIONS = "predictions"


@commands.command()
def export(
    run_id: NewestRunArgument = None,
    workspace: WorkspaceOption = Path(),
    format_: Annotated[
        ExportFormat,
        typer.Option(
            "--format", "-f", help="A trajectory, a transcript, a page, or a patch for SWE-bench."
        ),
    ] = ExportFormat.MARKDOWN,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it there, not to standard output."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    instance_id: Annotated[
        str | None,
        typer.Option(help="Name the instance of a prediction; the folder's name if left out."),
    ] = None,
) -> None:
    """Write a run down, with its subagents and attempts, for others to read or to grade.

    Exit status: 0 when written, 2 when there is no such run, or the file is there or cannot be written, else 1.
    """
    from lsp_server.cli.export import ExportOptions
    from lsp_server.cli.export import export as work

    raise typer.Exit(
        work(ExportOptions(run_id, workspace, format_.value, output, force, instance_id))
    )
