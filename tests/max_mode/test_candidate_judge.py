"""The judge: what it is told, what is made of its answer, and what happens without one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.messages import Message
from lsp_server.domain.tools import ToolCall
from lsp_server.max_mode.candidate_judge import StepContext
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faults import FaultyBehaviour, FaultyTurn
from tests.harness.stand import Stand, acts, is_verdict, proposals, says_verdict, stand, verdict

VALUES = (3, 1, 4, 2, 5)
FEW = (3, 1, 2, 5)
"""What each candidate would write; the judge gives as many points."""


def write(value: object, **more: Any) -> ScriptedTurn:
    return acts("edit", {"path": "a.py", "old_text": "x = 1", "new_text": f"x = {value}0"}, **more)


def points(text: str) -> int:
    """The value that a proposal would write."""
    return int(text.split("+x = ")[1][:1])


class Scene:
    """Candidates in a given order, then a judge."""

    def __init__(
        self, values: tuple[object, ...] = VALUES, judge: list[ScriptedTurn] | None = None
    ) -> None:
        self._values = list(values)
        self._judge = judge

    def __call__(self, body: Mapping[str, Any]) -> ScriptedTurn:
        if not is_verdict(body):
            return write(self._values.pop(0))
        if self._judge is not None:
            return self._judge.pop(0)
        return says_verdict(body, points)


@pytest.fixture
def root(project: Path) -> Path:
    (project / "a.py").write_text("x = 1\n")
    return project


def written(stand_: Stand) -> str:
    return str(json.loads(stand_.winner.calls[0].arguments)["new_text"])


async def test_no_permutation_of_the_candidates_changes_the_pick(root: Path) -> None:
    shown = set()
    for order in permutations(FEW):
        async with stand(root, Scene(order), strategy="always", samples=4) as here:
            response = await here.ask()
            assert written(here) == "x = 50", order
            assert response.message.tool_calls[0].arguments == here.winner.calls[0].arguments
            shown.add(here.server.requests[-1].body["messages"][-1]["content"])
    assert len(shown) == 1, "the judge cannot know in which order the candidates came"


async def test_labels_are_not_in_the_order_of_drawing(root: Path) -> None:
    orders = set()
    for _ in range(4):  # Once in 120 times chance gives that order, too.
        async with stand(root, Scene(), strategy="always") as here:
            await here.ask()
            labelled = proposals(here.server.requests[-1].body)
            assert sorted(labelled) == list("ABCDE")
            orders.add(tuple(points(labelled[label]) for label in "ABCDE"))
    assert orders != {tuple(VALUES)}


async def test_the_judge_knows_task_plan_results_and_evidence(root: Path) -> None:
    call = ToolCall("c1", "read", '{"path": "a.py"}')
    history = (
        Message("assistant", "Let me look.", tool_calls=(call,)),
        Message("tool", "1\tx = 1", tool_call_id="c1"),
    )
    for context in ("shared", "compact"):
        async with stand(
            root,
            Scene(),
            strategy="always",
            step_context=StepContext("[pending] set x"),
            judge_context=context,
        ) as here:
            await here.ask(*history)
            body = here.server.requests[-1].body
            whole = json.dumps(body["messages"])
            for known in ("Set x to 2 in a.py.", "x = 1", "applies to the text", "a.py parses"):
                assert known in whole, context
            assert body["temperature"] == 0.0
            assert body["response_format"]["json_schema"]["name"] == "holdfast_verdict"
            assert ("[pending] set x" in whole) is (context == "compact")


async def test_a_shared_context_continues_the_workers_prompt(root: Path) -> None:
    async with stand(root, Scene(), strategy="always", judge_context="shared") as here:
        await here.ask()
        *_, draw, judged = here.server.requests
        assert judged.common_bytes > len(draw.raw) * 0.9
        assert judged.body["tools"] == draw.body["tools"]


async def test_the_cheaper_context_is_taken(root: Path) -> None:
    for size, shared in ((0, True), (200_000, False)):
        call = ToolCall("c1", "read", '{"path": "a.py"}')
        step = (
            Message("assistant", "Look.", tool_calls=(call,)),
            Message("tool", "x" * 900, tool_call_id="c1"),
        )
        async with stand(root, Scene(), strategy="always") as here:
            await here.ask(Message("assistant", "y" * size), *step * 4)
            assert ("tools" in here.server.requests[-1].body) is shared


def broken(**changes: Any) -> Any:
    def answer(body: Mapping[str, Any]) -> ScriptedTurn:
        return ScriptedTurn(text=json.dumps(verdict(body, points, **changes)))

    return answer


def without_scores(body: Mapping[str, Any]) -> ScriptedTurn:
    value = verdict(body, points)
    value["scores"].pop("A")
    return ScriptedTurn(text=json.dumps(value))


def out_of_range(body: Mapping[str, Any]) -> ScriptedTurn:
    return ScriptedTurn(text=json.dumps(verdict(body, lambda text: points(text) * 100)))


def of_the_worst(body: Mapping[str, Any]) -> ScriptedTurn:
    labels = proposals(body)
    worst = min(labels, key=lambda label: points(labels[label]))
    return ScriptedTurn(text=json.dumps(verdict(body, points, winner=worst)))


def always(turn: ScriptedTurn) -> Any:
    return lambda _: turn


FAILURES: dict[str, Any] = {
    "prose": always(ScriptedTurn(text="I like the second one, 2.")),
    "empty": always(ScriptedTurn(text="")),
    "an unknown label": broken(winner="Z"),
    "a proposal without scores": without_scores,
    "points out of range": out_of_range,
    "a winner that lost": of_the_worst,
    "no reason": broken(reason=None),
    "a tool call": always(acts("shell", {"command": "touch ran"})),
    "cut off": always(ScriptedTurn(text='{"reason": "it', stop_reason="length")),
    "repeating": always(FaultyTurn.model_validate({"fault": {"kind": "repetition"}})),
    "500": always(
        FaultyTurn.model_validate({"fault": {"kind": "status", "status": 500, "times": 9}})
    ),
    "400": always(
        FaultyTurn.model_validate({"fault": {"kind": "status", "status": 400, "times": 9}})
    ),
    "dropped": always(FaultyTurn.model_validate({"text": "{" * 99, "fault": {"kind": "drop"}})),
    "silent": always(FaultyTurn.model_validate({"fault": {"kind": "silence"}})),
}


@pytest.mark.parametrize("way", FAILURES)
async def test_a_judge_that_fails_in_any_way_leaves_a_good_step(root: Path, way: str) -> None:
    candidates = Scene((3, 4, 3, 2, 5))

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        answer: ScriptedTurn = FAILURES[way](body) if is_verdict(body) else candidates(body)
        return answer

    async with stand(root, turn, strategy="always", silence_seconds=0.3) as here:
        await here.ask()
        assert here.rungs == ["asked again", "largest group"]
        assert here.judged.by == "largest group"
        assert written(here) == "x = 30"
        assert (root / "a.py").read_text() == "x = 1\n"
        assert not (root / "ran").exists()


async def test_an_invalid_verdict_is_asked_for_again_with_what_was_wrong(root: Path) -> None:
    asked: list[str] = []
    candidates = Scene()

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if not is_verdict(body):
            return candidates(body)
        asked.append(body["messages"][-1]["content"])
        return says_verdict(body, points) if len(asked) == 2 else ScriptedTurn(text="B")

    async with stand(root, turn, strategy="always") as here:
        response = await here.ask()
        assert here.rungs == ["asked again"]
        assert (here.judged.by, written(here)) == ("judge", "x = 50")
        assert "An earlier answer was of no use" in asked[1]
        assert here.judged.reason == "it is best"
        total = sum(each.body is not None for each in here.server.requests)
        assert total == 7
        assert response.billed == here.judged.billed


async def test_an_endpoint_without_schemas_is_told_in_words(root: Path) -> None:
    behaviour = FaultyBehaviour(n="ignore", refuses=("response_format",))
    async with stand(root, Scene(), behaviour=behaviour, strategy="always") as here:
        await here.ask()
        assert (here.judged.by, written(here)) == ("judge", "x = 50")


async def test_the_ladder_ends_with_evidence_and_with_the_first(root: Path) -> None:
    (root / "b.py").write_text("x = 1 +\n")

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return ScriptedTurn(text="no idea")
        return write(drawn.pop(0))

    drawn: list[object] = [3, 1, 4]
    async with stand(root, turn, strategy="always", samples=3) as here:
        await here.ask()
        assert here.rungs == ["asked again", "largest group", "best evidence", "first"]
        assert here.judged.by == "first"


async def test_failed_verdicts_are_paid_for(root: Path) -> None:
    scene = Scene((1, 2), judge=[ScriptedTurn(text="no"), ScriptedTurn(text="no")])
    async with stand(root, scene, strategy="always", samples=2) as here:
        response = await here.ask()
        sizes = [len(each.raw) // 4 for each in here.server.requests]
        assert response.billed.prompt_tokens == sum(sizes)
        assert response.usage.prompt_tokens == sizes[0]
