"""Drafts are tried on past tasks, in copies of the project: what helps is kept, with its figures.

The agent is scripted: told nothing it looks around and tries, told a skill it does what this says.
So the figures are a simulation of what a skill may save, and show that replays tell it.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.agent.journal import journal_lock
from lsp_server.models.scripted.scenario import ScriptedTurn
from lsp_server.session.evolution import DistillReport
from tests.fakes.faults import FaultyTurn
from tests.harness.command_line import HOLDS
from tests.harness.git import committed
from tests.harness.procedure_work import (
    MAKEFILE,
    TASK,
    UNTOLD,
    Body,
    agent,
    write_project,
    write_source,
)
from tests.harness.workshop import Workshop, says, workshop

pytestmark = pytest.mark.skipif(not HOLDS, reason="past tasks are done again in a sandbox only")

NAME = "make-collect-order-dist-check"
SKILL = f".holdfast/skills/{NAME}/SKILL.md"
RUNS = 4
TOKENS = 10_000_000


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

    async def distill(self, *, reword: bool = False, tokens: int | None = TOKENS) -> DistillReport:
        return await self.shop.session.evolution.distiller.distill(
            replay=True, reword=reword, tokens=tokens
        )


@asynccontextmanager
async def past_of(
    project: Path, runs: int = RUNS, after: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Past]:
    write_project(project)
    past: Past

    def answer(body: Body) -> ScriptedTurn:
        return past.answer(body)

    async with workshop(project, answer) as shop:
        past = Past(shop, agent(), project)
        for number in range(1, runs + 1):
            past.answer = agent(number)
            assert await past.run(number) == len(UNTOLD) + 2
            after(number)
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


async def test_a_run_that_begins_in_another_window_ends_replays_too(project: Path) -> None:
    async with past_of(project) as past:
        store = past.shop.session.runs.store
        other = journal_lock(store.journal(store.ids()[0]))

        def answer(body: Body) -> ScriptedTurn:
            other.take()  # As whoever writes a journal does.
            return agent()(body).model_copy(update={"first_token_seconds": 2.0})

        past.answer = answer
        report = await past.distill()
        assert (report.tried, report.untried) == ((), 1)
        assert "a run is at work" in report.stopped
        other.release()
        past.answer = agent()
        assert [one.shown for one in (await past.distill()).tried] == [True]


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("Heed the order of the steps.", True),
        (" ".join(["First run `make check`."] * 5), False),  # Useless.
        ("Finish at once.", False),  # Wrong.
        ("Leave out `make order`.", False),  # Wrong.
        ("Remove the Makefile.", False),  # Harmful.
        ("Keep a copy beside it.", False),  # Harmful, though its checks pass.
    ],
)
async def test_words_of_a_model_are_kept_only_if_past_tasks_take_less(
    project: Path, note: str, kept: bool
) -> None:
    def answer(body: Body) -> ScriptedTurn:
        if "They become a skill" in str(body["messages"]):
            return says(json.dumps({"description": "How dist.txt is made anew.", "note": note}))
        return agent()(body)

    async with past_of(project, runs=3) as past:
        past.answer = answer
        report = await past.distill(reword=True)
        (worded,) = report.worded
        assert note in worded.text
        assert worded.fixed
        (tried,) = report.tried
        assert (tried.shown, tried.state) == (True, "open"), tried.replay
        assert (note in tried.text, bool(tried.fixed)) == (kept, kept)
        document = (project / ".holdfast/inbox.md").read_text("utf-8")
        assert (note in document, "A model worded it:" in document) == (kept, kept)


@pytest.mark.parametrize(
    ("makefile", "untold", "why"),
    [
        # `make dist` does it all by now, so that the steps are needless.
        ("dist:\n\t@sort src.txt > dist.txt", ("make dist",), "neither steps nor tokens"),
        # By now a step spoils what the others make.
        (
            "check:\n\t@test ! -e ordered.txt && sort src.txt | cmp - dist.txt",
            ("sort src.txt > dist.txt",),
            "fail",
        ),
    ],
)
async def test_a_procedure_that_is_out_of_date_is_dropped(
    project: Path, makefile: str, untold: Sequence[str], why: str
) -> None:
    async with past_of(project, runs=3) as past:
        target = makefile.partition(":")[0]
        rules = re.sub(rf"{target}:\n\t.*", lambda _: makefile, MAKEFILE)
        (project / "Makefile").write_text(rules)
        (project / "ordered.txt").unlink()
        past.answer = agent(untold=untold)
        (tried,) = (await past.distill()).tried
        assert (tried.shown, tried.state) == (False, "rejected")
        assert why in tried.replay
        assert not (project / SKILL).exists()
        assert (await past.distill()).tried == ()


async def test_an_endpoint_that_fails_says_nothing_of_a_draft(project: Path) -> None:
    async with past_of(project, runs=3) as past:
        past.answer = lambda _: FaultyTurn.model_validate(
            {"fault": {"kind": "status", "status": 400, "times": 9}}
        )
        report = await past.distill()
        assert (report.tried, report.untried) == ((), 1)
        assert "a past task was not done again to its end" in report.stopped
        past.answer = agent()
        assert [one.shown for one in (await past.distill()).tried] == [True]


@pytest.mark.parametrize("found", ["kept", "committed", "lost"])
async def test_files_are_as_they_were_from_what_was_kept_or_committed(
    project: Path, found: str
) -> None:
    def after(number: int) -> None:
        if found == "committed" and number == 2:
            committed(project)

    async with past_of(project, runs=3, after=after) as past:
        (project / "dist.txt").write_text("all of it rewritten by hand\n")
        if found != "kept":
            shutil.rmtree(past.shop.session.runs.store.folder.parent / "checkpoints")
        (tried,) = (await past.distill()).tried
    assert (tried.shown, tried.state) == (found != "lost", "open"), tried.replay
    lost = "no past task can be done again: files are not as they were before"
    assert (lost in tried.replay) == (found == "lost")


async def test_replays_take_no_more_than_a_day_may_and_say_what_they_would(project: Path) -> None:
    async with past_of(project, runs=3) as past:
        requests = len(past.shop.server.requests)
        report = await past.distill(tokens=None)
        assert (report.tried, report.untried) == ((), 1)
        assert "evolution.tokens_per_day is" in report.stopped
        assert "allow more now with --tokens" in report.stopped
        assert len(past.shop.server.requests) - requests <= len(UNTOLD) + 1
        assert [one.shown for one in (await past.distill()).tried] == [True]
