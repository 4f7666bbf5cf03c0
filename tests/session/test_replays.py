"""Drafts are tried on past tasks, in copies of the project: what helps is kept, with its figures.

The agent is scripted: told nothing it looks around and tries, told a skill it does what this says.
So the figures are a simulation of what a skill may save, and show that replays tell it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.evolution import DistillReport
from tests.harness.command_line import HOLDS
from tests.harness.procedure_work import TASK, UNTOLD, Body, agent, write_project, write_source
from tests.harness.workshop import Workshop, workshop

pytestmark = pytest.mark.skipif(not HOLDS, reason="past tasks are done again in a sandbox only")

NAME = "make-collect-order-dist-check"
SKILL = f".holdfast/skills/{NAME}/SKILL.md"
RUNS = 4


@dataclass
class Past:
    """A project in which some runs made the same thing, and the agent that answers now."""

    shop: Workshop
    answer: Callable[[Body], ScriptedTurn]
    root: Path

    async def run(self, number: int) -> int:
        """Does the task once more, on what a person wrote; how many steps it took."""
        write_source(self.root, number)
        await self.shop.run(TASK)
        assert (self.root / "dist.txt").read_text() == f"apple {number}\npear {number}\n"
        return self.shop.ended.steps

    async def distill(self, *, replay: bool = True) -> DistillReport:
        return await self.shop.session.evolution.distiller.distill(replay=replay)


@asynccontextmanager
async def past_of(project: Path) -> AsyncIterator[Past]:
    write_project(project)
    past: Past

    def answer(body: Body) -> ScriptedTurn:
        return past.answer(body)

    async with workshop(project, answer) as shop:
        past = Past(shop, agent(), project)
        for number in range(1, RUNS + 1):
            past.answer = agent(number)
            assert await past.run(number) == len(UNTOLD) + 2
        past.answer = agent()
        yield past


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and ".holdfast" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


async def test_a_draft_that_helps_is_kept_and_later_runs_take_fewer_steps(project: Path) -> None:
    async with past_of(project) as past:
        before, runs = tree(project), past.shop.session.runs.store.ids()
        report = await past.distill()
        (kept,) = report.tried
        assert (kept.path, kept.shown, kept.state) == (SKILL, True, "open")
        assert "with it 2 of 2 past tasks passed, without it 2" in kept.replay
        assert f"{2 * 6} steps instead of {2 * (len(UNTOLD) + 1)}" in kept.replay
        assert f'replay: "{kept.replay}"' in kept.text
        document = (project / ".holdfast/inbox.md").read_text("utf-8")
        assert kept.text.strip() in document
        assert "Verified by doing past tasks again" in document
        assert (await past.distill()).tried == (), "what was tried is not tried again"

        assert tree(project) == before, "the project itself stays as it is"
        assert past.shop.session.runs.store.ids() == runs, "no run is added to those of people"
        assert not list(past.shop.session.runs.store.folder.parent.glob("evolution/copies/*"))

        steps_before = await past.run(RUNS + 1)
        await past.shop.session.evolution.inbox.accept(kept.id)
        steps_after = await past.run(RUNS + 2)
        assert (steps_before, steps_after) == (len(UNTOLD) + 1, 6)


async def test_a_run_that_begins_ends_replays_at_once(project: Path) -> None:
    async with past_of(project) as past:
        asked = asyncio.Event()

        def answer(body: Body) -> ScriptedTurn:
            asked.set()
            return agent()(body).model_copy(update={"first_token_seconds": 0.3})

        past.answer = answer
        trying = asyncio.create_task(past.distill())
        await asked.wait()
        past.answer = agent()
        await past.run(RUNS + 1)
        report = await trying
        assert (report.tried, report.untried) == ((), 1)
        assert "a run is at work" in report.stopped
        again = await past.distill()
        assert [one.shown for one in again.tried] == [True], again


async def test_files_that_a_person_changed_since_make_a_case_useless(project: Path) -> None:
    async with past_of(project) as past:
        (project / "dist.txt").write_text("all of it rewritten by hand\n")
        (kept,) = (await past.distill()).tried
        assert (kept.shown, kept.state) == (False, "open")
        assert "no past task can be done again: files are not as they were before" in kept.replay
