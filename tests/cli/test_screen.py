"""What a person sees of a run, on a pipe and on a terminal."""

from __future__ import annotations

import io
import json

import pytest

from lsp_server.cli.screen import PREVIEW_LINES_MAX, EventFormatter, JsonLines, PlainScreen
from lsp_server.domain.events import Event, RecordedEvent, ToolCalled, ToolReturned, Warned
from lsp_server.domain.tasks import RunId
from lsp_server.domain.tools import ToolCall, ToolKind, ToolResult
from tests.data.events import ONE_OF_EACH

RUN = RunId("r1")


def recorded(event: Event, seq: int = 0) -> RecordedEvent:
    return RecordedEvent(seq, "2026-01-01T00:00:00Z", event)


def plain(*events: Event) -> list[str]:
    out = io.StringIO()
    screen = PlainScreen(out)
    for event in events:
        screen.show(RUN, recorded(event))
    return out.getvalue().splitlines()


def test_a_run_is_told_line_by_line() -> None:
    assert plain(*ONE_OF_EACH) == [
        "run r1 with m at http://x",
        "  the run goes on",
        "  cycle 2: the prompt is full",
        "step 3",
        "  waiting 5 s for the model, attempt 2: cannot be reached",
        "  chose edit b.py over 1 other: 2 of 4 candidates, by judge, 31 of 40 points",
        "    it is best",
        "    1,000 tokens in (50 % cached), 20 out, $0.250 in all",
        "  accepted proposal 2",
        "  from the next step on: Max Mode on, 3 candidates",
        "  from here on: build mode",
        "  attempt 2 begins: Look for the smallest change.",
        "  attempt 2: 1 file changed, achieved: it is done",
        "  the judge did not decide (no answer): largest group",
        "  I look.",
        "  Then I edit.",
        "  > $ pytest -q: exit status 0, 0.2 s",
        "    | 4 passed",
        "  background bg1 runs: $ npm run dev",
        "  background bg1 ended: exit status 1: $ npm run dev",
        "  waits for permission: run `make`",
        "  approved once",
        "  permissions for this run: mode auto-edit, edit(src/**)",
        "  plan, 1 of 2 done: edit",
        "    - [x] look",
        "    - [>] edit",
        "  a hook refused the message: no passwords",
        "  person: Use tabs.",
        "  warning: the disk is nearly full",
        "  goal “Retry on 429”: 1 of 2 conditions met",
        "    - [x] the tests pass: met",
        "      - evidence: `pytest -q`: exit status 0, 2.1 s, at tree",
        "    - [ ] it is fast: unmet",
        "      - missing: a measurement",
        "  restored a.py",
        "  subagent 1 as reviewer begins: find the port",
        "  subagent 1 ended: achieved after 4 steps: find the port",
        "  workflow release, 1 of 2 nodes done; at work: Make it retry",
        "  taken back to the end of step 2",
        "  goes on from the end of step 2 of run r0",
        "",
        "achieved: Done. (No goal was set, so nothing was checked.)",
        "3 steps, 1,000 tokens in (50 % cached), 20 out, $0.500.",
    ]


@pytest.mark.parametrize(
    ("kind", "is_error", "output", "lines"),
    [
        ("plan", False, "text", 1),
        ("read", False, "text", 2),
        ("plan", True, "text", 1),
        ("read", True, "text\n", 1),
        ("plan", True, "one\ntwo", 3),
    ],
)
def test_a_result_that_says_no_more_than_its_event_is_not_shown(
    kind: ToolKind, is_error: bool, output: str, lines: int
) -> None:
    result = ToolReturned(1, "t", "x", ToolResult(output, is_error=is_error), 0.1, kind)
    assert len(plain(result)) == lines


def test_a_long_result_is_cut() -> None:
    result = ToolResult("line\n" * (PREVIEW_LINES_MAX + 3))
    lines = plain(ToolReturned(1, "t", "read", result, 0.1))
    assert lines[-1] == "    | … 3 more lines"
    assert len(lines) == PREVIEW_LINES_MAX + 2


def test_a_line_ends_where_an_editor_says_so() -> None:
    result = ToolResult("one\x85still\u2028one\x0cline\r\ntwo")
    lines = plain(ToolReturned(1, "t", "read", result, 0.1))[1:]
    assert len(lines) == 2
    assert lines[1] == "    | two"


def test_results_find_the_titles_of_their_calls() -> None:
    formatter = EventFormatter()
    for name in ("a", "b"):
        list(formatter.lines(ToolCalled(1, ToolCall(name, "read", "{}"), f"read {name}")))
    lines = [
        line.text
        for name in ("b", "a")
        for line in formatter.lines(ToolReturned(1, name, "read", ToolResult(""), 0.1))
    ]
    assert lines == ["  > read b: ok, 0.1 s", "  > read a: ok, 0.1 s"]


def test_nothing_can_rewrite_the_screen() -> None:
    assert plain(Warned("\x1b[2Jall is well"))[0].startswith("  warning: \\x1b[2J")


def test_json_is_an_event_a_line_and_the_last_one_the_outcome() -> None:
    out = io.StringIO()
    screen = JsonLines(out)
    for seq, event in enumerate(ONE_OF_EACH):
        screen.show(RUN, recorded(event, seq))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == [
        event.kind for event in ONE_OF_EACH if event.kind != "streamed"
    ]
    assert lines[-1]["outcome"] == "achieved"
    assert lines[-1]["usage"] == {"input": 1000, "cached": 500, "output": 20}
