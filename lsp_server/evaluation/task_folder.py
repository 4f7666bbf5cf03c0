"""This module finds the tasks of an evaluation: a folder of them, one of them, or a file of instances."""

from __future__ import annotations

from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.evaluation.harbor_task import TASK_FILE, HarborTask
from lsp_server.evaluation.task import EvaluationTask


def shipped_suite() -> Path:
    """Returns the folder of the tasks that ship with Holdfast."""
    return Path(str(files("lsp_server.evaluation") / "suite"))


def find_tasks(place: Path, only: tuple[str, ...] = ()) -> list[EvaluationTask]:
    """Returns the tasks at a place, by name; with `only` those whose names match one of the globs.

    Blocking. Raises ConfigurationError where there are none, or one cannot be read.
    """
    if not place.exists():
        raise ConfigurationError(f"{place} does not exist; name a folder of tasks")
    found: list[EvaluationTask] = list(_in_folder(place))
    if not found:
        raise ConfigurationError(f"{place} has no task: no folder in it has a {TASK_FILE}")
    chosen = [task for task in found if not only or any(fnmatch(task.name, one) for one in only)]
    if not chosen:
        raise ConfigurationError(f"no task in {place} is called {' or '.join(only)}")
    return chosen


def _in_folder(place: Path) -> list[HarborTask]:
    folders = [place] if (place / TASK_FILE).exists() else sorted(place.iterdir())
    return [HarborTask.read(folder) for folder in folders if (folder / TASK_FILE).is_file()]
