"""This module has the command that measures the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsp_server.cli.commands.options import SandboxOption, VerboseOption

commands = typer.Typer()

TasksArgument = Annotated[
    Path | None,
    typer.Argument(
        help="A folder of tasks in Harbor's format, or a file of SWE-bench instances; the tasks "
        "that ship if left out.",
        show_default=False,
    ),
]
OutOption = Annotated[Path, typer.Option(metavar="DIR", help="The folder of results and report.")]
ArmsOption = Annotated[
    str, typer.Option(metavar="NAMES", help="Of single, max, gated, attempts; with commas.")
]
RepeatsOption = Annotated[int, typer.Option(min=1, max=100, help="Runs of each task and arm.")]
AttemptsOption = Annotated[int, typer.Option(min=2, max=8, help="Whole runs of the arm attempts.")]
JobsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1024,
        help="Runs at once: 1, with --ray as many as the cluster has processors.",
        show_default=False,
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster whose machines work on them; `local` starts one here.",
        show_default=False,
    ),
]
OnlyOption = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Tasks by name; may be repeated.")
]
RepositoriesOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Clones for SWE-bench instances.", show_default=False),
]
TestCommandOption = Annotated[
    str, typer.Option(metavar="CMD", help="Runs the {tests} of such an instance.")
]
StepsOption = Annotated[int, typer.Option(min=1, help="Most steps of a run.")]
TokensOption = Annotated[
    int | None, typer.Option(min=1, help="Most tokens of a run.", show_default=False)
]
SecondsOption = Annotated[float, typer.Option(min=1, help="Most seconds of a run.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on where the results in DIR end.")]
RetryOption = Annotated[
    bool, typer.Option("--retry-errors", help="Work again on what ended in an error.")
]
ScriptedOption = Annotated[
    bool, typer.Option("--scripted", help="Simulate: a scripted agent follows each solution.")
]
ErrorRateOption = Annotated[
    float, typer.Option(min=0, max=1, help="How often the scripted agent errs.")
]
SeedOption = Annotated[int, typer.Option(help="Of intervals and of the scripted agent.")]
LogOption = Annotated[Path | None, typer.Option(help="Write the log there.")]


@commands.command()
def evaluate(
    tasks: TasksArgument = None,
    out: OutOption = Path("evaluation"),
    arms: ArmsOption = "single",
    repeats: RepeatsOption = 1,
    attempts: AttemptsOption = 3,
    jobs: JobsOption = None,
    ray: RayOption = None,
    only: OnlyOption = None,
    repositories: RepositoriesOption = None,
    test_command: TestCommandOption = "python -m pytest -q {tests}",
    steps: StepsOption = 60,
    tokens: TokensOption = None,
    seconds: SecondsOption = 1800.0,
    resume: ResumeOption = False,
    retry_errors: RetryOption = False,
    scripted: ScriptedOption = False,
    error_rate: ErrorRateOption = 0.25,
    seed: SeedOption = 0,
    sandbox: SandboxOption = None,
    log_file: LogOption = None,
    verbose: VerboseOption = 0,
) -> None:
    """Measure the agent on tasks: what it solves, and what a solved task costs.

    Exit status: 0 when every cell was graded, 1 when one ended in an error, 2 wrong call, 130 stopped.
    """
    from lsp_server.cli import evaluate as work
    from lsp_server.cli.log import configure_log

    configure_log(log_file, verbose)
    flags = work.EvaluateFlags(
        *(tasks, out, arms, repeats, attempts, jobs),
        ray=ray,
        only=tuple(only or ()),
        repositories=repositories,
        test_command=test_command,
        steps=steps,
        tokens=tokens,
        seconds=seconds,
        seed=seed,
        chances=work.named_chances(scripted, error_rate, seed),
        resume=resume or retry_errors,
        retry_errors=retry_errors,
        sandbox=sandbox.value if sandbox else None,
    )
    raise typer.Exit(work.evaluate(flags))
