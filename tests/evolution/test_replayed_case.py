"""Which figures of replays keep a draft, and which do not."""

from __future__ import annotations

import pytest

from lsp_server.evolution.replayed_case import Replay, ReplayedCase, judge_replays

WORK = frozenset({"dist.txt"})
BEFORE = Replay(True, 10, 1000, WORK)
FAILED = Replay(False, 10, 1000, WORK)


def after(steps: int, tokens: int, *, passed: bool = True, used: bool = True) -> Replay:
    return Replay(passed, steps, tokens, WORK, used)


@pytest.mark.parametrize(
    ("pairs", "kept", "says"),
    [
        ([(BEFORE, after(6, 700))], True, "6 steps instead of 10, 700 tokens instead of 1,000"),
        ([(BEFORE, after(10, 700))], True, "700 tokens"),
        ([(FAILED, after(12, 1200))], True, "1 of 1 past tasks passed, without it 0"),
        ([(BEFORE, after(9, 1000)), (BEFORE, after(9, 800))], True, "18 steps"),
        ([(BEFORE, after(10, 1000))], False, "it saves neither steps nor tokens"),
        ([(BEFORE, after(10, 950))], False, "it saves neither steps nor tokens"),  # That is luck.
        ([(BEFORE, after(6, 1300))], False, "it saves neither steps nor tokens"),
        ([(BEFORE, after(2, 100, passed=False))], False, "the checks of r0 fail"),
        ([(FAILED, after(2, 100)), (BEFORE, after(2, 1, passed=False))], False, "of r1 fail"),
        ([(FAILED, after(2, 100, passed=False))], False, "fail with it as without it"),
        ([(BEFORE, after(6, 700, used=False))], False, "did not use it"),
        ([(BEFORE, Replay(True, 6, 700, WORK | {"spilled.txt"}, True))], False, "spilled.txt"),
        ([(BEFORE, Replay(True, 6, 700, frozenset(), True))], False, "dist.txt stayed as it was"),
    ],
)
def test_the_figures_decide(pairs: list[tuple[Replay, Replay]], kept: bool, says: str) -> None:
    cases = [ReplayedCase(f"r{at}", *pair, files=WORK) for at, pair in enumerate(pairs)]
    verdict = judge_replays(cases)
    assert (verdict.is_kept, says in verdict.text) == (kept, True), verdict.text
