"""This module finds the environment of a project: where its own Python and its own tools are.

Commands and checks find these first, as on the terminal of a person who activated it. What runs
without asking does not: it gets `inert_environment`, in which nothing is the project's.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

IN_FOLDER = (".venv", "venv", "env")
"""What a virtual environment is called in a project, the usual name first; uv and poetry take it, too."""
NODE = "node_modules/.bin"
SYSTEM_NAMES = frozenset(
    [
        "[",
        "awk",
        "base64",
        "bash",
        "cat",
        "chmod",
        "chown",
        "cp",
        "curl",
        "cut",
        "dash",
        "dd",
        "df",
        "diff",
        "doas",
        "docker",
        "du",
        "echo",
        "egrep",
        "env",
        "expr",
        "fgrep",
        "find",
        "gh",
        "git",
        "grep",
        "gzip",
        "head",
        "hostname",
        "id",
        "kill",
        "ln",
        "ls",
        "make",
        "mkdir",
        "mktemp",
        "mount",
        "mv",
        "nc",
        "nohup",
        "od",
        "open",
        "printf",
        "ps",
        "pwd",
        "readlink",
        "realpath",
        "rg",
        "rm",
        "rmdir",
        "rsync",
        "scp",
        "sed",
        "sh",
        "sleep",
        "sort",
        "ssh",
        "stat",
        "stty",
        "su",
        "sudo",
        "systemctl",
        "tail",
        "tar",
        "tee",
        "test",
        "timeout",
        "touch",
        "tr",
        "true",
        "uname",
        "uniq",
        "unzip",
        "wc",
        "wget",
        "which",
        "whoami",
        "xargs",
        "zip",
        "zsh",
    ]
)
"""Programs of the system: a folder of a checkout that has one of its own is not what it seems."""

_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?|pip\d?")


@dataclass(frozen=True, slots=True)
class ProjectEnvironment:
    """A `ProjectEnvironment` is what commands of a project find first.

    `folders` come before the others of the PATH. `variables` are set beside, those that are
    None unset. `found` names each source in words for a person, `problems` what could not be
    used, with what helps.
    """

    folders: tuple[Path, ...] = ()
    variables: tuple[tuple[str, str | None], ...] = ()
    found: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def over(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Returns an environment in which the project's own programs are found first."""
        path = environment.get("PATH", os.defpath)
        first = os.pathsep.join([*map(str, self.folders), path])
        whole = {**environment, **dict(self.variables), "PATH": first}
        return {name: value for name, value in whole.items() if value is not None}

    def behind(self, first: ProjectEnvironment) -> ProjectEnvironment:
        """Returns both in one; of what they both say, that of the `first` holds."""
        variables = {**dict(self.variables), **dict(first.variables)}
        return ProjectEnvironment(
            tuple(dict.fromkeys((*first.folders, *self.folders))),
            tuple(variables.items()),
            (*first.found, *self.found),
            (*first.problems, *self.problems),
        )

    @property
    def described(self) -> str:
        """Returns a sentence on what commands use."""
        used = " and ".join(self.found) or "no environment of the project, but the PATH as it is"
        return "; ".join([f"commands use {used}", *self.problems])


def find_environment(
    root: Path, python: str = "", environment: Mapping[str, str] = os.environ
) -> ProjectEnvironment:
    """Finds the environment of the project at `root`. Blocking, for a moment.

    `python` is the interpreter that a person chose, "" for none: then it is the environment
    that is active, or one in the project, or poetry's.
    """
    problems: list[str] = []
    folders: list[Path] = []
    variables: list[tuple[str, str]] = []
    found: list[str] = []
    for prefix, source in _environments(root, python, environment, problems):
        if (folder := _programs(prefix, root, problems)) is not None:
            folders.append(folder)
            variables += [
                (name, str(prefix))
                for name, mark in (("VIRTUAL_ENV", "pyvenv.cfg"), ("CONDA_PREFIX", "conda-meta"))
                if (prefix / mark).exists()
            ]
            found.append(f"the Python of {_shown(prefix, root)} ({source})")
            break
    if (root / NODE).is_dir() and (node := safe_folder(root / NODE, root, problems)) is not None:
        folders.append(node)
        found.append(NODE)
    return ProjectEnvironment(tuple(folders), tuple(variables), tuple(found), tuple(problems))


