from __future__ import annotations

import json

import pytest

from lsp_server.domain.events import Event, RecordedEvent, ToolReturned
from lsp_server.domain.tasks import RunId
from lsp_server.domain.tools import ToolResult
from lsp_server.server.views.event_notice import DETAIL_CHARS_MAX, event_notice
from tests.data.events import ONE_OF_EACH


def kind(event: Event) -> str:
    return event.kind


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=kind)
def test_every_event_travels_with_its_words(event: Event) -> None:
    wire = event_notice(RunId("r1"), RecordedEvent(4, "2026-01-01T00:00:00Z", event)).wire()
    assert json.loads(json.dumps(wire)) == wire
    assert (wire["runId"], wire["seq"], wire["event"]["kind"]) == ("r1", 4, event.kind)
    assert set(wire["view"]) == {"label", "detail", "tone", "fields"}


def test_keys_are_camel_case_and_a_long_detail_is_cut_in_the_view_alone() -> None:
    text = "word " * DETAIL_CHARS_MAX
    event = ToolReturned(1, "t1", "read", ToolResult(text), 0.5)
    wire = event_notice(RunId("r1"), RecordedEvent(0, "", event)).wire()
    assert wire["event"]["callId"] == "t1"
    assert wire["event"]["result"]["isError"] is False
    assert wire["event"]["result"]["text"] == text
    assert len(wire["view"]["detail"]) == DETAIL_CHARS_MAX
    assert wire["view"]["fields"] == {"step": 1, "callId": "t1", "tool": "read", "seconds": 0.5}
