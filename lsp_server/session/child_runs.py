"""This module names the runs that a run began: its children, such as attempts.

A child is a run with a journal of its own, in `children` in the folder of its parent. Its id
is that of its parent, a dot and a number, as in `20260101-120000-000000.1`, so that whoever
has an id finds its files, and whose child it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from lsp_server.agent.journal import CHILDREN, JOURNAL_NAME
from lsp_server.domain.tasks import RunId


def run_folder(runs: Path, run_id: RunId) -> Path:
    """Returns the folder of a run or of a child, below the folder of all runs.

    >>> run_folder(Path("/runs"), RunId("a.2")).as_posix()
    '/runs/a/children/a.2'
    """
    own, *children = accumulate(run_id.split("."), "{}.{}".format)
    return runs.joinpath(own, *(part for child in children for part in (CHILDREN, child)))


def child_ids(runs: Path, run_id: RunId) -> tuple[RunId, ...]:
    """Returns the ids of the children of a run, in the order of their numbers. Blocking."""
    found = run_folder(runs, run_id).glob(f"{CHILDREN}/*/{JOURNAL_NAME}")
    return tuple(sorted((RunId(path.parent.name) for path in found), key=child_number))


def new_child_id(runs: Path, run_id: RunId, taken: Iterable[RunId] = ()) -> RunId:
    """Returns the id for the next child of a run, free until its journal is opened. Blocking.

    `taken` are ids that were given and have no journal yet.
    """
    number = max(map(child_number, (*child_ids(runs, run_id), *taken)), default=0) + 1
    return RunId(f"{run_id}.{number}")


def child_number(run_id: RunId) -> int:
    """Returns the number of a child among those of its parent, from 1; 0 for no child.

    >>> child_number(RunId("20260101-120000-000000.12"))
    12
    """
    number = run_id.rpartition(".")[2]
    return int(number) if "." in run_id and number.isdecimal() else 0


def parent_id(run_id: RunId) -> RunId | None:
    """Returns the id of the run that began a child; None for a run that is no child.

    >>> parent_id(RunId("a.2")), parent_id(RunId("a"))
    ('a', None)
    """
    return RunId(run_id.rpartition(".")[0]) if child_number(run_id) else None


def top_id(run_id: RunId) -> RunId:
    """Returns the run that a person began, of which the run is a child, or a child's child.

    >>> top_id(RunId("20260101-120000-000000.2.1"))
    '20260101-120000-000000'
    """
    return RunId(run_id.partition(".")[0])
