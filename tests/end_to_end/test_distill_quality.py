"""What distilling the sixty planted runs finds and keeps, and what that saves: scripted, as the benchmark."""

from __future__ import annotations

import pytest

from benchmarks import distill_quality
from tests.data.past_procedures import PROCEDURES
from tests.harness.command_line import HOLDS
from tests.harness.planted_work import WORDS

pytestmark = [
    pytest.mark.skipif(not HOLDS, reason="past tasks are done again in a sandbox only"),
    pytest.mark.timeout(900),
]

REPORT = 3
"""The procedure without an edit, which takes least."""


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "set by the benchmark")
    monkeypatch.setenv("XDG_CONFIG_HOME", "set by the benchmark")


@pytest.mark.parametrize("number", [0, 5])
def test_of_sixty_runs_procedures_alone_are_found_and_useful_words_alone_are_kept(
    number: int,
) -> None:
    words = WORDS[number]
    done = distill_quality.measured(1, {REPORT: words})
    assert (done.found, done.others) == (len(PROCEDURES), 0), "one-offs are left alone"
    (tried,) = done.tried
    assert (tried.kept_worded, tried.kept) == (words.how == "useful", True), tried.figures
    assert "with it 2 of 2 past tasks passed" in tried.figures
    assert done.before == [8]
    assert done.after == [5], "a later run that is offered the skill does what it says"


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1])
def test_no_words_that_are_useless_wrong_or_harmful_are_kept(turn: int) -> None:
    done = distill_quality.measured(2, distill_quality.words_of_turn(turn))
    assert (done.found, done.others, len(done.tried)) == (len(PROCEDURES), 0, len(PROCEDURES))
    for one in done.tried:
        assert one.kept_worded == (one.words.how == "useful"), one
    assert sum(done.after) < sum(done.before)
