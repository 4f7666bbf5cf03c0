"""A `ReplayedCase` is a past task that was done again twice, with a draft and without; it decides about the draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.text.count import count_of

CHEAPER_MIN = 0.1
"""By such a share steps or tokens have to fall; less is luck."""
NAMED_MAX = 3


@dataclass(frozen=True, slots=True)
class Replay:
    """A `Replay` is one run of a past task: whether the checks held at its end, and what it took.

    `changed` are the files that it changed. `used` says that it read the draft, where it had one.
    """

    passed: bool
    steps: int
    tokens: int
    changed: frozenset[str] = frozenset()
    used: bool = False
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class ReplayedCase:
    """A `ReplayedCase` has the replays of one past run, and the files that this run had changed."""

    run: Id
    without: Replay
    with_draft: Replay
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReplayVerdict:
    """A `ReplayVerdict` says whether a draft is worth keeping, and by which figures, in a sentence."""

    is_kept: bool
    text: str


def judge_replays(cases: Sequence[ReplayedCase]) -> ReplayVerdict:
    """Keeps a draft with which checks hold that failed without it, or the same work takes less.

    >>> slow, quick = Replay(True, 9, 900), Replay(True, 4, 500, used=True)
    >>> judge_replays([ReplayedCase("r", slow, quick)]).text
    'with it 1 of 1 past tasks passed, without it 1; 4 steps instead of 9, 500 tokens instead of 900'
    """
    for finds in _PROBLEMS:
        if problem := finds(cases):
            return ReplayVerdict(False, f"{problem}; {_figures(cases)}")
    return ReplayVerdict(True, _figures(cases))


def _spoils(cases: Sequence[ReplayedCase]) -> str:
    broken = [one.run for one in cases if one.without.passed and not one.with_draft.passed]
    return f"with it the checks of {_named(broken)} fail" if broken else ""


def _meddles(cases: Sequence[ReplayedCase]) -> str:
    files = [path for one in cases for path in _changed_by_draft(one)]
    return f"with it {_named(files)} changed, which the task does not need" if files else ""


def _leaves_out(cases: Sequence[ReplayedCase]) -> str:
    files = [
        path
        for one in cases
        for path in sorted(one.files & one.without.changed - one.with_draft.changed)
    ]
    return f"with it {_named(files)} stayed as it was" if files else ""


def _is_unused(cases: Sequence[ReplayedCase]) -> str:
    return "" if all(one.with_draft.used for one in cases) else "a run that had it did not use it"


def _gains_nothing(cases: Sequence[ReplayedCase]) -> str:
    if _passed(cases, with_draft=True) > _passed(cases, with_draft=False):
        return ""
    both = [one for one in cases if one.without.passed and one.with_draft.passed]
    if not both:
        return "the checks fail with it as without it"
    steps = _share(both, lambda one: one.steps)
    tokens = _share(both, lambda one: one.tokens)
    least, most = sorted((steps, tokens))
    return "" if least <= 1 - CHEAPER_MIN and most <= 1 else "it saves neither steps nor tokens"


_PROBLEMS = (_spoils, _meddles, _leaves_out, _is_unused, _gains_nothing)


def _changed_by_draft(case: ReplayedCase) -> Sequence[str]:
    return sorted(case.with_draft.changed - case.without.changed - case.files)


def _passed(cases: Sequence[ReplayedCase], *, with_draft: bool) -> int:
    return sum((one.with_draft if with_draft else one.without).passed for one in cases)


def _share(cases: Sequence[ReplayedCase], measure: Callable[[Replay], int]) -> float:
    """What replays with the draft take of what those without it take."""
    return sum(measure(one.with_draft) for one in cases) / max(
        1, sum(measure(one.without) for one in cases)
    )


def _figures(cases: Sequence[ReplayedCase]) -> str:
    before, after = (_passed(cases, with_draft=each) for each in (False, True))
    sums = [
        (sum(one.with_draft.steps for one in cases), sum(one.without.steps for one in cases)),
        (sum(one.with_draft.tokens for one in cases), sum(one.without.tokens for one in cases)),
    ]
    (steps, steps_before), (tokens, tokens_before) = sums
    return (
        f"with it {after} of {len(cases)} past tasks passed, without it {before}; "
        f"{count_of(steps, 'step')} instead of {steps_before:,}, "
        f"{count_of(tokens, 'token')} instead of {tokens_before:,}"
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
