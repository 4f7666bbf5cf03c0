"""This module learns which files change together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from lsp_server.domain.ids import Id
from lsp_server.evolution.lesson import Lesson, distinct, plain_path
from lsp_server.evolution.past_run import PastRun, stays

RUNS_MIN = 3
"""In so many runs both have to change."""
SHARE_MIN = 0.8
"""The share of the runs with one of them in which the other changed, too."""
FILES_MAX = 20
"""A run that changed more files was about something else than these two."""
PAIRS_MAX = 30


def pair_lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    """Yields the pairs of files that hardly ever change alone, those of most runs first.

    An association rule with support and confidence, after R. Agrawal and R. Srikant, Fast
    Algorithms for Mining Association Rules, 1994; used on changes by T. Zimmermann et al., Mining
    Version Histories to Guide Software Changes, 2004.
    """
    alone: Counter[str] = Counter()
    together: dict[tuple[str, str], list[Id]] = defaultdict(list)
    for run in runs:
        files = sorted(filter(plain_path, run.changed))
        if not run.went_well or len(files) > FILES_MAX:
            continue
        alone.update(files)
        for pair in combinations(files, 2):
            together[pair].append(_change_of(run, pair))
    ranked = sorted(together.items(), key=lambda one: (-len(one[1]), one[0]))
    for (first, second), shown in ranked[:PAIRS_MAX]:
        # The more frequent of the two decides: both have to need the other.
        seen = max(alone[first], alone[second])
        if len(shown) >= RUNS_MIN and len(shown) / seen >= SHARE_MIN:
            yield Lesson(
                "pair",
                f"`{first}` and `{second}` change together.",
                distinct(reversed(shown)),
                runs=seen,
                held=len(shown),
                paths=(first, second),
            )


def _change_of(run: PastRun, pair: tuple[str, str]) -> Id:
    return next(one.id for one in run.actions if stays(one) and set(pair) & set(one.files))
