"""This module finds the tasks of an evaluation: a folder of them, one of them, or a file of instances."""

from __future__ import annotations

from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.evaluation.harbor_task import TASK_FILE, HarborTask
from lsp_server.evaluation.swe_bench import TEST_COMMAND, read_instances
from lsp_server.evaluation.task import EvaluationTask


def shipped_suite() -> Path:
    """Returns the folder of the tasks that ship with Holdfast."""
    return Path(str(files("lsp_server.evaluation") / "suite"))


def find_tasks(
    place: Path,
    only: tuple[str, ...] = (),
    repositories: Path | None = None,
    test_command: str = TEST_COMMAND,
) -> list[EvaluationTask]:
    """Returns the tasks at a place, by name; with `only` those whose names match one of the globs.

    A file has instances of SWE-bench, with clones in `repositories` and tests that
    `test_command` runs. Blocking. Raises ConfigurationError where there are no tasks, or one
    cannot be read.
    """
    if not place.exists():
        raise ConfigurationError(f"{place} does not exist; name a folder of tasks")
    found: list[EvaluationTask]
    if place.is_file():
        if repositories is None:
            raise ConfigurationError(f"{place} needs clones; name their folder: --repositories DIR")
        found = list(read_instances(place, repositories.resolve(), test_command))
    else:
        found = list(_in_folder(place))
    if not found:
        raise ConfigurationError(f"{place} has no task: no folder in it has a {TASK_FILE}")
    chosen = [task for task in found if not only or any(fnmatch(task.name, one) for one in only)]
    if not chosen:
        raise ConfigurationError(f"no task in {place} is called {' or '.join(only)}")
    return chosen


def _in_folder(place: Path) -> list[HarborTask]:
    folders = [place] if (place / TASK_FILE).exists() else sorted(place.iterdir())
    return [HarborTask.read(folder) for folder in folders if (folder / TASK_FILE).is_file()]
