from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.agent.journal_format import (
    FORMAT,
    FormatTooNew,
    LineDamaged,
    decode_record,
    encode_record,
)
from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.events import (
    CandidatesJudged,
    Event,
    RecordedEvent,
    RunEnded,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.tools import (
    Needs,
    NeedsCommand,
    NeedsNothing,
    NeedsPath,
    NeedsUnknown,
    NeedsUrl,
    ToolCall,
    ToolKind,
    ToolResult,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
needs: st.SearchStrategy[Needs] = st.one_of(
    st.builds(NeedsPath, texts, writes=st.booleans()),
    st.builds(NeedsCommand, texts),
    st.builds(NeedsUrl, texts),
    st.just(NeedsNothing()),
    st.just(NeedsUnknown()),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Warned, texts),
    st.builds(
        ToolCalled,
        st.integers(0, 9),
        st.builds(ToolCall, texts, texts, texts),
        texts,
        st.sampled_from(["read", "other"]),
        needs,
    ),
)


@given(st.integers(0, 10**6), events)
def test_what_is_written_is_read_back(seq: int, event: Event) -> None:
    recorded = RecordedEvent(seq, "2026-01-01T00:00:00.000+00:00", event)
    line = encode_record(recorded)
    assert decode_record(line) == recorded
    # Rewritten by a tool that puts blanks between, it is the same record.
    assert decode_record(json.dumps(json.loads(line)).encode()) == recorded


def first_format(event: dict[str, object]) -> RecordedEvent:
    return decode_record(json.dumps({"seq": 3, "at": "t", "event": event}).encode())


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "expected"),
    [
        ("shell", '{"command": "ls"}', "execute", NeedsCommand("ls")),
        ("write", '{"path": "a", "text": ""}', "edit", NeedsPath("a", writes=True)),
        ("search", '{"query": "x", "path": "src"}', "read", NeedsPath("src", writes=False)),
        ("list", "{}", "read", NeedsNothing()),
        ("remember", '{"text": "x"}', "recall", NeedsNothing()),
        ("finish", '{"summary": "x"}', "finish", NeedsNothing()),
        ("shell", "{broken", "execute", NeedsNothing()),
        ("launch", "{}", "other", NeedsUnknown()),
    ],
)
def test_calls_of_the_first_format_say_what_they_need(
    name: str, arguments: str, kind: ToolKind, expected: Needs
) -> None:
    call = {"id": "1", "name": name, "arguments": arguments}
    event = {"kind": "tool_called", "step": 1, "call": call, "title": "x"}
    assert first_format(event).event == ToolCalled(
        1, ToolCall("1", name, arguments), "x", kind, expected
    )


@pytest.mark.parametrize(
    ("text", "ending", "status"),
    [
        ("exit status 3 after 0.2 s\nboom", "exit status 3", 3),
        ("timed out after 120 s after 120.1 s; give more", "timed out after 120 s", None),
        ("refused: it was not allowed", "", None),
    ],
)
def test_commands_of_the_first_format_say_how_they_ended(
    text: str, ending: str, status: int | None
) -> None:
    event = {
        "kind": "tool_returned",
        "step": 1,
        "call_id": "1",
        "tool": "shell",
        "result": {"text": text},
        "seconds": 0.2,
    }
    result = ToolResult(text, ending=ending, exit_status=status)
    assert first_format(event).event == ToolReturned(1, "1", "shell", result, 0.2, "execute")


def test_candidates_of_the_first_format_say_which_calls_their_diff_shows() -> None:
    calls = [{"id": n, "name": n, "arguments": "{}"} for n in ("edit", "shell")]
    group = {"title": "t", "text": "", "calls": calls, "size": 1, "changes": "+x", "met": {"a": ""}}
    event = {
        "kind": "candidates_judged",
        "groups": [group],
        "winner": 0,
        "by": "first",
        "reason": "",
        "drawn": 1,
        "failures": [],
        "billed": {},
    }
    made = tuple(ToolCall(n, n, "{}") for n in ("edit", "shell"))
    expected = CandidateGroup(
        "t", "", made, 1, changes="+x", read_versions={"a": ""}, diffed=("edit",)
    )
    assert first_format(event).event == CandidatesJudged(
        (expected,), 0, "first", "", 1, (), Usage()
    )


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{", b"[]", b'{"seq": 1}', b'{"event": 3}', b"\xff", b'{"format": "2"}'),
        *(b'{"format": %d, "event": {}}' % number for number in (-1, 0)),
        b'{"event": {"kind": "tool_called", "call": [1]}}',
        b'{"event": {"kind": "tool_returned", "tool": "shell", "result": 3}}',
        b'{"event": {"kind": "candidates_judged", "groups": [3]}}',
    ],
)
def test_what_is_no_line_is_damaged(line: bytes) -> None:
    with pytest.raises(LineDamaged):
        decode_record(line)


def test_a_line_of_a_later_format_asks_for_an_update() -> None:
    later = {"seq": 0, "at": "t", "event": {"kind": "warned"}, "format": FORMAT + 1}
    with pytest.raises(FormatTooNew, match="update it"):
        decode_record(json.dumps(later).encode())


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "child_started", "run_id": "r.1", "call_id": "1", "title": "t"},
        {"kind": "run_ended", "outcome": {"outcome": "finished", "summary": "s", "why": "w"}},
        {"kind": "a_kind_of_next_year"},
    ],
)
def test_what_no_event_here_is_called_asks_for_an_update_only_in_a_later_format(
    event: dict[str, object],
) -> None:
    counters: dict[str, object] = {"steps": 1, "usage": {}, "billed": {}, "cost_usd": 0}
    line = {"seq": 0, "at": "t", "event": counters | event, "format": FORMAT + 1}
    with pytest.raises(FormatTooNew, match=f"format {FORMAT + 1}"):
        decode_record(json.dumps(line).encode())


def test_lines_of_the_second_format_are_read_as_they_are() -> None:
    usage = {"prompt_tokens": 3, "cached_tokens": 0, "completion_tokens": 1}
    counters = {"steps": 1, "usage": usage, "billed": usage, "cost_usd": 0.0}
    outcome = {"outcome": "stopped", "reason": "r"}
    line = {"seq": 4, "at": "t", "event": {"kind": "run_ended", "outcome": outcome, **counters}}
    now = decode_record(json.dumps(line | {"format": 2}).encode())
    assert now == decode_record(json.dumps(line | {"format": FORMAT}).encode())
    assert isinstance(now.event, RunEnded)
