"""This module finds procedures: steps that runs did in the same order, again and again.

Sequential patterns with a largest gap, after R. Srikant and R. Agrawal, Mining Sequential
Patterns: Generalizations and Performance Improvements, 1996, grown depth first as by J. Pei et al.,
PrefixSpan, 2001.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.evolution.lesson import distinct
from lsp_server.evolution.past_run import PastRun
from lsp_server.evolution.run_steps import RunSteps, Step, run_steps

RUNS_MIN = 3
"""In so many runs that went well a procedure has to be."""
SHARE_MIN = 0.6
"""Of the runs that did a part of it, so many did all of it."""
STEP_SHARE_MIN = 0.8
"""Of the runs that did all other steps of it, so many did this one too."""
COMMON_FACTOR = 2
"""A step of so many times more runs than two others is part of other work, too."""
STEPS_MIN = 3
STEPS_MAX = 8
OWN_STEPS_MIN = 2
"""So many steps have to be more than checks, as what checks the work is a fact already."""
GAP_MAX = 2
"""So many other steps may come between two of its steps."""
PATTERNS_MAX = 20_000
PROCEDURES_MAX = 10
WHOLE_SHARE_MIN = 0.8
"""A run is nothing but the procedure if so much of its own steps are."""

_Steps: TypeAlias = tuple[Step, ...]
_Ends: TypeAlias = Mapping[Id, frozenset[int]]
"""Where a pattern ends in each run that has it."""
_Having: TypeAlias = Mapping[Step, Collection[Id]]
"""The runs that did a step."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """A `Procedure` is a row of steps that several runs did, of `seen` that did a part of it.

    `runs` are the ids of those runs, oldest first, `evidence` ids of their actions. With `whole`
    these runs did nothing else.
    """

    steps: _Steps
    runs: tuple[Id, ...]
    seen: int
    evidence: tuple[Id, ...]
    whole: bool = False

    @property
    def key(self) -> str:
        """Returns what tells it from any other."""
        return "; ".join(f"{one.kind} {one.what}" for one in self.steps)

    @property
    def commands(self) -> tuple[str, ...]:
        """Returns the commands in it."""
        return tuple(one.what for one in self.steps if one.kind == "run")


def procedures(runs: Sequence[PastRun]) -> tuple[Procedure, ...]:
    """Finds the procedures of runs that people began and that went well, the most work first.

    `runs` begin with the oldest. What one run or two did is left alone.
    """
    well = [run for run in runs if run.by_person and run.went_well]
    steps = run_steps(well, RUNS_MIN)
    having = _runs_having(steps)
    patterns = dict(_patterns(steps, having))
    found = [
        (pattern, ends)
        for pattern, ends in patterns.items()
        if _does_work(pattern) and _belongs_together(pattern, patterns, having)
    ]
    found.sort(key=lambda one: (-len(one[0]) * len(one[1]), [step.what for step in one[0]]))
    taken: list[tuple[_Steps, _Ends]] = []
    for pattern, ends in found:
        if all(len(_own(pattern) & _own(other)) < OWN_STEPS_MIN for other, _ in taken):
            taken.append((pattern, ends))
    return tuple(
        _procedure(pattern, ends, steps, having) for pattern, ends in taken[:PROCEDURES_MAX]
    )


def _runs_having(steps: Mapping[Id, RunSteps]) -> _Having:
    having: dict[Step, set[Id]] = defaultdict(set)
    for run_id, run in steps.items():
        for one in run.placed:
            having[one.step].add(run_id)
    return having


def _patterns(steps: Mapping[Id, RunSteps], having: _Having) -> Iterator[tuple[_Steps, _Ends]]:
    """Yields the patterns that enough runs have, each before those that go on from it."""
    places: dict[Step, dict[Id, frozenset[int]]] = {step: {} for step in having}
    for run_id, run in steps.items():
        for at, one in enumerate(run.placed):
            places[one.step][run_id] = places[one.step].get(run_id, frozenset()) | {at}
    open_patterns: list[tuple[_Steps, _Ends]] = [
        ((step,), places[step]) for step in having if len(having[step]) >= RUNS_MIN
    ]
    for _ in range(PATTERNS_MAX):
        if not open_patterns:
            return
        pattern, ends = open_patterns.pop()
        yield pattern, ends
        if len(pattern) < STEPS_MAX:
            open_patterns += _longer(pattern, ends, steps)


def _longer(
    pattern: _Steps, ends: _Ends, steps: Mapping[Id, RunSteps]
) -> Iterator[tuple[_Steps, _Ends]]:
    found: dict[Step, dict[Id, set[int]]] = {}
    for run_id, places in ends.items():
        placed = steps[run_id].placed
        for end in places:
            for at in range(end + 1, min(end + 2 + GAP_MAX, len(placed))):
                step = placed[at].step
                if step not in pattern:
                    found.setdefault(step, {}).setdefault(run_id, set()).add(at)
    for step, of_run in found.items():
        if len(of_run) >= RUNS_MIN:
            yield (*pattern, step), {run: frozenset(places) for run, places in of_run.items()}


def _does_work(pattern: _Steps) -> bool:
    own = _own(pattern)
    runs_something = any(step.kind == "run" for step in own)
    return len(pattern) >= STEPS_MIN and len(own) >= OWN_STEPS_MIN and runs_something


def _belongs_together(pattern: _Steps, patterns: Mapping[_Steps, _Ends], having: _Having) -> bool:
    """Says whether runs that did a part of it mostly did all, and no step came in by chance."""
    held = len(patterns[pattern])
    if held < SHARE_MIN * len(_part_of(pattern, having)):
        return False
    without = (pattern[:at] + pattern[at + 1 :] for at in range(len(pattern)))
    return all(held >= STEP_SHARE_MIN * len(patterns.get(other, ())) for other in without)


def _part_of(pattern: _Steps, having: _Having) -> frozenset[Id]:
    """The runs that did a part of it; a step that many others need too says nothing."""
    counts = {step: len(having[step]) for step in _own(pattern)}
    common = COMMON_FACTOR * sorted(counts.values())[OWN_STEPS_MIN - 1]
    rare = (having[step] for step, count in counts.items() if count <= common)
    return frozenset().union(*rare)


def _own(pattern: _Steps) -> frozenset[Step]:
    return frozenset(step for step in pattern if not step.checks)


def _procedure(
    pattern: _Steps,
    ends: _Ends,
    steps: Mapping[Id, RunSteps],
    having: _Having,
) -> Procedure:
    runs = tuple(sorted(ends))
    shown = [
        next(one for one in steps[run].placed if one.step == pattern[0]).evidence for run in runs
    ]
    own = [{one.step for one in steps[run].placed if not one.step.checks} for run in runs]
    alone = sum(
        len(_own(pattern)) >= WHOLE_SHARE_MIN * (len(done) + steps[run].others)
        for run, done in zip(runs, own, strict=True)
    )
    is_whole = alone >= WHOLE_SHARE_MIN * len(runs)
    return Procedure(
        pattern,
        runs,
        len(_part_of(pattern, having)),
        distinct(reversed(shown)),
        whole=is_whole,
    )
