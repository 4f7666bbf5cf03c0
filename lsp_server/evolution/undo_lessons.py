"""This module learns which files a person would rather change themselves, from what they took back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from lsp_server.domain.ids import Id
from lsp_server.evolution.lesson import Lesson, distinct, plain_path
from lsp_server.evolution.past_run import PastRun

RUNS_MIN = 2
"""In so many runs changes of a file have to be taken back."""
FILES_MAX = 5
"""Who takes back more files of a run has something against the run, not against these."""


def undo_lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    """Yields the files whose changes were taken back in several runs, and in none since kept.

    `runs` begin with the oldest.
    """
    taken_back: dict[str, list[Id]] = defaultdict(list)
    for run in runs:
        if not run.by_person:
            continue
        undone = {
            path: one.id for one in run.actions if one.outcome == "reverted" for path in one.files
        }
        undone = {path: action for path, action in undone.items() if path not in run.changed}
        for path in run.changed:
            taken_back.pop(path, None)  # It was welcome, so what was before does not count.
        for path, action in undone.items() if len(undone) <= FILES_MAX else ():
            if plain_path(path):
                taken_back[path].append(action)
    for path, actions in taken_back.items():
        if len(actions) >= RUNS_MIN:
            yield Lesson(
                "undo",
                f"Changes of `{path}` were taken back; ask before you change it.",
                distinct(reversed(actions)),
                runs=len(actions),
                held=len(actions),
                paths=(path,),
            )
