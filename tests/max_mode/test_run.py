"""Whole runs in Max Mode, through the session and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from typer.testing import CliRunner

from lsp_server.cli.app import app
from lsp_server.domain.events import (
    CandidatesJudged,
    Event,
    JudgeFellBack,
    ModelAnswered,
    Streamed,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.messages import Prices
from lsp_server.domain.tasks import Budget, Finished, Sampling, Stopped, Task
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.models.scripted.scenario import Scenario, ScriptedTurn
from lsp_server.models.scripted.server import ScriptedServer
from lsp_server.settings.layers import load
from tests.fakes.faults import FaultyTurn
from tests.harness.audit import audited
from tests.harness.command_line import YES, holdfast
from tests.harness.expectation import until
from tests.harness.stand import acts, is_verdict, says_verdict
from tests.harness.workshop import calls, finish, workshop

TASK = Task("make it", sampling=Sampling(max_mode=True, samples=4), budget=Budget(20))


def script(*steps: Callable[[int], ScriptedTurn]) -> Callable[[Mapping[str, Any]], ScriptedTurn]:
    """For each step a function from the candidate's number to its turn; then it finishes."""
    asked: dict[int, int] = {}

    def turn(body: Mapping[str, Any]) -> ScriptedTurn:
        if is_verdict(body):
            return says_verdict(body)
        step = sum(message["role"] == "assistant" for message in body["messages"])
        if step >= len(steps):
            return finish()
        first, n = asked.get(step, 0), body.get("n", 1)
        asked[step] = first + n
        turns = [steps[step](number).model_dump() for number in range(first, first + n)]
        alternatives = [
            {key: turn[key] for key in ("text", "reasoning", "tool_calls", "stop_reason")}
            for turn in turns[1:]
        ]
        return FaultyTurn.model_validate({**turns[0], "alternatives": alternatives})

    return turn


def touch(number: int) -> ScriptedTurn:
    return calls(("shell", {"command": f"touch ran-{number}; sleep 0.01"}))


WAYS: tuple[Callable[[], ScriptedTurn], ...] = (
    lambda: calls(("shell", {"command": "touch by-shell; sleep 0.01"})),
    lambda: calls(("write", {"path": "sub/by-write", "text": "x"})),
    lambda: calls(("edit", {"path": "a.txt", "old_text": "old", "new_text": "new"})),
    lambda: calls(("shell", {"command": "cat a.txt"}), ("list", {})),
)
"""A candidate for each kind of call that could do something before its time."""


@pytest.mark.parametrize("strategy", ["adaptive", "always", "gated"])
@pytest.mark.parametrize("mode", ["propose", "run"])
async def test_nothing_at_all_is_executed_before_the_verdict(
    project: Path, strategy: str, mode: str
) -> None:
    """Asked of the file system, of the process table, and of the interpreter."""
    (project / "a.txt").write_text("old")
    at_verdict: list[object] = []
    before = psutil.Process().children(recursive=True)

    def look(event: Event) -> None:
        if isinstance(event, CandidatesJudged) and not at_verdict:
            at_verdict.extend(
                [
                    {path.name: path.read_text() for path in project.iterdir()},
                    started_since(before),
                    [called.call.name for called in shop.events(ToolCalled)],
                    list(acts),
                ]
            )

    sampling = Sampling(mode == "run", len(WAYS), propose=mode == "propose")
    several = script(lambda number: WAYS[number % len(WAYS)]())
    async with workshop(project, several, max_mode={"strategy": strategy}) as shop:
        shop.on_event = look
        with audited(project) as acts:
            assert isinstance(await shop.run(replace(TASK, sampling=sampling)), Finished)
        judged = shop.events(CandidatesJudged)[0]
        assert len(judged.groups) >= 3
        assert at_verdict == [{"a.txt": "old"}, [], [], []]
        assert bool(acts) is (mode == "run"), "and after it, the winner's alone"


async def test_only_the_winner_runs(project: Path) -> None:
    async with workshop(project, script(touch)) as shop:
        assert await shop.run(TASK) == Finished("done")
        judged = shop.events(CandidatesJudged)[0]
        assert (judged.by, judged.drawn, len(judged.groups)) == ("judge", 4, 4)
        ran = [path.name for path in project.iterdir()]
        assert len(ran) == 1
        assert ran[0] in judged.groups[judged.winner].calls[0].arguments


