"""This module loads what a project's `.envrc` sets, by direnv, in the sandbox of the project's commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import ToolError
from lsp_server.text.truncate import first_line
from lsp_server.workspace.commands.commands import CommandResult, CommandRunner
from lsp_server.workspace.commands.project_environment import ProjectEnvironment, safe_folder

ENVRC = ".envrc"
LOAD_SECONDS_MAX = 60.0
"""A layout may make a virtual environment at its first load."""
OUTPUT_BYTES_MAX = 1_000_000
SAID_CHARS_MAX = 200

MISSING = (
    f"{ENVRC} is not loaded, as direnv is not installed; install it, as in `apt install direnv`"
)

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_OWN_PREFIX = "DIRENV_"
_LOADS_CODE = re.compile(r"LD_\w+|DYLD_\w+|BASH_ENV|ENV")
"""These would also run code in the program that holds a command in its sandbox."""

# What a person allowed is kept elsewhere: this trust is Holdfast's own, and lasts for one load.
_LOAD = """\
place=$(mktemp -d) || exit
export XDG_DATA_HOME="$place" DIRENV_LOG_FORMAT=
{direnv} allow {envrc} 2>"$place/said" && {direnv} export json >"$place/set" 2>>"$place/said"
status=$?
if [ "$status" = 0 ]; then cat "$place/set"; else cat "$place/said"; fi
rm -rf "$place"
exit "$status"
"""


def find_direnv(root: Path) -> str | None:
    """Returns the path of direnv; None where it is not installed, or the project's own. Blocking."""
    found = shutil.which("direnv")
    return None if found is None or Path(found).resolve().is_relative_to(root) else found


async def load_envrc(folder: Path, direnv: str, runner: CommandRunner) -> ProjectEnvironment:
    """Loads the `.envrc` of a folder with the program `direnv`; `runner` confines that.

    What goes wrong is a problem of the environment that it returns; it raises nothing.
    """
    command = _LOAD.format(direnv=shlex.quote(direnv), envrc=shlex.quote(str(folder / ENVRC)))
    try:
        done = await runner.run(
            command,
            folder,
            timeout_seconds=LOAD_SECONDS_MAX,
            output_bytes_max=OUTPUT_BYTES_MAX,
        )
    except ToolError as error:
        return _failed(str(error))
    if done.exit_status != 0:
        return _failed(_why(done))
    try:
        loaded = _format().validate_json(done.output.strip() or "{}")
    except ValidationError:
        return _failed("what direnv printed is no JSON")
    return _environment(folder, loaded)


def _environment(folder: Path, loaded: Mapping[str, str | None]) -> ProjectEnvironment:
    problems: list[str] = []
    own = {name: value for name, value in loaded.items() if not name.startswith(_OWN_PREFIX)}
    if refused := sorted(filter(_LOADS_CODE.fullmatch, own)):
        problems.append(
            f"{', '.join(refused)} of {ENVRC} is not set, as it would run code outside of the sandbox"
        )
    before = os.environ.get("PATH", os.defpath).split(os.pathsep)
    added = [each for each in (own.pop("PATH", "") or "").split(os.pathsep) if each not in before]
    folders = [Path(each) for each in added if Path(each).is_absolute() and Path(each).is_dir()]
    safe = [each for each in folders if safe_folder(each, folder, problems) is not None]
    variables = {name: value for name, value in own.items() if name not in refused}
    names = ", ".join(sorted([*variables, *(["PATH"] if safe else [])])) or "nothing"
    return ProjectEnvironment(
        tuple(safe),
        tuple(sorted(variables.items())),
        (f"{ENVRC} by direnv ({names})",),
        tuple(problems),
    )


def _failed(why: str) -> ProjectEnvironment:
    return ProjectEnvironment(problems=(f"{ENVRC} could not be loaded: {why}",))


def _why(done: CommandResult) -> str:
    if done.timed_out:
        return f"it took longer than {LOAD_SECONDS_MAX:g} s"
    return first_line(_COLOUR.sub("", done.output), SAID_CHARS_MAX) or done.ending


def _format() -> TypeAdapter[dict[str, str | None]]:
    return TypeAdapter(dict[str, str | None])
