"""This module has the flags and arguments that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Mechanism(StrEnum):
    """A `Mechanism` of the system holds commands; `auto` takes the strongest, `off` none."""

    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    SEATBELT = "seatbelt"
    OFF = "off"


NewestRunArgument = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="The run; the newest one if left out.", show_default=False),
]
WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The project's folder.", show_default=False)
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
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One Event a line, for programs.")]
LogFileOption = Annotated[Path | None, typer.Option(help="Write the log there.")]
