"""The fault table: what each failure of an endpoint comes to, on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from lsp_server.domain.errors import (
    HoldfastError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
)
from lsp_server.domain.messages import Delta, Response, Waiting
from lsp_server.models.repetition import CutRepetition
from lsp_server.models.retrying import Retrying
from lsp_server.models.scripted.scenario import ScriptedCall
from tests.fakes.faults import (
    Drop,
    ErrorInStream,
    Fault,
    FaultyBehaviour,
    FaultyTurn,
    HttpError,
    InvalidUtf8,
    Repetition,
    Silence,
)
from tests.fakes.faulty_server import FaultyServer
from tests.fakes.wire_server import QUESTION, model_at

TEXT = "An answer of several pieces, so that it can break off in the middle of one."


WIRES = ("chat", "messages", "responses")


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass
class Played:
    """How one request went: its answer or error, what was heard, and all tries on the wire."""

    outcome: Response | HoldfastError
    heard: list[Delta]
    tries: int
    slept: list[float]


async def play(
    turn: FaultyTurn, behaviour: FaultyBehaviour | None = None, **settings: Any
) -> Played:
    heard: list[Delta] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with (
        FaultyServer([turn], behaviour=behaviour) as server,
        model_at(server.base_url, **settings) as endpoint,
    ):
        model = Retrying(CutRepetition(endpoint), sleep=sleep, chance=lambda: 0.0)
        try:
            outcome: Response | HoldfastError = await model.respond(QUESTION, heard.append)
        except HoldfastError as error:
            outcome = error
        return Played(outcome, heard, len(server.requests), slept)


@pytest.mark.parametrize(
    ("fault", "slept"),
    [
        (HttpError(status=429, retry_after=7, times=2), [7.0, 7.0]),
        (HttpError(status=500, times=3), [1.0, 2.0, 4.0]),
        (HttpError(status=503), [1.0]),
        (Drop(after_pieces=0), [1.0]),
        (Drop(after_pieces=3, times=2), [1.0, 2.0]),
        (Drop(after_pieces=5), [1.0]),
        (Silence(), [1.0]),
        (Silence(after_pieces=0), [1.0]),
        (Silence(after_pieces=3), [1.0]),
        (ErrorInStream(), [1.0]),
        (ErrorInStream(error={"message": "slow down", "code": 429}), [1.0]),
    ],
)
async def test_what_passes_is_waited_for_and_only_the_whole_answer_counts(
    fault: Fault, slept: list[float], wire: str
) -> None:
    played = await play(FaultyTurn(text=TEXT, fault=fault), silence_timeout_seconds=0.15, wire=wire)
    assert isinstance(played.outcome, Response), played.outcome
    assert played.outcome.message.text == TEXT
    assert played.slept == slept
    assert played.tries == len(slept) + 1
    waits = [each for each in played.heard if isinstance(each, Waiting)]
    assert [each.delay_seconds for each in waits] == slept


@pytest.mark.parametrize(
    ("turn", "behaviour", "error"),
    [
        (FaultyTurn(fault=HttpError(status=401, times=9)), FaultyBehaviour(), ModelRefused),
        (
            FaultyTurn(fault=HttpError(status=400, times=9, body={"error": "no"})),
            FaultyBehaviour(),
            ModelRefused,
        ),
        (
            FaultyTurn(
                fault=HttpError(status=429, times=9, body={"error": {"code": "insufficient_quota"}})
            ),
            FaultyBehaviour(),
            ModelRefused,
        ),
        (
            FaultyTurn(fault=ErrorInStream(times=9, error={"message": "no", "code": 400})),
            FaultyBehaviour(),
            ModelRefused,
        ),
        (FaultyTurn(text=TEXT), FaultyBehaviour(prompt_tokens_max=10), PromptTooLong),
        (FaultyTurn(fault=Repetition()), FaultyBehaviour(), ModelMisbehaved),
    ],
)
async def test_what_does_not_pass_is_asked_once(
    turn: FaultyTurn, behaviour: FaultyBehaviour, error: type[HoldfastError], wire: str
) -> None:
    played = await play(turn, behaviour, wire=wire)
    assert type(played.outcome) is error
    assert (played.tries, played.slept) == (1, [])


@pytest.mark.parametrize(
    ("turn", "text", "arguments", "stop_reason"),
    [
        (FaultyTurn(), "", [], "stop"),
        (FaultyTurn(text="Hi", fault=InvalidUtf8()), "��Hi", [], "stop"),
        (
            FaultyTurn(tool_calls=(ScriptedCall(name="read", arguments='{"path": '),)),
            "",
            ['{"path": '],
            "tool_calls",
        ),
        (
            FaultyTurn(
                tool_calls=(ScriptedCall(name="read", arguments='{"pa'),), stop_reason="length"
            ),
            "",
            ['{"pa'],
            "length",
        ),
    ],
)
async def test_odd_answers_are_handed_on_as_they_are(
    turn: FaultyTurn, text: str, arguments: list[str], stop_reason: str, wire: str
) -> None:
    played = await play(turn, wire=wire)
    assert isinstance(played.outcome, Response)
    message = played.outcome.message
    assert message.text == text
    assert [call.arguments for call in message.tool_calls] == arguments
    assert played.outcome.stop_reason == stop_reason
    assert played.tries == 1


async def test_too_many_requests_at_once_wait_their_turn(wire: str) -> None:
    turns = [FaultyTurn(text="slow", first_token_seconds=0.05), FaultyTurn(text="next")]
    async with (
        FaultyServer(turns, behaviour=FaultyBehaviour(parallel_max=1)) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        first = asyncio.create_task(model.respond(QUESTION))
        await server.wait_until(lambda: len(server.requests) == 1)
        with pytest.raises(ModelUnavailable, match="too many requests"):
            await model.respond(QUESTION)
        assert (await first).message.text == "slow"


@pytest.mark.parametrize("sign", [b": ping\n\n", b"\n"])
async def test_signs_of_life_without_an_answer_are_silence_in_the_end(
    sign: bytes, wire: str
) -> None:
    async def ping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        try:
            while True:
                writer.write(sign)
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(ping, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, model_at(base_url, silence_timeout_seconds=0.1) as model:
        with pytest.raises(ModelUnavailable, match="signs of life"):
            await model.respond(QUESTION)


@pytest.mark.parametrize("fault", [Silence(), Silence(after_pieces=2)])
async def test_cancelling_closes_the_connection_at_once(fault: Fault, wire: str) -> None:
    async with (
        FaultyServer([FaultyTurn(text=TEXT, fault=fault)]) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        asking = asyncio.create_task(model.respond(QUESTION))
        await server.wait_until(lambda: len(server.requests) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.wait_until(lambda: server.open_connections == 0)
        assert server.requests[0].ending == "client gone"


async def test_a_listener_that_raises_closes_the_stream(wire: str) -> None:
    class Enough(Exception):
        pass

    def enough(delta: Delta) -> None:
        raise Enough

    async with (
        FaultyServer([FaultyTurn(text=TEXT, tokens_per_second=20)]) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        with pytest.raises(Enough):
            await model.respond(QUESTION, enough)
        await server.wait_until(lambda: server.open_connections == 0)
        assert server.requests[0].ending == "client gone"


async def test_answers_follow_each_other_on_one_connection(wire: str) -> None:
    async with (
        FaultyServer([FaultyTurn(text=TEXT)] * 5) as server,
        model_at(server.base_url, wire=wire) as model,
    ):
        for _ in range(5):
            await model.respond(QUESTION)
            assert server.open_connections == 1
        assert [each.ending for each in server.requests] == ["answered"] * 5
        assert server.connections_seen == 1


async def test_the_key_travels_and_is_not_logged(wire: str) -> None:
    turn = FaultyTurn(fault=HttpError(status=401, body={"error": "bad key sk-secret"}))
    async with (
        FaultyServer([turn]) as server,
        model_at(server.base_url, api_key="sk-secret") as model,
    ):
        with pytest.raises(ModelRefused) as raised:
            await model.respond(QUESTION)
        assert "sk-secret" not in str(raised.value)
        assert "authorization" not in server.requests[0].headers