async def test_costs_are_all_that_was_paid_and_usage_is_the_winners(project: Path) -> None:
    async with workshop(project, script(touch), model={"price_input": 1.0}) as shop:
        await shop.run(TASK)
        answers = shop.events(ModelAnswered)
        sizes = [len(request.raw) // 4 for request in shop.server.requests]
        assert sum(answer.billed.prompt_tokens for answer in answers) == sum(sizes)
        assert shop.ended.usage.total_tokens < shop.ended.billed.total_tokens * 0.75
        judged = shop.events(CandidatesJudged)
        assert [each.billed for each in judged] == [answer.billed for answer in answers]
        text = shop.session.transcript(shop.session.runs.list()[0].run_id).read_text()
        assert "over 3 others: 1 of 4 candidates, by judge" in text


async def test_a_run_goes_on_when_the_judge_is_not_there(project: Path) -> None:
    judge = {"base_url": "http://127.0.0.1:9/v1", "name": "nobody"}
    async with workshop(project, script(touch), judge=judge) as shop:
        assert await shop.run(TASK) == Finished("done")
        rungs = [event.rung for event in shop.events(JudgeFellBack)]
        assert rungs == ["asked again", "largest group", "best evidence", "first"]


async def test_a_judge_that_cannot_be_found_is_the_workers_model(project: Path) -> None:
    async with workshop(
        project, script(touch), judge={"base_url": "http://127.0.0.1:9/v1", "name": None}
    ) as shop:
        assert await shop.run(TASK) == Finished("done")
        assert shop.events(CandidatesJudged)[0].drawn == 4
        assert all("judge" in event.message for event in shop.events(Warned))


async def test_a_judge_of_its_own_is_asked(project: Path) -> None:
    asked: list[Mapping[str, Any]] = []

    def judging(body: Mapping[str, Any]) -> ScriptedTurn:
        asked.append(body)
        return says_verdict(body)

    async with ScriptedServer(judging) as other:
        judge = {"base_url": other.base_url, "name": "wise"}
        async with workshop(project, script(touch), judge=judge) as shop:
            await shop.run(TASK)
            assert shop.events(CandidatesJudged)[0].by == "judge"
    assert [body["model"] for body in asked] == ["wise"]


async def test_max_mode_is_off_unless_it_is_wanted(project: Path) -> None:
    async with workshop(project, script(touch)) as shop:
        await shop.run("make it")
        assert len(shop.server.requests) == 2
    async with workshop(project, script(touch), max_mode={"enabled": True}) as shop:
        await shop.run("make it")
        assert [request.body.get("n") for request in shop.server.requests][:2] == [3, 2]


async def test_a_judge_has_its_own_prices(project: Path) -> None:
    prices = {"price_input": 2.0, "price_cached": 1.0, "price_output": 3.0}
    dear = {"price_input": 100.0, "price_cached": 100.0, "price_output": 100.0}
    async with ScriptedServer(says_verdict) as other:
        judge = {"base_url": other.base_url, "name": "wise", **dear}
        async with workshop(project, script(touch), model=prices, judge=judge) as shop:
            await shop.run(TASK)
            answer, judged = shop.events(ModelAnswered)[0], shop.events(CandidatesJudged)[0]
    (verdict,) = other.requests
    shown = len(verdict.raw) // 4
    assert answer.cost_usd == judged.cost_usd
    assert answer.cost_usd > shown * 100 / 1e6, "the verdict's share at the judge's prices"
    at_workers = Prices(2.0, 1.0, 3.0).cost_usd(answer.billed)
    assert answer.cost_usd > 5 * at_workers


async def test_a_judge_that_is_not_there_costs_what_the_worker_costs(project: Path) -> None:
    judge = {"base_url": "http://127.0.0.1:9/v1", "name": None, "price_input": 1000.0}
    async with workshop(project, script(touch), model={"price_input": 1.0}, judge=judge) as shop:
        await shop.run(TASK)
        answer = shop.events(ModelAnswered)[0]
        assert answer.cost_usd == pytest.approx(Prices(1.0).cost_usd(answer.billed))


async def test_another_endpoint_is_asked_anew_whether_it_gives_several(project: Path) -> None:
    """What is known is known of one endpoint and model, and found again with it."""
    plain = Scenario(turns=(finish(),) * 20, n="ignore")
    async with ScriptedServer(plain) as other, workshop(project, script()) as shop:
        session = shop.session
        both = cast("Mapping[str, EndpointStats]", session.endpoint_stats)
        first = session.settings
        elsewhere = first.model.model_copy(update={"base_url": other.base_url})
        asked: list[tuple[list[int], list[int]]] = []
        for model in (first.model, elsewhere, first.model, elsewhere):
            session.reconfigure(first.model_copy(update={"model": model}))
            before = len(shop.server.requests), len(other.requests)
            await shop.run(TASK)
            here, there = shop.server.requests[before[0] :], other.requests[before[1] :]
            asked.append(tuple([r.body.get("n", 1) for r in each] for each in (here, there)))  # type: ignore[arg-type]
        assert [endpoint_stats.honours_choices for endpoint_stats in both.values()] == [True, False]
        assert asked[0][0] == asked[2][0] == [3]
        assert asked[1][1][0] == 3, "another endpoint is tried"
        assert asked[3][1] == [1, 1], "and remembered"


async def test_two_runs_in_max_mode_at_once(project: Path) -> None:
    async with workshop(project, script(*[touch] * 3)) as shop:
        starts = [shop.session.runs.start(TASK) for _ in range(2)]
        ends = await asyncio.gather(*(each.wait() for each in starts))
        assert ends == [Finished("done")] * 2


async def test_a_budget_ends_the_run_and_no_step_is_left_half_done(project: Path) -> None:
    task = Task("go", sampling=Sampling(max_mode=True), budget=Budget(50, tokens_max=12_000))
    async with workshop(project, script(*[touch] * 50)) as shop:
        outcome = await shop.run(task)
        assert isinstance(outcome, Stopped)
        assert "run.tokens_max" in outcome.reason
        assert shop.ended.billed.total_tokens < 12_000 * 1.2


async def test_stopping_in_a_draw_closes_all_requests_and_runs_nothing(project: Path) -> None:
    def slow(number: int) -> ScriptedTurn:
        fault = {"kind": "silence", "after_pieces": 2}
        turn = acts("shell", {"command": "touch ran"}, text="Let me see what there is.")
        return FaultyTurn.model_validate({**turn.model_dump(), "fault": fault})

    async with workshop(project, script(slow), max_mode={"strategy": "always"}) as shop:
        shop.session.runs.start(TASK)
        await until(lambda: shop.server.requests, "a request")
        (stopped,) = shop.session.runs.stop()
        await until(lambda: not shop.session.runs.active(), "the run is over", 2.0)
        await shop.server.wait_until(lambda: "open" not in {r.ending for r in shop.server.requests})
        assert stopped.summary().title == "make it"
        assert list(project.iterdir()) == []


async def test_stopping_at_the_verdict_runs_nothing(project: Path) -> None:
    """While the winner is replayed: the choice is made, and nothing of it has begun."""

    def stop(event: Event) -> None:
        if isinstance(event, kind):
            shop.session.runs.stop()

    before = psutil.Process().children(recursive=True)
    for kind in (CandidatesJudged, Streamed, ModelAnswered, ToolCalled):
        async with workshop(project, script(touch)) as shop:
            shop.on_event = stop
            outcome = await shop.run(TASK)
            assert isinstance(outcome, Stopped), kind
            assert list(project.iterdir()) == [], kind
            assert started_since(before) == [], kind
            assert "open" not in {request.ending for request in shop.server.requests}, kind
            results = [event.result.is_error for event in shop.events(ToolReturned)]
            assert all(results), kind


async def test_a_rejected_proposal_can_be_told_from_what_was_done(project: Path) -> None:
    """What memory needs: the calls of each group, and why it was not chosen."""

    def write(number: int) -> ScriptedTurn:
        text = "x = (" if number == 0 else f"x = {number}"
        return calls(("write", {"path": "a.py", "text": text}))

    async with workshop(project, script(write)) as shop:
        await shop.run(TASK)
        judged = shop.events(CandidatesJudged)[0]
        rejected = [g for place, g in enumerate(judged.groups) if place != judged.winner]
        assert {group.problem for group in rejected} >= {"a.py would not parse"}
        assert all(json.loads(group.calls[0].arguments)["path"] == "a.py" for group in rejected)
        assert all(group.scores or group.problem for group in judged.groups)


@pytest.mark.parametrize("samples", ["0", "17", "five"])
def test_a_setting_that_is_no_number_of_samples_is_named_and_ignored(
    project: Path, samples: str
) -> None:
    variable = {"HOLDFAST_MAX_MODE__SAMPLES": samples}
    loaded = load(project, environment=variable, user_file=project / "none.toml")
    (problem,) = loaded.problems
    assert problem.key == "max_mode.samples"
    assert loaded.settings.max_mode.samples == 5


@pytest.mark.parametrize("samples", ["0", "17", "five", "-1", ""])
def test_the_command_line_names_a_number_of_samples_that_is_none(samples: str) -> None:
    ended = CliRunner().invoke(app, ["run", "--max", "--samples", samples, "go"])
    assert ended.exit_code == 2
    assert "--samples" in ended.output


async def test_the_command_line_draws_as_many_samples_as_it_is_told(project: Path) -> None:
    scenario = Scenario(turns=(touch(0), finish()), n="honour")
    async with ScriptedServer(scenario) as server:
        ended = await holdfast(
            *("run", *YES, "--json", "--max", "--samples", "2", "go"),
            folder=project,
            HOLDFAST_MODEL__BASE_URL=server.base_url,
            HOLDFAST_MODEL__NAME="scripted",
        )
    assert ended.status == 5, ended.errors
    assert server.requests[0].body["n"] == 2
    assert "candidates_judged" in {event["kind"] for event in ended.events}


def started_since(before: list[psutil.Process]) -> list[psutil.Process]:
    """The programs of this process that are new; other tests of it may have left some."""
    return [one for one in psutil.Process().children(recursive=True) if one not in before]