def missing_program(exit_status: int | None, output: str) -> str | None:
    r"""Returns the program that a shell did not find, if that is why a command failed.

    >>> missing_program(127, "bash: line 1: python: command not found\n")
    'python'
    >>> missing_program(127, "/bin/sh: 1: pytest: not found\n"), missing_program(1, "")
    ('pytest', None)
    """
    if exit_status != 127:
        return None
    names = re.findall(r"^(?:.*: )?([^\s:]+): (?:command )?not found\s*$", output, re.MULTILINE)
    return names[-1] if names else None


def missing_hint(program: str, used: ProjectEnvironment, environment: Mapping[str, str]) -> str:
    """Says of a program that was not found what helps."""
    if _PYTHON.fullmatch(program):
        other = _other_python(program, environment)
        also = f"; here it is called `{other}`" if other else ""
        return (
            f"`{program}` is not on the PATH of commands{also}. Make an environment in the project "
            "(`python3 -m venv .venv`), or select one in the editor or with `run.python`"
        )
    if used.folders:
        place = used.folders[0].parent.name if used.folders[0].name == "bin" else "the project"
        return f"`{program}` is not installed in {place} and not on the PATH; install it there"
    return (
        f"`{program}` is not on the PATH of commands; install it, or make an environment in "
        "the project that has it"
    )


def _environments(
    root: Path, python: str, environment: Mapping[str, str], problems: list[str]
) -> Iterator[tuple[Path, str]]:
    """Yields what may be the environment, with where it is from, the most explicit first."""
    if python:
        chosen = root / Path(python).expanduser()
        if chosen.is_file():
            yield (chosen.parent.parent if chosen.parent.name == "bin" else chosen.parent), "chosen"
            return
        problems.append(f"the Python {python} that is chosen is not there; choose another one")
    active = Path(environment.get("VIRTUAL_ENV") or environment.get("CONDA_PREFIX") or os.devnull)
    # Holdfast's own is no choice of the project's.
    if active.is_dir() and not active.samefile(sys.prefix):
        yield active, "active"
    if named := environment.get("UV_PROJECT_ENVIRONMENT"):
        yield root / named, "UV_PROJECT_ENVIRONMENT"
    for name in IN_FOLDER:
        if (root / name / "pyvenv.cfg").is_file():
            yield root / name, "in the project"
    yield from ((prefix, "poetry's") for prefix in _of_poetry(root, environment))


def _programs(prefix: Path, root: Path, problems: list[str]) -> Path | None:
    """The folder with the programs of an environment, None where there is none to be used."""
    for folder in (prefix / "bin", prefix):
        if any((folder / name).is_file() for name in ("python", "python3")):
            return safe_folder(folder, root, problems)
    return None


def safe_folder(folder: Path, root: Path, problems: list[str]) -> Path | None:
    """Returns the folder, None for one of the project's with programs that the system has. Blocking.

    Then `problems` gets a sentence that says so.
    """
    resolved = folder.resolve()
    if not resolved.is_relative_to(root.resolve()) and not folder.is_relative_to(root):
        return folder
    try:
        own = sorted(SYSTEM_NAMES.intersection(each.name for each in resolved.iterdir()))
    except OSError:
        return None
    if own:
        problems.append(
            f"{_shown(folder, root)} is not used, as it brings a `{own[0]}` of its own; remove that"
        )
        return None
    return folder


def _of_poetry(root: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yields the environments that poetry keeps for the project elsewhere, the newest Python first."""
    if not (root / "poetry.lock").is_file():
        return
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return
    name = project.get("project", {}).get("name")
    name = name or project.get("tool", {}).get("poetry", {}).get("name")
    if not isinstance(name, str):
        return
    # As poetry names them: the project's name, and what tells it from others of that name.
    digest = hashlib.sha256(os.fsencode(root)).digest()
    plain = re.sub(r'[ $`!*@"\\\r\n\t]', "_", name.lower())[:42]
    mark = base64.urlsafe_b64encode(digest).decode()[:8]
    cache = environment.get("POETRY_CACHE_DIR") or str(Path.home() / ".cache" / "pypoetry")
    folder = environment.get("POETRY_VIRTUALENVS_PATH") or f"{cache}/virtualenvs"
    with suppress(OSError):
        yield from sorted(Path(folder).glob(f"{plain}-{mark}-py*"), key=_python_of, reverse=True)


def _python_of(prefix: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", prefix.name.rpartition("-py")[2]))


def _other_python(program: str, environment: Mapping[str, str]) -> str | None:
    """What the same program is called that there is, as python3 where there is no python."""
    folders = [Path(folder) for folder in environment.get("PATH", os.defpath).split(os.pathsep)]
    for name in (f"{program}3", program.rstrip("0123456789.")):
        if name != program and any((folder / name).is_file() for folder in folders):
            return name
    return None


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
