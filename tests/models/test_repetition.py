"""Endless repetition is cut; tables, rulers and data are not."""

from __future__ import annotations

import base64
import hashlib
import json
import random

import pytest

from lsp_server.domain.errors import ModelMisbehaved
from lsp_server.domain.messages import (
    Delta,
    Listener,
    ReasoningDelta,
    Request,
    Response,
    TextDelta,
    ToolCallDelta,
    Usage,
    Waiting,
    ignore_deltas,
)
from lsp_server.models.repetition import CHECK_EVERY_CHARS, CutRepetition, repeats
from lsp_server.models.scripted.scenario import ScriptedCall, ScriptedTurn
from tests.fakes.faults import FaultyTurn, Repetition
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.wire_server import QUESTION

NOISE = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(300))
PARAGRAPH = NOISE[:1500] + "\n\n"
TABLE = "".join(f"| {number:>6} | {number * 7 % 13:>6} | ok |\n" for number in range(500))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param("-" * 4000, False, id="a ruler"),
        pytest.param("=-" * 2000, False, id="a fancy ruler"),
        pytest.param("+------" * 700, False, id="a table's border"),
        pytest.param(TABLE, False, id="a table"),
        pytest.param("| 0 | 0 | 0 |\n" * 300, False, id="a table of zeros"),
        pytest.param(json.dumps([0] * 1500), False, id="an array of zeros"),
        pytest.param(json.dumps(list(range(5000))), False, id="an array of numbers"),
        pytest.param(base64.b64encode(random.Random(1).randbytes(20_000)).decode(), False, id="base64"),
        pytest.param("".join(f"function a{n}(){{return b({n})}};" for n in range(900)), False,
                     id="minified code"),
        pytest.param("".join(f"Step {n}: look again at the file.\n" for n in range(900)), False,
                     id="a counter"),
        pytest.param(PARAGRAPH * 4, False, id="a paragraph four times"),
        pytest.param("ha" * 4000 + " and that was that." * 3, False, id="repetition that ended"),
        pytest.param("-" * 7000, True, id="one character"),
        pytest.param("\n" * 7000, True, id="line breaks"),
        pytest.param(NOISE + "and again " * 700, True, id="two words"),
        pytest.param(NOISE + "I will look at the file once more.\n" * 200, True, id="a sentence"),
        pytest.param(PARAGRAPH * 7, True, id="a paragraph seven times"),
        pytest.param(("a a a a " * 30 + PARAGRAPH[:700]) * 10, True, id="repetition inside"),
        pytest.param('{"x": 0}, ' * 900, True, id="an array without end"),
    ],
)  # fmt: skip
def test_what_counts_as_endless(text: str, expected: bool) -> None:
    assert repeats(text) is expected


class Streaming:
    """A model that says these pieces and counts how many were heard."""

    def __init__(self, *pieces: Delta) -> None:
        self._pieces = pieces
        self.said = 0

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        for piece in self._pieces:
            listen(piece)
            self.said += 1
        scripted = ScriptedModel([ScriptedTurn(text="end")])
        return await scripted.respond(request)


@pytest.mark.parametrize(
    "piece", [TextDelta("lo "), ReasoningDelta("lo "), ToolCallDelta("", "lo ")]
)
async def test_each_channel_is_watched_and_cut_soon(piece: Delta) -> None:
    model = Streaming(*[piece] * 10_000)
    with pytest.raises(ModelMisbehaved, match="repeated itself"):
        await CutRepetition(model).respond(QUESTION)
    assert 6000 <= model.said * 3 <= 6000 + CHECK_EVERY_CHARS


async def test_channels_are_not_mixed() -> None:
    pieces: list[Delta] = [TextDelta("lo "), ReasoningDelta("lo ")]
    response = await CutRepetition(Streaming(*pieces * 1500)).respond(QUESTION)
    assert response.message.text == "end"


async def test_what_a_wait_made_void_does_not_count() -> None:
    lines: list[Delta] = [TextDelta("lo ")] * 1500
    model = CutRepetition(Streaming(*lines, Waiting("", 1, 1.0), *lines))
    assert (await model.respond(QUESTION)).message.text == "end"


async def test_a_sane_answer_passes_untouched() -> None:
    heard: list[Delta] = []
    turn = ScriptedTurn(text=TABLE, tool_calls=(ScriptedCall(name="read"),))
    response = await CutRepetition(ScriptedModel([turn])).respond(QUESTION, heard.append)
    assert response.message.text == TABLE
    assert "".join(each.text for each in heard if isinstance(each, TextDelta)) == TABLE


async def test_of_several_choices_only_the_repeating_one_goes() -> None:
    class OneMad:
        async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
            for _ in range(4000):
                listen(TextDelta("lo ", 1))
            turn = ScriptedTurn(
                text="A", alternatives=(ScriptedTurn(text="lo"), ScriptedTurn(text="C"))
            )
            return await ScriptedModel([turn]).respond(request)

    response = await CutRepetition(OneMad()).respond(Request(QUESTION.messages, choices=3))
    assert [choice.message.text for choice in response.choices] == ["A", "C"]
    assert response.billed != Usage()


async def test_when_all_choices_repeat_there_is_no_answer() -> None:
    mad = ScriptedModel([FaultyTurn(fault=Repetition())])
    with pytest.raises(ModelMisbehaved):
        await CutRepetition(mad).respond(Request(QUESTION.messages, choices=2))
