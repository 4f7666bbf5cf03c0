"""The loop through its public door: a session, real tools, a scripted model over HTTP."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from lsp_server.domain.events import (
    CycleStarted,
    Event,
    FileChanged,
    ModelAnswered,
    RunResumed,
    StepFinished,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.domain.permission_events import PermissionAsked
from lsp_server.domain.tasks import (
    Achieved,
    Blocked,
    Budget,
    Failed,
    Finished,
    Stopped,
    Task,
    Unmet,
)
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faults import FaultyScenario
from tests.harness.expectation import until
from tests.harness.workshop import calls, finish, says, workshop


def goal(command: str) -> Goal:
    return Goal("g", "it works", (Condition("c1", "it works", (CommandCheck(command),)),))


async def test_a_run_reads_edits_runs_and_finishes(project: Path) -> None:
    (project / "a.py").write_text("x = 1\n")
    turns = [
        calls(("read", {"path": "a.py"}), text="Let me look."),
        calls(("edit", {"path": "a.py", "old_text": "x = 1", "new_text": "x = 2"})),
        calls(("shell", {"command": "cat a.py"})),
        finish("x is 2"),
    ]
    async with workshop(project, turns) as shop:
        assert await shop.run() == Finished("x is 2")
        assert (project / "a.py").read_text() == "x = 2\n"
        results = [event.result.text for event in shop.events(ToolReturned)]
        assert "x = 1" in results[0]
        assert "x = 2" in results[2]
        assert [event.path for event in shop.events(FileChanged)] == ["a.py"]
        assert shop.ended.steps == 4
        assert shop.ended.usage.prompt_tokens > 0


async def test_an_answer_without_a_call_is_a_stop_attempt(project: Path) -> None:
    async with workshop(project, [says("All is well.")]) as shop:
        assert await shop.run() == Finished("All is well.")


async def test_requests_of_a_cycle_share_all_of_the_earlier_prompt(project: Path) -> None:
    turns = [calls(("shell", {"command": f"echo {n}"})) for n in range(5)]
    async with workshop(project, [*turns, finish()]) as shop:
        await shop.run()
        prompts = shop.prompts()
        for before, after in pairwise(prompts):
            assert after[: len(before)] == before


async def test_calls_that_only_read_run_together_and_the_others_in_order(project: Path) -> None:
    (project / "f").write_text("x")
    turns = [
        calls(
            ("read", {"path": "f"}),
            ("list", {}),
            ("shell", {"command": "echo one >> log; sleep 0.05; echo two >> log"}),
            ("shell", {"command": "echo three >> log"}),
        ),
        finish(),
    ]
    async with workshop(project, turns) as shop:
        await shop.run()
        assert (project / "log").read_text().split() == ["one", "two", "three"]
        kinds = [
            type(r.event).__name__
            for r in shop.recorded
            if isinstance(r.event, ToolCalled | ToolReturned)
        ]
        assert kinds[:4] == ["ToolCalled", "ToolCalled", "ToolReturned", "ToolReturned"]
        assert kinds[4:8] == ["ToolCalled", "ToolReturned"] * 2


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (calls(("shell", '{"command": "touch ran')), "not valid JSON"),
        (calls(("shell", '["touch ran"]')), "must be a JSON object"),
        (calls(("shell", {"cmd": "touch ran"})), "cmd"),
        (calls(("bash", {"command": "touch ran"})), "there is no tool 'bash'"),
        (calls(("shell", {"command": "touch ran"}), stop_reason="length"), "cut off"),
        (calls(("shell", '{"command": "touch ran'), stop_reason="length"), "cut off"),
    ],
)
async def test_nothing_runs_from_a_call_that_is_not_whole(
    project: Path, turn: ScriptedTurn, told: str
) -> None:
    async with workshop(project, [turn, finish()]) as shop:
        assert await shop.run() == Finished("done")
        assert told in shop.events(ToolReturned)[0].result.text
        assert not (project / "ran").exists()
        replayed = shop.prompts()[-1][2]["tool_calls"][0]["function"]["arguments"]
        assert replayed.startswith("{"), "an endpoint parses what it gets back"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([says("")] * 3, "3 empty answers"),
        ([says("x", stop_reason="length")] * 4, "cut off by its length limit"),
        ([calls(("read", "nonsense"))] * 3, "malformed"),
        ([calls(("shell", {"command": "echo same"}))] * 7, "the same call gave the same result"),
    ],
)
async def test_a_model_that_leads_nowhere_is_stopped(
    project: Path, turns: list[ScriptedTurn], reason: str
) -> None:
    async with workshop(project, [*turns, finish("not reached")]) as shop:
        outcome = await shop.run()
        assert isinstance(outcome, Stopped)
        assert reason in outcome.reason


async def test_polling_what_changes_is_not_standing_still(project: Path) -> None:
    poll = calls(("shell", {"command": "echo x >> log; wc -l < log"}))
    async with workshop(project, [poll] * 12 + [finish()]) as shop:
        assert await shop.run() == Finished("done")
        assert len((project / "log").read_text().split()) == 12


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(steps_max=3), "run.steps_max = 3"),
        (Budget(tokens_max=1), "run.tokens_max = 1"),
        (Budget(cost_usd_max=0.0001), "run.cost_usd_max"),
        (Budget(wall_seconds_max=0.3), "run.wall_seconds_max"),
    ],
)
async def test_no_run_goes_past_its_budget(project: Path, budget: Budget, limit: str) -> None:
    turns = [calls(("shell", {"command": f"echo {n}; sleep 0.06"})) for n in range(50)]
    async with workshop(project, turns, model={"price_input": 1.0}) as shop:
        outcome = await shop.run(Task("count", budget=budget))
        assert isinstance(outcome, Stopped)
        assert limit in outcome.reason
        assert len(shop.server.requests) < 20


async def test_a_full_window_becomes_a_new_cycle_and_the_run_goes_on(project: Path) -> None:
    (project / "big.txt").write_text("".join(f"line {n} of a long file\n" for n in range(400)))
    turns = [
        calls(("read", {"path": "big.txt", "start_line": n * 10 + 1, "end_line": n * 10 + 60}))
        for n in range(30)
    ]
    async with workshop(project, [*turns, finish()], context={"budget_tokens": 8000}) as shop:
        outcome = await shop.run("Keep port 8123 free.")
        assert outcome == Finished("done")
        assert len(shop.events(CycleStarted)) > 2
        for request in shop.server.requests:
            assert len(request.raw) / 4 <= 8000, "the prompt never passes the budget"
        assert "port 8123" in shop.prompts()[-1][1]["content"]


async def test_a_prompt_that_the_endpoint_finds_too_long_is_rebuilt(project: Path) -> None:
    turns = [calls(("shell", {"command": f"seq {n} {n + 700}"})) for n in range(12)]
    scenario = {"turns": [*turns, finish()], "prompt_tokens_max": 7000}
    async with workshop(project, FaultyScenario.model_validate(scenario)) as shop:
        assert await shop.run() == Finished("done")
        reasons = [event.reason for event in shop.events(CycleStarted)]
        assert any("refused the prompt" in reason for reason in reasons)


async def test_a_long_result_is_cut_and_recalled(project: Path) -> None:
    turns = [
        calls(("shell", {"command": "seq 1 4000"})),
        ScriptedTurn(text="", tool_calls=()),
    ]

    def script(body: dict[str, object]) -> ScriptedTurn:
        messages = body["messages"]
        assert isinstance(messages, list)
        last = messages[-1]
        if last["role"] == "user":
            return turns[0]
        if "characters cut" in last["content"] and "recall" in last["content"]:
            call_id = last["tool_call_id"]
            return calls(("recall", {"id": call_id, "cursor": 9000}))
        return finish(last["content"][:40])

    async with workshop(project, script) as shop:
        outcome = await shop.run()
        assert isinstance(outcome, Finished)
        whole = shop.events(ToolReturned)[0].result.text
        assert "\n4000" in whole, "the journal has all of it"
        assert outcome.summary == whole[9000:9040]


async def test_done_is_not_believed_while_the_check_fails(project: Path) -> None:
    turns = [
        finish("all done"),
        calls(("shell", {"command": "touch done"})),
        finish("now it is"),
    ]
    async with workshop(project, turns) as shop:
        outcome = await shop.run(Task("make it so", goal("test -e done")))
        assert isinstance(outcome, Achieved)
        assert outcome.report is not None
        assert outcome.report.met
        assert outcome.report.conditions[0].evidence[0].exit_status == 0
        told = [event.text for event in shop.events(Told)]
        assert len(told) == 1
        assert "exit status 1" in told[0]


async def test_two_stops_with_the_same_gap_and_tree_ask_the_person(project: Path) -> None:
    async with workshop(project, [finish()] * 9) as shop:
        outcome = await shop.run(Task("x", goal("false")))
        assert isinstance(outcome, Blocked)
        assert "nothing changed since the last check" in outcome.question
        assert shop.ended.steps == 2


async def test_an_answer_of_the_person_gives_a_stuck_run_new_laps(project: Path) -> None:
    turns = [finish()] * 2 + [finish(), calls(("shell", {"command": "touch done"})), finish()]
    async with workshop(project, turns, goal={"re_entries_max": 1}) as shop:
        assert isinstance(await shop.run(Task("x", goal("test -e done"))), Blocked)
        run_id = shop.session.runs.list()[0].run_id
        shop.session.runs.send(run_id, "make the file", "steer")
        assert isinstance(await shop.session.runs.active_run(run_id).wait(), Achieved)


async def test_a_run_is_not_sent_back_without_a_step_to_go(project: Path) -> None:
    async with workshop(project, [finish()] * 3) as shop:
        outcome = await shop.run(Task("x", goal("false"), budget=Budget(steps_max=1)))
        assert isinstance(outcome, Unmet)
        assert not shop.events(Told)


async def test_re_entries_are_bounded(project: Path) -> None:
    def script(body: dict[str, object]) -> ScriptedTurn:
        messages = body["messages"]
        assert isinstance(messages, list)
        if messages[-1]["role"] == "tool":
            return finish()
        return calls(("shell", {"command": f"echo {len(messages)} > work"}))

    async with workshop(project, script, goal={"re_entries_max": 3}) as shop:
        outcome = await shop.run(Task("x", goal("false")))
        assert isinstance(outcome, Unmet)
        assert len(shop.events(Told)) == 3


async def test_a_condition_that_nothing_checks_is_never_met(project: Path) -> None:
    wish = Goal("g", "nice", (Condition("c1", "the code is nice"),))
    async with workshop(project, [finish()]) as shop:
        outcome = await shop.run(Task("x", wish))
        assert isinstance(outcome, Blocked)
        assert "the judge gave no usable verdict" in outcome.question


async def test_open_plan_items_are_asked_about_once(project: Path) -> None:
    plan = calls(("plan", {"items": [{"text": "write tests", "status": "pending"}]}))
    async with workshop(project, [plan, finish(), finish("anyway")]) as shop:
        assert await shop.run() == Finished("anyway")
        assert "write tests" in shop.events(Told)[0].text


async def test_steering_reaches_the_model_at_the_next_tool_boundary(project: Path) -> None:
    turns = [
        calls(
            ("shell", {"command": "echo one"}),
            ("shell", {"command": "touch unwanted"}),
        ),
        finish(),
    ]
    async with workshop(project, turns) as shop:

        def steer(event: Event) -> None:
            if isinstance(event, ToolCalled) and event.title == "$ echo one":
                shop.session.runs.send(None, "stop that", "steer")

        shop.on_event = steer
        await shop.run()
        assert not (project / "unwanted").exists()
        assert shop.prompts()[-1][-1] == {"role": "user", "content": "stop that"}


async def test_a_queued_message_waits_for_the_end_of_the_turn(project: Path) -> None:
    turns = [calls(("shell", {"command": "echo one"})), finish("first"), finish("second")]
    async with workshop(project, turns) as shop:

        def queue(event: Event) -> None:
            if isinstance(event, ToolCalled) and event.call.name == "shell":
                shop.session.runs.send(None, "and then this", "queue")

        shop.on_event = queue
        assert await shop.run() == Finished("second")
        assert shop.prompts()[-1][-1]["content"] == "and then this"
        assert "and then this" not in str(shop.prompts()[1])


async def test_plan_mode_has_no_tool_that_changes_anything(project: Path) -> None:
    turns = [
        calls(("shell", {"command": "touch ran"}), ("write", {"path": "ran", "text": "x"})),
        finish("a plan"),
    ]
    async with workshop(project, turns) as shop:
        assert await shop.run(Task("explore", mode="plan")) == Finished("a plan")
        offered = {tool["function"]["name"] for tool in shop.server.requests[0].body["tools"]}
        assert offered == {
            *["read", "list", "search", "diagnostics", "fetch", "recall", "plan", "finish"],
            *["task", "workflow"],  # What these begin is in plan mode, too.
        }
        assert not (project / "ran").exists()


@pytest.mark.parametrize(("answer", "ran"), [("once", True), ("always", True), ("deny", False)])
async def test_what_needs_permission_waits_for_the_answer(
    project: Path, answer: str, ran: bool
) -> None:
    turns = [calls(("shell", {"command": "touch ran"})), finish()]
    async with workshop(project, turns, answer=lambda _: answer) as shop:  # type: ignore[arg-type,return-value]
        await shop.run()
        assert (project / "ran").exists() == ran
        assert len(shop.events(PermissionAsked)) == 1


async def test_without_an_answer_permission_is_denied(project: Path) -> None:
    turns = [calls(("shell", {"command": "touch ran"})), finish()]
    async with workshop(
        project,
        turns,
        answer=lambda _: None,
        permissions={"answer_timeout_seconds": 0.1},
    ) as shop:
        await shop.run()
        assert not (project / "ran").exists()


async def test_a_stop_ends_the_command_and_every_call_has_a_result(project: Path) -> None:
    turns = [
        calls(
            ("shell", {"command": "echo $$ > pid; sleep 60"}),
            ("shell", {"command": "touch later"}),
        ),
        finish("gone on"),
    ]
    async with workshop(project, turns) as shop:
        pid_file = project / "pid"
        summary = shop.session.runs.start(Task("x"))
        await until(lambda: pid_file.exists() and pid_file.read_text().strip(), "a pid")
        shop.session.runs.stop()
        async with asyncio.timeout(2):
            outcome = await shop.session.runs.active_run(summary.run_id).wait()
        assert isinstance(outcome, Stopped)
        assert not psutil.pid_exists(int(pid_file.read_text()))
        assert not (project / "later").exists()
        texts = [event.result.text for event in shop.events(ToolReturned)]
        assert [text.partition(":")[0] for text in texts] == ["interrupted", "not run"]

        resumed = shop.session.runs.resume(summary.run_id)
        assert await resumed.wait() == Finished("gone on")
        assert len(shop.events(RunResumed)) == 1
        assert not (project / "later").exists()


async def test_usage_adds_up(project: Path) -> None:
    turns = [calls(("shell", {"command": f"echo {n}"})) for n in range(3)]
    async with workshop(project, [*turns, finish()], model={"price_input": 2.0}) as shop:
        await shop.run()
        answers = shop.events(ModelAnswered)
        assert shop.ended.usage.prompt_tokens == sum(a.usage.prompt_tokens for a in answers)
        assert shop.ended.cost_usd == pytest.approx(sum(a.cost_usd for a in answers))
        assert [event.step for event in shop.events(StepFinished)] == [1, 2, 3, 4]


async def test_a_refusing_endpoint_fails_the_run_with_the_setting_to_change(project: Path) -> None:
    refused = says("x", fault={"kind": "status", "status": 401})
    async with workshop(project, [refused]) as shop:
        outcome = await shop.run()
        assert isinstance(outcome, Failed)
        assert "model.api_key_command" in outcome.error
