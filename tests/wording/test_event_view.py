from __future__ import annotations

import json
from typing import get_args

import pytest

from lsp_server.domain import events
from lsp_server.domain.events import (
    CycleStarted,
    Event,
    FileChanged,
    FileRestored,
    GoalChecked,
    RunEnded,
    Told,
    ToolReturned,
    Warned,
)
from lsp_server.domain.goals import GoalReport
from lsp_server.domain.permission_events import PermissionAnswered, PermissionsChanged
from lsp_server.domain.tasks import Achieved, Blocked, Failed, Finished, Outcome, Stopped, Unmet
from lsp_server.domain.tools import ToolResult
from lsp_server.wording.event_labels import LABEL_CHARS_MAX
from lsp_server.wording.event_view import view_of
from tests.data.events import GOAL, ONE_OF_EACH, REPORT, USAGE

WORDS: list[tuple[str, str]] = [
    ("Fix the parser.", "plain"),
    ("the run goes on", "plain"),
    ("cycle 2: the prompt is full", "plain"),
    ("brief: I go on with the tests.", "muted"),
    ("cycle 2 begins with 100 tokens: task 100; left out: 1", "muted"),
    ("step 3", "muted"),
    ("", "plain"),
    ("waiting 5 s for the model, attempt 2: cannot be reached", "waiting"),
    ("chose edit b.py over 1 other: 2 of 4 candidates, by judge, 31 of 40 points", "plain"),
    ("accepted proposal 2", "plain"),
    ("from the next step on: Max Mode on, 3 candidates", "plain"),
    ("from here on: build mode", "plain"),
    ("attempt 2 begins: Look for the smallest change.", "plain"),
    ("attempt 2: 1 file changed, achieved: it is done", "good"),
    ("", "plain"),
    ("the judge did not decide (no answer): largest group", "plain"),
    ("I look.", "plain"),
    ("$ pytest -q", "waiting"),
    ("exit status 0, 0.2 s", "good"),
    ("background bg1 runs: $ npm run dev", "plain"),
    ("background bg1 ended: exit status 1: $ npm run dev", "bad"),
    ("changed a.py", "muted"),
    ("", "plain"),
    ("waits for permission: run `make`", "waiting"),
    ("approved once", "good"),
    ("permissions for this run: mode auto-edit, edit(src/**)", "plain"),
    ("plan, 1 of 2 done: edit", "plain"),
    ("message: Use tabs.", "muted"),
    ("a hook refused the message: no passwords", "bad"),
    ("person: Use tabs.", "plain"),
    ("warning: the disk is nearly full", "bad"),
    ("goal “Retry on 429”: 1 of 2 conditions met", "bad"),
    ("", "plain"),
    ("restored a.py", "plain"),
    ("subagent 1 as reviewer begins: find the port", "waiting"),
    ("subagent 1 ended: achieved after 4 steps: find the port", "good"),
    ("workflow release, 1 of 2 nodes done; at work: Make it retry", "waiting"),
    ("taken back to the end of step 2", "plain"),
    ("goes on from the end of step 2 of run r0", "plain"),
    ("achieved: Done. (No goal was set, so nothing was checked.)", "good"),
]


def kind(event: Event) -> str:
    return event.kind


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(events.Event))


@pytest.mark.parametrize(
    ("event", "words"), list(zip(ONE_OF_EACH, WORDS, strict=True)), ids=map(kind, ONE_OF_EACH)
)
def test_every_event_has_words(event: Event, words: tuple[str, str]) -> None:
    view = view_of(event)
    assert (view.label, view.tone) == words
    assert view.kind == event.kind


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=kind)
def test_the_fields_of_a_view_are_json(event: Event) -> None:
    fields = dict(view_of(event).fields)
    assert json.loads(json.dumps(fields)) == fields


@pytest.mark.parametrize(
    ("event", "label", "tone"),
    [
        (CycleStarted(1, "start", "", ""), "", "plain"),
        (FileChanged("a.py", None, "x"), "created a.py", "muted"),
        (FileChanged("a.py", "x", None), "deleted a.py", "muted"),
        (FileRestored("a.py", "it changed"), "a.py was left alone: it changed", "bad"),
        (
            PermissionAnswered("q", "deny", "expiry"),
            "denied, as nobody answered in time",
            "bad",
        ),
        (PermissionAnswered("q", "deny", "person", "use git mv"), "denied: use git mv", "bad"),
        (PermissionAnswered("q", "run", "person", rule="edit(src/**)"), "approved for this run: edit(src/**)", "good"),
        (PermissionsChanged("auto-edit"), "permissions for this run: mode auto-edit", "plain"),
        (PermissionsChanged(rule="edit"), "permissions for this run: edit", "plain"),
        (Told("the tests fail", "goal"), "not done yet; it goes on with what is missing", "plain"),
        (Told("look first", "fence"), "reminder: look first", "plain"),
        (Told("Use tabs.\nOnly.", "person"), "person: Use tabs.", "plain"),
        (Told("b1 ended", "command"), "background: b1 ended", "plain"),
        (Told("# From memory\nx", "memory"), "memory, which is open now, has this for the task", "plain"),
        (Told("A hook says:\nx", "hook"), "a hook has this for the model", "plain"),
        (ToolReturned(1, "t", "read", ToolResult("no file", is_error=True), 0.1), "failed, 0.1 s: no file", "bad"),
        (ToolReturned(1, "t", "shell", ToolResult("exit status 1", failed=True), 2.0), "failed, 2.0 s", "bad"),
        (GoalChecked(GoalReport(GOAL, REPORT.conditions[:1], "t")), "goal “Retry on 429”: 1 of 1 condition met", "good"),
    ],
)  # fmt: skip
def test_what_an_event_says_decides_its_words(event: Event, label: str, tone: str) -> None:
    assert (view_of(event).label, view_of(event).tone) == (label, tone)


@pytest.mark.parametrize(
    ("outcome", "label", "tone"),
    [
        (Achieved("Done.", REPORT), "achieved: Done.", "good"),
        (Finished("Made."), "finished: Made. (Not verified.)", "plain"),
        (Unmet("It is slow.", REPORT), "unmet: The goal is not met. It is slow.", "bad"),
        (Blocked("Which port?"), "blocked: Which port?", "waiting"),
        (Stopped("stopped by the person"), "stopped: stopped by the person", "plain"),
        (Failed("no endpoint\nat all"), "failed: no endpoint", "bad"),
    ],
)
def test_the_end_of_a_run_says_how(outcome: Outcome, label: str, tone: str) -> None:
    view = view_of(RunEnded(outcome, 2, USAGE, USAGE, 0.5))
    assert (view.label, view.tone) == (label, tone)
    assert view.detail.endswith("2 steps, 1,000 tokens in (50 % cached), 20 out, $0.500.")
    assert view.fields["outcome"] == outcome.outcome


def test_a_long_text_is_cut_in_the_label_and_whole_in_the_detail() -> None:
    message = "a word " * 200
    view = view_of(Warned(message))
    assert len(view.label) <= LABEL_CHARS_MAX
    assert view.label.endswith("…")
    assert message in view.detail
