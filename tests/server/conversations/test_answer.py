"""What is written of a run whose beginning was not heard."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from lsp_server.domain.events import Event, ModelAnswered, RecordedEvent, StepStarted, Streamed
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.ports import Editor
from lsp_server.domain.tasks import RunId
from lsp_server.server.conversations.answer import Answer
from lsp_server.session.session import Session

USAGE = Usage()
SAID = "One.\nTwo.\nThree.\n"


def heard(answer: Answer, seq: int, event: Event) -> None:
    answer.take(RecordedEvent(seq, "2026-01-01T00:00:00+00:00", event))


@pytest.mark.parametrize("missed", ["nothing", "the start of the step", "a piece"])
def test_an_answer_stands_there_once_whatever_was_missed_of_its_stream(missed: str) -> None:
    answer = Answer(
        cast("Session", None), cast("Editor", None), Path("a.holdfast.md"), RunId("1"), -1
    )
    answer.is_reading = missed == "the start of the step"
    heard(answer, 0, StepStarted(1, 100))
    answer.is_reading = False
    for number, line in enumerate(SAID.splitlines(keepends=True)):
        if missed != "nothing" and number == 0:
            answer.miss()
        else:
            heard(answer, 1, Streamed(1, "text", line))
    streamed = answer.pending
    heard(answer, 1, ModelAnswered(1, Message("assistant", SAID), "stop", USAGE, USAGE, 0.0))
    assert answer.pending.count("Two.") == 1
    assert SAID.strip() in answer.pending
    assert bool(streamed) == (missed == "nothing")
