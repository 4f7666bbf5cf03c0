"""When a model is asked again, and how long it waits before."""

from __future__ import annotations

import asyncio

import pytest

from lsp_server.domain.errors import (
    HoldfastError,
    ModelMisbehaved,
    ModelRefused,
    ModelUnavailable,
    PromptTooLong,
)
from lsp_server.domain.messages import (
    Delta,
    Listener,
    Request,
    Response,
    TextDelta,
    Waiting,
    ignore_deltas,
)
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.retrying import (
    FIRST_WAIT_SECONDS,
    RETRY_AFTER_SECONDS_MAX,
    WAIT_SECONDS_MAX,
    WALL_SECONDS_MAX,
    Retrying,
)
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from tests.fakes.faults import Drop, FaultyTurn, HttpError
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.wire_server import QUESTION, model_at, settings_for


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def retrying(
    turn: ScriptedTurn, clock: Clock, *, chance: float = 0.0, wall: float = 3600.0
) -> Retrying:
    return Retrying(
        ScriptedModel([turn]),
        wall_seconds_max=wall,
        sleep=clock.sleep,
        clock=clock,
        chance=lambda: chance,
    )


@pytest.mark.parametrize(
    ("fault", "chance", "slept"),
    [
        (HttpError(status=500, times=8), 0.0, [1, 2, 4, 8, 16, 32, 60, 60]),
        (HttpError(status=500, times=3), 1.0, [0.5, 1, 2]),
        (HttpError(status=429, times=2, retry_after=10), 1.0, [10, 10]),
        (HttpError(status=429, times=3, retry_after=3), 0.0, [3, 3, 4]),
        (HttpError(status=429, retry_after=86_400), 0.0, [RETRY_AFTER_SECONDS_MAX]),
        (Drop(after_pieces=1, times=2), 0.0, [1, 2]),
    ],
)
async def test_waits_grow_and_respect_what_the_endpoint_asks(
    fault: HttpError | Drop, chance: float, slept: list[float]
) -> None:
    clock = Clock()
    heard: list[Delta] = []
    model = retrying(FaultyTurn(text="Hi", fault=fault), clock, chance=chance)
    response = await model.respond(QUESTION, heard.append)
    assert response.message.text == "Hi"
    assert clock.slept == slept
    waits = [(each.attempt, each.delay_seconds) for each in heard if isinstance(each, Waiting)]
    assert waits == list(enumerate(slept, start=1))


async def test_a_listener_knows_that_the_partial_answer_is_void_before_the_wait() -> None:
    heard: list[Delta] = []
    clock = Clock()
    model = retrying(FaultyTurn(text="whole", fault=Drop(after_pieces=1)), clock)
    await model.respond(QUESTION, heard.append)
    assert heard[0] == heard[2] == TextDelta("whole")
    assert isinstance(heard[1], Waiting)
    assert "broke off" in heard[1].reason


@pytest.mark.parametrize("wall", [0.5, 100.0, WALL_SECONDS_MAX])
async def test_it_gives_up_with_the_last_error_within_its_time(wall: float) -> None:
    clock = Clock()
    with pytest.raises(ModelUnavailable, match="500"):
        await retrying(FaultyTurn(fault=HttpError(times=10_000)), clock, wall=wall).respond(
            QUESTION
        )
    assert wall - WAIT_SECONDS_MAX <= clock.now <= wall


@pytest.mark.parametrize("patience", [0.0, 10.0, 40.0])
async def test_what_may_last_is_waited_for_only_so_long(patience: float) -> None:
    class Down:
        async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
            raise ModelUnavailable("no memory", patience_seconds=patience)

    clock = Clock()
    with pytest.raises(ModelUnavailable, match="no memory"):
        await Retrying(Down(), sleep=clock.sleep, clock=clock).respond(QUESTION)
    # By chance a wait is as short as half of what it may be, and the next one twice as long.
    assert (patience - FIRST_WAIT_SECONDS) / 3 <= clock.now <= patience


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/v1", "http://nowhere.invalid/v1"])
async def test_an_endpoint_that_never_answered_is_given_up_within_a_minute(address: str) -> None:
    clock = Clock()
    async with model_at(address) as wire:
        with pytest.raises(ModelUnavailable, match="cannot be reached"):
            await Retrying(wire, sleep=clock.sleep, clock=clock).respond(QUESTION)
    assert clock.now < 60


async def test_an_endpoint_that_worked_is_waited_for() -> None:
    clock = Clock()
    async with ScriptedServer([ScriptedTurn(text="Hi")]) as server:
        wire = ChatCompletions(settings_for(server.base_url))
        model = Retrying(wire, wall_seconds_max=7200, sleep=clock.sleep, clock=clock)
        await model.respond(QUESTION)
    with pytest.raises(ModelUnavailable):
        await model.respond(QUESTION)
    await wire.close()
    assert clock.now > 7000


@pytest.mark.parametrize(
    "error",
    [ModelRefused("no"), PromptTooLong("no"), ModelMisbehaved("no"), KeyError("a mistake of ours")],
)
async def test_what_waiting_cannot_mend_passes_at_once(error: Exception) -> None:
    def script(body: object) -> ScriptedTurn:
        raise error

    clock = Clock()
    with pytest.raises(type(error)):
        await Retrying(ScriptedModel(script), sleep=clock.sleep, clock=clock).respond(QUESTION)
    assert clock.slept == []


async def test_a_wait_can_be_cancelled() -> None:
    waiting = asyncio.Event()

    def hear(delta: Delta) -> None:
        waiting.set()

    model = Retrying(
        ScriptedModel([FaultyTurn(fault=HttpError(times=99, status=429, retry_after=800))])
    )
    asking: asyncio.Task[Response] = asyncio.create_task(model.respond(QUESTION, hear))
    await waiting.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_listener_may_end_the_waiting() -> None:
    class Enough(HoldfastError):
        pass

    def hear(delta: Delta) -> None:
        raise Enough

    with pytest.raises(Enough):
        await retrying(FaultyTurn(fault=HttpError()), Clock()).respond(QUESTION, hear)
