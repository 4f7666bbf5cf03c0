"""One step in Max Mode: what is drawn, what is taken, what it costs, what it leaves alone."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from lsp_server.domain.events import CandidatesJudged, Warned
from lsp_server.domain.messages import AnswerSchema, Delta, Request, TextDelta, ToolCallDelta, Usage
from lsp_server.max_mode.candidate_judge import StepContext
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.models.scripted.scenario import EndpointBehaviour, ScriptedTurn
from tests.fakes.faults import FaultyTurn
from tests.harness.stand import TASK, Stand, acts, is_verdict, says_verdict, stand

SAMPLES = 5


def edit(new: str, **more: Any) -> ScriptedTurn:
    return acts("edit", {"path": "a.py", "old_text": "x = 1", "new_text": new}, **more)


READ = acts("read", {"path": "a.py"})
GOOD = edit("x = 2")


def fault(**values: Any) -> ScriptedTurn:
    return FaultyTurn.model_validate({**GOOD.model_dump(), "fault": values})


BAD: dict[str, ScriptedTurn] = {
    "fails with 500": fault(kind="status", status=500, times=9),
    "is refused": fault(kind="status", status=422, times=9),
    "breaks off": fault(kind="drop", times=9),
    "falls silent": fault(kind="silence", after_pieces=1, times=9),
    "never answers": fault(kind="silence", times=9),
    "fails inside the stream": fault(kind="error_in_stream", times=9),
    "repeats itself": FaultyTurn.model_validate({"fault": {"kind": "repetition"}}),
    "is empty": ScriptedTurn(),
    "is cut off": edit("x = 9", stop_reason="length"),
    "is malformed": acts("edit", '{"path": "a.py", "old_te'),
    "lacks arguments": acts("edit", {"path": "a.py"}),
    "names no tool": acts("patch", {"path": "a.py"}),
    "leaves the workspace": acts("write", {"path": "../out.py", "text": "x"}),
    "is forbidden": acts("write", {"path": "secret.txt", "text": "x"}),
    "does not apply": acts("edit", {"path": "a.py", "old_text": "y = 1", "new_text": "y = 2"}),
    "breaks the syntax": edit("x = ("),
}


def sequence(
    *turns: ScriptedTurn, judge: Callable[[str], int] = len
) -> Callable[[Any], ScriptedTurn]:
    """The turns in this order, the last one for ever; verdicts in between."""
    left = list(turns)

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body, judge)
        return left.pop(0) if len(left) > 1 else left[0]

    return turn


@pytest.fixture
def root(project: Path) -> Path:
    (project / "a.py").write_text("x = 1\n")
    return project


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.parent.rglob("*")) if p.is_file()}


def takes(response_of: Stand) -> object:
    return json.loads(response_of.winner.calls[0].arguments).get("new_text")


@pytest.mark.parametrize("place", range(SAMPLES))
@pytest.mark.parametrize("way", BAD)
async def test_one_bad_candidate_never_wins_and_never_spoils_the_step(
    root: Path, way: str, place: int
) -> None:
    turns = [GOOD] * SAMPLES
    turns[place] = BAD[way]
    before, running = snapshot(root), set(psutil.Process().children())
    async with stand(
        root,
        sequence(*turns),
        endpoint_stats=EndpointStats(honours_choices=False),
        strategy="always",
        deny=("write(secret.txt)",),
        silence_seconds=0.3,
    ) as here:
        response = await here.ask()
        assert json.loads(response.message.tool_calls[0].arguments)["new_text"] == "x = 2"
        assert response.message.tool_calls[0].arguments == here.winner.calls[0].arguments
        assert here.judged.by in ("agreement", "evidence")
        assert snapshot(root) == before
        assert set(psutil.Process().children()) <= running


@pytest.mark.parametrize("place", range(SAMPLES))
async def test_one_bad_choice_of_one_request_never_wins(root: Path, place: int) -> None:
    for bad in (BAD["does not apply"], BAD["is malformed"], ScriptedTurn(text="and again " * 4000)):
        turns = [GOOD] * SAMPLES
        turns[place] = bad
        first = FaultyTurn.model_validate({**turns[0].model_dump(), "alternatives": turns[1:]})
        async with stand(
            root, sequence(first), behaviour=EndpointBehaviour(n="honour"), strategy="always"
        ) as here:
            await here.ask()
            assert takes(here) == "x = 2"
            assert here.judged.drawn + len(here.judged.failures) == SAMPLES


@pytest.mark.parametrize(
    ("strategy", "turns", "healthy", "draws", "by"),
    [
        ("adaptive", [GOOD], True, 3, "agreement"),
        ("adaptive", [GOOD, GOOD, edit("x = 3"), edit("x = 4")], True, 5, "judge"),
        ("adaptive", [edit("x = 3"), edit("x = 4"), GOOD], True, 5, "agreement"),
        ("always", [edit("x = 3"), edit("x = 4"), GOOD], True, 5, "judge"),
        ("adaptive", [edit("x = (")], True, 5, "agreement"),
        ("adaptive", [edit("x = ("), edit("x = [")], True, 5, "largest group"),
        ("adaptive", [edit("x = ("), edit("x = ("), GOOD], True, 5, "evidence"),
        ("always", [GOOD], True, 5, "agreement"),
        ("gated", [READ], True, 1, None),
        ("gated", [READ], False, 2, "agreement"),
        ("gated", [GOOD], True, 2, "agreement"),
        ("gated", [acts("finish", {"summary": "done"})], True, 2, "agreement"),
        ("gated", [acts("read", {"path": "gone"}), READ], True, 2, "evidence"),
        ("gated", [GOOD, edit("x = 3")], True, 2, "judge"),
        ("gated", [GOOD, edit("x = (")], True, 2, "evidence"),
        ("gated", [edit("x = ("), edit("x = ["), GOOD], True, 5, "evidence"),
        ("auto", [READ], True, 1, None),
        ("auto", [GOOD, edit("x = 3")], True, 2, "judge"),
    ],
)
async def test_each_strategy_draws_as_many_as_it_needs(
    root: Path, strategy: str, turns: list[ScriptedTurn], healthy: bool, draws: int, by: str | None
) -> None:
    async with stand(
        root,
        sequence(*turns),
        step_context=StepContext(healthy=healthy),
        endpoint_stats=EndpointStats(honours_choices=False),
        strategy=strategy,
        grace_seconds=3.0,
    ) as here:
        await here.ask()
        assert len(here.draws) == draws
        assert [event.by for event in here.of(CandidatesJudged)] == ([by] if by else [])


@pytest.mark.parametrize(
    ("n", "first", "asked", "drawn_from"),
    [
        ("ignore", READ, [3, 1], "gated"),
        ("ignore", GOOD, [3, 1, 1, 1], "gated"),
        ("refuse", READ, [3, 1, 1], "gated"),
        ("honour", READ, [3, 3], "adaptive"),
        ("honour", GOOD, [3, 3], "adaptive"),
    ],
)
async def test_the_strategy_follows_from_the_first_answer(
    root: Path, n: Any, first: ScriptedTurn, asked: list[int], drawn_from: str
) -> None:
    same = FaultyTurn.model_validate({**first.model_dump(), "alternatives": [first, first]})
    async with stand(
        root, sequence(same), behaviour=EndpointBehaviour(n=n), strategy="auto"
    ) as here:
        assert here.endpoint_stats.strategy("auto") is None
        await here.ask()
        await here.ask()
        assert [body.get("n", 1) for body in here.draws] == asked
        assert here.endpoint_stats.strategy("auto") == drawn_from


async def test_a_second_opinion_that_is_late_is_given_up(root: Path) -> None:
    never = GOOD.model_copy(update={"first_token_seconds": 600.0})
    stats = EndpointStats(honours_choices=False, latencies=deque([0.1]))
    async with stand(
        root, sequence(GOOD, never), endpoint_stats=stats, strategy="gated", silence_seconds=900.0
    ) as here:
        await here.ask()
        assert takes(here) == "x = 2"
        assert here.judged.drawn == 1
        assert here.judged.failures


async def test_where_the_prompt_is_paid_once_a_gated_step_is_drawn_in_full(root: Path) -> None:
    others = [edit(f"x = {n}0") for n in range(1, 6)]
    turns = iter([GOOD, *others])

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body)
        first, *more = (next(turns) for _ in range(body.get("n", 1)))
        return FaultyTurn.model_validate({**first.model_dump(), "alternatives": more})

    async with stand(root, turn, behaviour=EndpointBehaviour(n="honour"), strategy="gated") as here:
        await here.ask()
        assert [body.get("n", 1) for body in here.draws] == [1, 2, 2]
        assert (here.judged.by, here.judged.drawn) == ("judge", 5)


async def test_after_a_step_without_agreement_all_are_drawn_at_once(root: Path) -> None:
    others = [edit(f"x = {n}0") for n in range(1, 6)]
    differ = FaultyTurn.model_validate({**GOOD.model_dump(), "alternatives": others})
    async with stand(root, sequence(differ, GOOD), behaviour=EndpointBehaviour(n="honour")) as here:
        await here.ask()
        for _ in range(2):
            await here.ask()
        asked = [body.get("n", 1) for body in here.draws]
        assert asked == [3, 2, 5, 3]


async def test_the_winner_is_what_is_heard_and_what_counts_for_the_prompt(root: Path) -> None:
    heard: list[Delta] = []
    turns = [edit(f"x = {n}0", text=f"I set {n}.") for n in range(1, 6)]
    async with stand(
        root,
        sequence(*turns),
        endpoint_stats=EndpointStats(honours_choices=False),
        strategy="always",
    ) as here:
        request = Request(TASK, here.bench.toolbox.specs)
        response = await here.max_mode.respond(request, heard.append)
        text = "".join(delta.text for delta in heard if isinstance(delta, TextDelta))
        written = "".join(d.arguments for d in heard if isinstance(d, ToolCallDelta))
        assert text == response.message.text
        assert written == response.message.tool_calls[0].arguments
        sizes = [len(each.raw) // 4 for each in here.server.requests]
        assert response.usage.prompt_tokens == sizes[0]
        assert response.billed.prompt_tokens == sum(sizes)
        assert response.billed == here.judged.billed
        assert response.usage.completion_tokens * 5 < response.billed.completion_tokens


async def test_choices_of_one_request_pay_their_prompt_once(root: Path) -> None:
    turns = [edit(f"x = {n}0") for n in range(1, 6)]
    first = FaultyTurn.model_validate({**turns[0].model_dump(), "alternatives": turns[1:]})
    async with stand(
        root, sequence(first), behaviour=EndpointBehaviour(n="honour"), strategy="always"
    ) as here:
        response = await here.ask()
        sizes = [len(each.raw) // 4 for each in here.server.requests]
        assert len(sizes) == 2
        assert response.billed.prompt_tokens == sum(sizes)
        assert response.usage.prompt_tokens == sizes[0]


@pytest.mark.parametrize(
    ("tokens", "draws", "verdicts", "warned"),
    [(400, 1, 0, True), (4_500, 3, 0, False), (1_000_000, 5, 1, False)],
)
async def test_a_budget_that_runs_out_in_a_draw_ends_the_draw_and_not_the_step(
    root: Path, tokens: int, draws: int, verdicts: int, warned: bool
) -> None:
    turns = [edit(f"x = {n}0") for n in range(1, 6)]

    def has_room(spent: Usage) -> bool:
        return spent.total_tokens < tokens

    async with stand(
        root,
        sequence(*turns),
        has_room=has_room,
        endpoint_stats=EndpointStats(honours_choices=False),
        grace_seconds=3.0,
    ) as here:
        response = await here.ask()
        assert response.message.tool_calls
        assert len(here.draws) == draws
        assert len(here.server.requests) - draws == verdicts
        assert bool(here.of(Warned)) is warned


async def test_one_sample_or_a_wanted_answer_is_a_plain_request(root: Path) -> None:
    async with stand(root, sequence(GOOD), samples=1) as here:
        await here.ask()
        assert len(here.server.requests) == 1
    async with stand(root, [ScriptedTurn(text="{}")]) as here:
        await here.max_mode.respond(Request(TASK, answer=AnswerSchema("a", {"type": "object"})))
        assert len(here.server.requests) == 1


async def test_steps_at_the_same_time_do_not_mix(root: Path) -> None:
    async with (
        stand(root, sequence(GOOD), strategy="always") as one,
        stand(root, sequence(edit("x = 7")), strategy="always") as other,
    ):
        await asyncio.gather(*(each.ask() for each in (one, other) * 3))
        assert {takes(one)} == {"x = 2"}
        assert {takes(other)} == {"x = 7"}
