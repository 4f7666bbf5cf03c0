"""One cell: what the agent can see and change, what the tests say, and what a failure costs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.tasks import Budget
from lsp_server.evaluation.arms import Arm
from lsp_server.evaluation.cell_run import CellRun, CellSettings, Commands, Sections
from lsp_server.evaluation.cells import Cell, CellResult
from lsp_server.evaluation.harbor_task import HarborTask
from lsp_server.evaluation.task import EvaluationTask
from lsp_server.models.scripted.scenario import ScriptedTurn
from tests.fakes.faulty_server import FaultyServer
from tests.harness.command_line import HOLDS
from tests.harness.files import lay_out
from tests.harness.workshop import calls, finish, says

SECRET = "the-answer-is-7351"
needs_sandbox = pytest.mark.skipif(not HOLDS, reason="no sandbox holds here")
WRITES = calls(("write", {"path": "a.txt", "text": "right\n"}))


@dataclass
class Bench:
    """One task with a scripted model; `prompts` is all that the model was shown."""

    folder: Path
    mode: str = "sandboxed" if HOLDS else "full"
    arm: Arm = field(default_factory=lambda: Arm("single", ""))
    limits: Budget = field(default_factory=lambda: Budget(20, None, None, 60.0))
    prompts: list[str] = field(default_factory=list)

    @property
    def task(self) -> Path:
        return self.folder / "suite" / "task"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def lay_out(self, test: str = "grep -qx right /app/a.txt", toml: str = "") -> None:
        lay_out(
            self.task,
            {
                "task.toml": toml,
                "instruction.md": "Make /app/a.txt right.\n",
                "environment/a.txt": "wrong\n",
                "tests/test.sh": f"# {SECRET}\n{test}\n",
                "solution/solve.sh": f"# {SECRET}\necho right > /app/a.txt\n",
            },
        )

    async def result(self, turns: Sequence[ScriptedTurn]) -> CellResult:
        @asynccontextmanager
        async def scripted(
            cell: Cell, task: EvaluationTask, commands: Commands
        ) -> AsyncIterator[Sections]:
            async with FaultyServer(list(turns)) as server:
                named = {"base_url": server.base_url, "name": "scripted"}
                yield {"model": named, "memory": {"enabled": False}, "goal": {"judge_task": False}}
                self.prompts += [request.raw.decode() for request in server.requests]

        settings = CellSettings(
            self.out,
            {"permissions": {"mode": self.mode}},
            (self.task.parent, self.out),
            self.limits,
            scripted,
        )
        cell = Cell("task", self.arm.name, 1, "d")
        return await CellRun(cell, HarborTask.read(self.task), self.arm, settings).result()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.lay_out()
    return made


async def test_the_tests_say_what_came_of_it(bench: Bench) -> None:
    result = await bench.result([WRITES, finish("It is right.")])
    assert (result.status, result.outcome, result.reward) == ("solved", "finished", 1.0)
    assert result.steps == 2
    assert result.prompt_tokens > result.cached_tokens > 0
    assert result.patch.splitlines()[-2:] == ["-wrong", "+right"]
    result = await bench.result([finish("It is right.")])
    assert (result.status, result.outcome, result.reward, result.patch) == (
        *("unsolved", "finished", 0.0, ""),
    )


async def test_what_stays_of_a_cell_is_its_journal_patch_and_log(bench: Bench) -> None:
    bench.lay_out("echo seen; false")
    await bench.result([WRITES, finish()])
    folder = bench.out / "cells" / "task.single.1"
    assert {path.name for path in folder.iterdir()} == {"data", "model.patch", "tests.log"}
    assert (folder / "tests.log").read_text() == "seen\n"
    assert list(folder.glob("data/workspaces/*/runs/*/journal.jsonl"))


@needs_sandbox
async def test_no_command_or_tool_sees_the_tests_or_the_solution(bench: Bench) -> None:
    task, out = bench.task, bench.out
    looks = [
        f"cat {task}/tests/test.sh {task}/solution/solve.sh",
        f"ls -R {task} {out}",
        f"grep -r {SECRET[:10]} .. {out} {task.parent}",
        f"cat /proc/$PPID/root{task}/tests/test.sh",
    ]
    turns = [calls(("shell", {"command": look})) for look in looks]
    turns += [
        calls(("read", {"path": str(task / "tests" / "test.sh")})),
        calls(("read", {"path": "../../../../suite/task/solution/solve.sh"})),
        calls(("search", {"query": SECRET[:10], "path": str(task)})),
        calls(("list", {"path": str(task)})),
        WRITES,
        finish(),
    ]
    result = await bench.result(turns)
    assert result.status == "solved"
    shown = "".join(bench.prompts)
    assert SECRET not in shown
    assert SECRET[:10] in shown  # It did look.


@needs_sandbox
async def test_nothing_that_the_tests_read_can_be_written_by_the_agent(bench: Bench) -> None:
    """Neither before, nor by what it leaves in the workspace for the tests to run."""
    bench.lay_out("bash /app/run.sh; grep -qx right /app/a.txt")
    place = bench.out / "cells" / "task.single.1"
    forged = "#!/bin/sh\nexit 0\n"
    writes = [
        f"mkdir -p {place}/tests {place}/logs; echo 1 > {place}/logs/reward.txt",
        f"printf '{forged}' > {place}/tests/test.sh; ls {place}",
        f"echo 'echo true > {place}/tests/test.sh; echo true > {bench.task}/tests/test.sh' > run.sh",
        f"(sleep 30; echo 1 > {place}/logs/reward.txt) & disown; true",
    ]
    turns = [calls(("shell", {"command": each})) for each in writes]
    turns.append(calls(("write", {"path": f"{place}/tests/test.sh", "text": forged})))
    result = await bench.result([*turns, finish()])
    assert (result.status, result.reward) == ("unsolved", 0.0)
    assert SECRET in (bench.task / "tests" / "test.sh").read_text()
    log = (place / "tests.log").read_text()
    assert log.count("Read-only file system") + log.count("ermission denied") >= 1


@needs_sandbox
async def test_another_place_than_the_workspace_stays_as_it_is(bench: Bench) -> None:
    theirs = bench.folder / "theirs.txt"
    theirs.write_text("mine\n")
    look = f"echo x > {theirs}; echo x >> ../data/x; rm -rf {bench.task}"
    await bench.result([calls(("shell", {"command": look})), WRITES, finish()])
    assert theirs.read_text() == "mine\n"
    assert (bench.task / "task.toml").exists()


@pytest.mark.parametrize(
    ("test", "reward", "status"),
    [
        ("exit 0", 1.0, "solved"),
        ("exit 3", 0.0, "unsolved"),
        ("echo 0.5 > /logs/verifier/reward.txt", 0.5, "unsolved"),
        ("echo 1 > /logs/verifier/reward.txt; exit 1", 1.0, "solved"),
        ("echo '{\"reward\": 1}' > /logs/verifier/reward.json; exit 1", 1.0, "solved"),
    ],
)
async def test_the_reward_decides(bench: Bench, test: str, reward: float, status: str) -> None:
    bench.lay_out(test)
    result = await bench.result([WRITES, finish()])
    assert (result.reward, result.status) == (reward, status)


async def test_tests_that_do_not_end_give_nothing(bench: Bench) -> None:
    bench.lay_out("sleep 60", "[verifier]\ntimeout_sec = 0.5")
    result = await bench.result([WRITES, finish()])
    assert (result.status, result.reward, result.why) == (
        *("unsolved", 0.0, "the tests took too long"),
    )


async def test_an_endpoint_that_fails_is_an_error_and_no_unsolved_task(bench: Bench) -> None:
    result = await bench.result([says("x", fault={"kind": "status", "status": 401})])
    assert (result.status, result.outcome) == ("error", "failed")
    assert "401" in result.why or "key" in result.why


async def test_a_reward_that_is_none_is_an_error(bench: Bench) -> None:
    bench.lay_out("echo much > /logs/verifier/reward.txt")
    result = await bench.result([WRITES, finish()])
    assert result.status == "error"
    assert "reward.txt" in result.why


async def test_a_crash_costs_the_cell(bench: Bench) -> None:
    @asynccontextmanager
    async def crashes(
        cell: Cell, task: EvaluationTask, commands: Commands
    ) -> AsyncIterator[Sections]:
        if cell.repeat:
            raise ZeroDivisionError("by chance")
        yield {}

    settings = CellSettings(bench.out, {}, (), open_endpoint=crashes)
    task = HarborTask.read(bench.task)
    result = await CellRun(Cell("task", "single", 1, "d"), task, bench.arm, settings).result()
    assert (result.status, result.why) == (
        "error",
        "internal error: ZeroDivisionError('by chance')",
    )
    assert not (bench.out / "cells" / "task.single.1" / "app").exists()


async def test_what_would_fail_in_every_cell_is_raised(bench: Bench) -> None:
    settings = CellSettings(bench.out, {"model": {"base_url": "no address"}}, ())
    task = HarborTask.read(bench.task)
    with pytest.raises(ConfigurationError, match=r"model\.base_url"):
        await CellRun(Cell("task", "single", 1, "d"), task, bench.arm, settings).result()


async def test_limits_of_task_and_flags_bound_the_run_and_each_attempt_has_them(
    bench: Bench,
) -> None:
    bench.lay_out(toml="[metadata]\nsteps_max = 3")
    looks = [calls(("list", {"pattern": f"{n}*"})) for n in range(9)]
    result = await bench.result(looks)
    assert (result.outcome, result.steps) == ("stopped", 3)
    bench.limits = Budget(2, None, None, 60.0)
    result = await bench.result(looks)
    assert (result.outcome, result.steps) == ("stopped", 2)
    bench.arm = Arm("attempts", "", attempts=2)
    result = await bench.result(looks)
    assert result.steps == 4
