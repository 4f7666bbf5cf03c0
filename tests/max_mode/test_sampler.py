"""Drawing candidates: cheaply, and without waiting for those that lag behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ModelRefused, ModelUnavailable, PromptTooLong
from lsp_server.domain.events import Warned
from lsp_server.max_mode.endpoint_stats import CALM_STEPS, EndpointStats
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from tests.fakes.faults import FaultyBehaviour, FaultyTurn
from tests.harness.stand import Stand, acts, is_verdict, says_verdict, stand


def ignoring() -> EndpointStats:
    """An endpoint that is known to give one answer a request."""
    return EndpointStats(honours_choices=False)


def drawn(
    turns: Mapping[int, ScriptedTurn] | None = None, **timing: float
) -> Callable[..., ScriptedTurn]:
    """Candidates that all differ, but for those that `turns` gives by their number."""
    count = iter(range(1000))

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body)
        number = next(count)
        if turns and number in turns:
            return turns[number]
        return different(number, **timing)

    return turn


def different(number: int, **timing: float) -> ScriptedTurn:
    return acts("shell", {"command": f"echo {number}"}, text=f"I do {number}." * 10, **timing)


def endings(here: Stand) -> list[str]:
    return [each.ending for each in here.server.requests]


@pytest.fixture
def root(project: Path) -> Path:
    (project / "a.py").write_text("x = 1\n")
    return project


@pytest.mark.parametrize(
    ("n", "settings", "asked", "honours", "candidates"),
    [
        ("honour", {"strategy": "always"}, [5], True, 5),
        ("honour", {"strategy": "adaptive"}, [3, 2], True, 5),
        ("honour", {"strategy": "always", "samples": 2}, [2], True, 2),
        ("ignore", {"strategy": "always"}, [5, 1, 1, 1, 1], False, 5),
        ("refuse", {"strategy": "always"}, [5, 1, 1, 1, 1, 1], False, 5),
        ("fewer", {"strategy": "always"}, [5], True, 4),
        ("fewer", {"strategy": "always", "samples": 3, "quorum": 3}, [3, 1], True, 3),
    ],
)
async def test_several_choices_are_asked_for_where_they_are_given(
    root: Path, n: Any, settings: dict[str, Any], asked: list[int], honours: bool, candidates: int
) -> None:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body)
        first = len(here.draws) * 10
        alternatives = [different(first + number) for number in range(1, 5)]
        return FaultyTurn.model_validate(
            {**different(first).model_dump(), "alternatives": alternatives}
        )

    async with stand(
        root, turn, behaviour=EndpointBehaviour(n=n), grace_seconds=3, **settings
    ) as here:
        await here.ask()
        assert [body.get("n", 1) for body in here.draws] == asked
        assert here.endpoint_stats.honours_choices is honours
        assert here.judged.drawn == candidates
        await here.ask()
        assert here.draws[len(asked)].get("n", 1) == (settings.get("samples", 5) if honours else 1)


async def test_an_endpoint_that_stops_giving_several_is_believed_again(root: Path) -> None:
    endpoint_stats = EndpointStats(honours_choices=True)
    async with stand(root, drawn(), endpoint_stats=endpoint_stats, strategy="always") as here:
        await here.ask()
        assert endpoint_stats.honours_choices is False
        assert here.judged.drawn == 5


async def test_one_request_leads_and_the_others_follow_at_its_first_piece(root: Path) -> None:
    turns = drawn(first_token_seconds=1.0)
    async with stand(root, turns, endpoint_stats=ignoring(), strategy="always") as here:
        await here.ask()
        times = [each.at_seconds for each in here.server.requests[:5]]
        assert times[1] - times[0] >= 1.0
        assert times[4] - times[1] < 1.0, "they do not wait for each other"


async def test_a_second_wave_needs_no_leader(root: Path) -> None:
    turns = drawn(first_token_seconds=1.0)
    async with stand(root, turns, endpoint_stats=ignoring()) as here:
        await here.ask()
        times = [each.at_seconds for each in here.server.requests[:5]]
        assert times[4] - times[3] < 1.0


async def test_the_prompts_of_all_candidates_are_the_same_bytes(root: Path) -> None:
    async with stand(root, drawn(), endpoint_stats=ignoring(), strategy="always") as here:
        await here.ask()
        assert len({each.raw for each in here.server.requests[:5]}) == 1
        assert here.draws[0]["temperature"] == 1.0


@pytest.mark.parametrize("slow", range(5))
async def test_a_straggler_is_not_waited_for_and_its_connection_is_closed(
    root: Path, slow: int
) -> None:
    normal = {"first_token_seconds": 0.02, "tokens_per_second": 500.0}
    turns = {slow: different(slow, first_token_seconds=0.02, tokens_per_second=2.0)}
    async with stand(
        root, drawn(turns, **normal), endpoint_stats=ignoring(), strategy="always"
    ) as here:
        started = time.monotonic()
        response = await here.ask()
        assert time.monotonic() - started < 2.0
        assert here.judged.drawn == 4
        assert here.judged.failures == ("cancelled: the others were ready long before",)
        await here.server.wait_until(lambda: "client gone" in endings(here))
        # The endpoint read its prompt, so it was paid for.
        prompts = [len(each.raw) // 4 for each in here.server.requests]
        assert response.billed.prompt_tokens == pytest.approx(sum(prompts), rel=0.02)


async def test_grace_is_given_to_one_that_can_still_make_it(root: Path) -> None:
    turns = {4: different(4, first_token_seconds=0.4)}
    async with stand(
        root, drawn(turns), endpoint_stats=ignoring(), strategy="always", grace_seconds=3.0
    ) as here:
        await here.ask()
        assert here.judged.drawn == 5


async def test_a_leader_that_is_silent_holds_nobody_for_ever(root: Path) -> None:
    turns = {0: FaultyTurn.model_validate({"fault": {"kind": "silence"}})}
    async with stand(
        root, drawn(turns), endpoint_stats=ignoring(), strategy="always", silence_seconds=0.3
    ) as here:
        await here.ask()
        assert here.judged.drawn == 4


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_an_endpoint_with_a_parallel_limit_still_gives_all_candidates(
    root: Path, limit: int
) -> None:
    endpoint_stats = ignoring()
    turns = drawn(first_token_seconds=0.02, tokens_per_second=2000.0)
    behaviour = FaultyBehaviour(n="ignore", parallel_max=limit)
    async with stand(
        root, turns, behaviour=behaviour, endpoint_stats=endpoint_stats, strategy="always"
    ) as here:
        await here.ask()
        assert here.judged.drawn >= 4
        assert endpoint_stats.parallel_max == limit
        refused = endings(here).count("refused")
        assert refused <= 4
        await here.ask()
        assert endings(here).count("refused") == refused, "it is remembered"


async def test_a_limit_that_is_gone_is_found_out_in_time(root: Path) -> None:
    endpoint_stats = EndpointStats(honours_choices=False, parallel_max=2)
    async with stand(root, drawn(), endpoint_stats=endpoint_stats, strategy="always") as here:
        for _ in range(CALM_STEPS):
            await here.ask()
        assert endpoint_stats.parallel_max == 3


async def test_two_runs_share_what_is_known_of_an_endpoint(root: Path) -> None:
    endpoint_stats = EndpointStats()
    turns = drawn(first_token_seconds=0.02)
    async with (
        stand(root, turns, endpoint_stats=endpoint_stats, strategy="always") as one,
        stand(root, turns, endpoint_stats=endpoint_stats, strategy="always") as other,
    ):
        responses = await asyncio.gather(one.ask(), other.ask(), one.ask(), other.ask())
        assert all(len(response.choices) == 1 for response in responses)
        assert all(each.drawn >= 4 for each in (one.judged, other.judged))


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        ({"kind": "status", "status": 401}, ModelRefused, 2),
        (
            {
                "kind": "status",
                "status": 400,
                "body": {"error": {"message": "maximum context length is 10 tokens"}},
            },
            PromptTooLong,
            1,
        ),
    ],
)
async def test_a_refusal_of_the_prompt_is_the_error_at_once(
    root: Path, fault: dict[str, Any], error: type[Exception], requests: int
) -> None:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        return FaultyTurn.model_validate({"fault": {**fault, "times": 99}})

    async with stand(root, turn, endpoint_stats=ignoring(), strategy="always") as here:
        with pytest.raises(error):
            await here.ask()
        assert len(here.server.requests) == requests


async def test_a_dead_endpoint_gives_the_plain_error(root: Path) -> None:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        return FaultyTurn.model_validate({"fault": {"kind": "status", "status": 503, "times": 999}})

    async with stand(root, turn, endpoint_stats=ignoring(), strategy="always") as here:
        with pytest.raises(ModelUnavailable):
            async with asyncio.timeout(20):
                await here.ask()
        assert "503" in here.of(Warned)[0].message


async def test_when_all_candidates_fail_one_plain_answer_is_taken(root: Path) -> None:
    turns = {
        number: FaultyTurn.model_validate({"fault": {"kind": "status", "status": 500}})
        for number in range(5)
    }
    async with stand(root, drawn(turns), endpoint_stats=ignoring(), strategy="always") as here:
        response = await here.ask()
        assert response.message.tool_calls[0].arguments == '{"command": "echo 5"}'
        assert "temperature" not in here.draws[-1]


@pytest.mark.parametrize("phase", ["drawing", "judging"])
async def test_cancelling_leaves_no_open_request_and_no_trace(root: Path, phase: str) -> None:
    silent = FaultyTurn.model_validate({"fault": {"kind": "silence"}})
    is_drawing = phase == "drawing"

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body) or is_drawing:
            return silent
        return acts("write", {"path": f"{len(here.server.requests)}", "text": "x"})

    async with stand(
        root,
        turn,
        endpoint_stats=EndpointStats(honours_choices=False),
        silence_seconds=30,
        strategy="always",
    ) as here:
        step = asyncio.create_task(here.ask())
        requests = 1 if is_drawing else 6
        await here.server.wait_until(lambda: len(here.server.requests) == requests)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        await here.server.wait_until(lambda: "open" not in endings(here))
        assert [path.name for path in root.iterdir()] == ["a.py"]


async def test_a_slow_answer_to_the_first_try_for_several_holds_nobody(root: Path) -> None:
    turns = {0: ScriptedTurn(text="word " * 400, tokens_per_second=100.0)}
    async with stand(root, drawn(turns), strategy="always") as here:
        started = time.monotonic()
        await here.ask()
        assert time.monotonic() - started < 3.0
        assert here.judged.drawn == 4
        assert [body.get("n", 1) for body in here.draws] == [5, 1, 1, 1, 1]
        await here.ask()
        assert here.endpoint_stats.honours_choices in (None, False)


async def test_a_slow_only_candidate_is_asked_for_once_more(root: Path) -> None:
    look = acts("read", {"path": "a.py"}, text="word " * 400, tokens_per_second=100.0)
    turns = [acts("read", {"path": "a.py"}), look, acts("read", {"path": "a.py"})]
    count = iter(range(9))
    async with stand(
        root, lambda body: turns[min(2, next(count))], endpoint_stats=ignoring(), strategy="gated"
    ) as here:
        await here.ask()
        started = time.monotonic()
        await here.ask()
        assert time.monotonic() - started < 4.0
        assert (here.judged.by, here.judged.drawn) == ("agreement", 1)
        assert here.judged.failures == ("cancelled: the others were ready long before",)
        assert len(here.draws) == 3


async def test_the_first_of_two_stands_alone_for_the_draw_that_follows(root: Path) -> None:
    """The slow one is let go, so a step that has to be widened gets all of its candidates."""
    write = acts("write", {"path": "b.py", "text": "x = 1"})
    slow = acts("write", {"path": "b.py", "text": "x = 1"}, text="word " * 999, **SLOW)
    turns = iter([acts("read", {"path": "a.py"}), slow, write, write, write])
    async with stand(
        root, lambda _: next(turns), endpoint_stats=ignoring(), strategy="gated"
    ) as here:
        await here.ask()
        started = time.monotonic()
        await here.ask()
        assert time.monotonic() - started < 4.0
        assert (here.judged.by, here.judged.drawn) == ("agreement", 2)
        assert len(here.draws) == 4
        await here.server.wait_until(lambda: "client gone" in endings(here))


SLOW = {"tokens_per_second": 20.0}


@pytest.mark.parametrize("status", [422, 400])
async def test_a_refusal_of_several_in_unknown_words_is_learned(root: Path, status: int) -> None:
    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if body.get("n"):
            return FaultyTurn.model_validate(
                {"fault": {"kind": "status", "status": status, "times": 9}}
            )
        return same(body)

    same = drawn()
    async with stand(root, turn, behaviour=EndpointBehaviour(), strategy="always") as here:
        await here.ask()
        assert here.endpoint_stats.honours_choices is False
        assert here.judged.drawn >= 4


async def test_a_prompt_that_is_too_long_teaches_nothing_about_several(root: Path) -> None:
    behaviour = FaultyBehaviour(prompt_tokens_max=10)
    async with stand(root, drawn(), behaviour=behaviour, strategy="always") as here:
        with pytest.raises(PromptTooLong):
            await here.ask()
        assert here.endpoint_stats.honours_choices is None
        assert len(here.server.requests) == 1
