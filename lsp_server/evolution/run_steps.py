"""This module brings what runs did into one form, so that the same work of two runs looks the same.

A step is a command that passed, or a change of a file. Of commands the options do not count, and
what differs from run to run is left open: the last word of a command becomes `NAME`, the name of a
file `*`. What only looks, what failed, and what may carry a sentence is no step.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.evolution.lesson import plain_command, plain_path, subject
from lsp_server.evolution.past_run import PastRun, stays
from lsp_server.tools.check_commands import is_check
from lsp_server.tools.read_only import is_read_only

OPEN_WORD = "NAME"
"""What stands in a command for a word that differs from run to run."""
MASKED_WORDS_MIN = 3
"""A shorter command would say nothing without its last word."""

StepKind: TypeAlias = Literal["run", "change"]
_Key: TypeAlias = tuple[StepKind, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A `Step` is one thing that runs did: `what` is the command, or the path or pattern of files."""

    kind: StepKind
    what: str

    @property
    def checks(self) -> bool:
        """Says whether the step only checks the work."""
        return self.kind == "run" and is_check(self.what)

    @property
    def text(self) -> str:
        """Returns the step as a line of a numbered list has it."""
        return f"{'Run' if self.kind == 'run' else 'Change'} `{self.what}`."


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A `PlacedStep` is a step of one run; `evidence` is the id of the action."""

    step: Step
    evidence: Id


@dataclass(frozen=True, slots=True)
class RunSteps:
    """A `RunSteps` has the steps of one run that others had too, and counts its other ones, checks aside."""

    placed: tuple[PlacedStep, ...]
    others: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """One step as it stands in a journal, before it is compared with those of other runs."""

    kind: StepKind
    what: str
    exact: _Key
    masked: _Key | None
    evidence: Id


def run_steps(runs: Iterable[PastRun], runs_min: int) -> Mapping[Id, RunSteps]:
    """Returns the steps of each run, in their order; those count that `runs_min` runs had."""
    seen = {run.id: tuple(_seen_in(run)) for run in runs}
    exact, masked = _support(seen, masked=False), _support(seen, masked=True)
    words: dict[_Key, Counter[str]] = defaultdict(Counter)
    for steps in seen.values():
        for one in steps:
            words[one.exact][one.what] += 1

    def placed(one: _Seen) -> PlacedStep | None:
        if exact[one.exact] >= runs_min:
            counts = words[one.exact]
            what = min(counts, key=lambda each: (-counts[each], len(each), each))
            return PlacedStep(Step(one.kind, what), one.evidence)
        if one.masked is not None and masked[one.masked] >= runs_min:
            return PlacedStep(Step(one.kind, " ".join(one.masked[1])), one.evidence)
        return None

    def of_run(steps: Iterable[_Seen]) -> RunSteps:
        known = {one: placed(one) for one in steps}
        rare = {
            one.what for one, found in known.items() if found is None and not is_check(one.what)
        }
        return RunSteps(tuple(_without_repeats(filter(None, known.values()))), len(rare))

    return {run_id: of_run(steps) for run_id, steps in seen.items()}


def _support(seen: Mapping[Id, Sequence[_Seen]], *, masked: bool) -> Counter[_Key]:
    """In how many runs a step was."""
    keys = ({one.masked if masked else one.exact for one in steps} for steps in seen.values())
    return Counter(key for found in keys for key in found if key is not None)


def _without_repeats(steps: Iterable[PlacedStep]) -> Iterator[PlacedStep]:
    before: Step | None = None
    for one in steps:
        if one.step != before:
            yield one
        before = one.step


def _seen_in(run: PastRun) -> Iterator[_Seen]:
    commands = {use.position: use for use in run.commands}
    for position, action in enumerate(run.actions):
        use = commands.get(position)
        if use is not None:
            if use.passed:
                yield from _command(use.line, action.id)
        elif stays(action) and action.outcome != "failed":
            for path in filter(plain_path, action.files):
                yield _change(path, action.id)


def _command(line: str, evidence: Id) -> Iterator[_Seen]:
    script = plain_command(line)
    if script is None or (is_read_only(script) and not is_check(line)):
        return
    words = tuple(line.split())
    can_be_masked = len(words) >= MASKED_WORDS_MIN and not words[-1].startswith("-")
    masked: _Key | None = ("run", (*words[:-1], OPEN_WORD)) if can_be_masked else None
    yield _Seen("run", " ".join(words), ("run", subject(script)), masked, evidence)


def _change(path: str, evidence: Id) -> _Seen:
    place = PurePosixPath(path)
    pattern = place.with_name(f"*{place.suffix}").as_posix() if place.suffix else ""
    masked: _Key | None = ("change", (pattern,)) if pattern else None
    return _Seen("change", path, ("change", (path,)), masked, evidence)
