"""This module makes the environment of commands that nobody is asked about.

Nothing that a project brings is started in it.

Programs come from outside of the project, shells read no start file, and git
neither writes, nor fetches, nor starts what `OVERRIDDEN` switches off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

USUAL_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SHIMS = frozenset({"shims", ".volta"})
"""Folders of version managers: what stands there asks the project's files what to start."""

OVERRIDDEN: Mapping[str, str] = MappingProxyType(
    {"core.fsmonitor": "false", "core.hooksPath": os.devnull, "safe.bareRepository": "explicit"}
)
"""Settings of git, as they hold whatever a repository sets."""

_GIT: Mapping[str, str] = MappingProxyType(
    {"GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
)
_OF_GIT_KEPT = frozenset(
    {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"}
)
"""Where a person's own settings lie; other variables may name another repository."""
SHELL_VARIABLES = frozenset({"BASH_ENV", "BASHOPTS", "CDPATH", "ENV", "GLOBIGNORE", "SHELLOPTS"})
"""With these the shell takes the words of a command otherwise than they were written and judged."""


def inert_environment(
    root: Path,
    environment: Mapping[str, str] = os.environ,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Returns the environment for a command in the project at `root`, with more `settings` of git."""
    kept = {name: value for name, value in environment.items() if _is_harmless(name)}
    path = ":".join(trusted_folders(root, environment)) or USUAL_PATH
    return {**kept, "PATH": path, **_GIT, **git_overrides({**OVERRIDDEN, **settings})}


def git_overrides(settings: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables with which git takes these settings before all others."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (name, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def trusted_folders(root: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yields the folders on the PATH in which nothing is the project's, in order."""
    for folder in environment.get("PATH", USUAL_PATH).split(":"):
        path = Path(folder)
        if path.is_absolute() and SHIMS.isdisjoint(path.parts):
            resolved = path.resolve()
            if not resolved.is_relative_to(root) and SHIMS.isdisjoint(resolved.parts):
                yield folder


def is_trusted(name: str, root: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """Says whether a command in `root` would start this program, if any, from such a folder."""
    trusted = set(trusted_folders(root, environment))
    for folder in environment.get("PATH", USUAL_PATH).split(":"):
        program = root / folder / name  # An empty entry is where the command runs.
        if program.is_file() and os.access(program, os.X_OK):
            return folder in trusted and not program.resolve().is_relative_to(root)
    return True


def _is_harmless(name: str) -> bool:
    if name.startswith("GIT_"):
        return name in _OF_GIT_KEPT
    return name not in SHELL_VARIABLES | {"RIPGREP_CONFIG_PATH"} and not name.startswith(
        "BASH_FUNC_"
    )
