"""A crash at any point of a workflow: journals cut at one moment, then resumed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import Event, RecordedEvent, RunEnded, ToolCalled
from lsp_server.domain.tasks import Achieved, RunId
from lsp_server.domain.workflow_events import WorkflowChanged
from tests.fakes.cast import cast
from tests.harness.workflows import worked, written
from tests.harness.workshop import calls, workshop
from tests.sampling import sampled
from tests.session.test_subagents_after_a_crash import cut, own

NEEDS = {"alpha": "", "beta": "", "gamma": "alpha, beta", "delta": "gamma"}
TEXT = "\n".join(
    f"## {name}\n"
    + (f"- needs: {needs}\n" if needs else "")
    + f"\nMake it.\n\n- check: `test -f {name}.txt`\n"
    for name, needs in NEEDS.items()
)
TURNS = cast(
    **{
        name: [
            calls(("read", {"path": "a.txt"})),
            calls(("write", {"path": f"{name}.txt", "text": "x\n"})),
        ]
        for name in NEEDS
    }
)
POINTS = sampled(40)


async def whole_run(project: Path, stopped_at: str = "") -> dict[Path, list[RecordedEvent]]:
    """The journals of a workflow, that of its run first; it may be stopped when a node begins."""
    (project / "a.txt").write_text("a line\n")
    written(project, TEXT)
    async with workshop(project, TURNS) as shop:

        def stop(event: Event) -> None:
            if isinstance(event, ChildStarted) and event.title == stopped_at:
                asyncio.get_running_loop().call_later(0.05, shop.session.runs.stop)

        shop.on_event = stop
        assert (await worked(shop)).outcome == ("stopped" if stopped_at else "achieved")
        paths = sorted(shop.session.runs.store.journals(), key=lambda path: path.parent.name)
        return {path: replay(path) for path in paths}


def done_at(records: list[RecordedEvent], moment: str) -> set[str]:
    """The nodes that were done by then, as the journal of the run says."""
    changed = [r.event for r in records if isinstance(r.event, WorkflowChanged) and r.at <= moment]
    return {node.id for node in changed[-1].nodes if node.is_done} if changed else set()


def moments(records: dict[Path, list[RecordedEvent]]) -> list[str]:
    (first, *_) = records.values()
    ended = next(r.at for r in first if isinstance(r.event, RunEnded))
    known = sorted({r.at for each in records.values() for r in each if r.at <= ended})
    return known[1 : -1 : max(1, len(known) // POINTS)]


@pytest.mark.timeout(300)
async def test_whenever_it_crashed_each_node_is_done_once(project: Path) -> None:
    journals = await whole_run(project)
    first = next(iter(journals))
    points = moments(journals)
    assert len(points) >= 8
    for moment in points:
        cut(journals, moment)
        done = done_at(journals[first], moment)
        async with workshop(project, TURNS) as shop:
            outcome = await shop.session.runs.resume(RunId(first.parent.name)).wait()
            assert isinstance(outcome, Achieved), (moment, outcome)
            asked = {str(prompt[1]["content"]).split()[0] for prompt in shop.prompts()}
            assert not asked & done, f"{asked & done} ran again"
        again: dict[Path, list[Any]] = {p: replay(p) for p in journals if p.exists()}
        records = again[first]
        begun = [event.run_id for event in own(records, ChildStarted)]
        ended = [event.run_id for event in own(records, ChildEnded)]
        assert len(begun) == len(set(begun)) == len(NEEDS), moment
        assert sorted(begun) == sorted(ended), moment
        for path, child in again.items():
            called = [event.call.id for event in own(child, ToolCalled)]
            assert len(called) == len(set(called)), (moment, path)
        spent = sum(event.billed.total_tokens for event in own(records, ChildEnded))
        ends = [own(child, RunEnded)[-1] for path, child in again.items() if path != first]
        assert spent == sum(end.billed.total_tokens for end in ends), moment


@pytest.mark.timeout(300)
async def test_a_crash_while_it_was_stopped_costs_no_node_that_was_done(project: Path) -> None:
    journals = await whole_run(project, stopped_at="gamma")
    first = next(iter(journals))
    for moment in (*moments(journals)[-POINTS:], "9"):
        cut(journals, moment)
        done = done_at(journals[first], moment)
        async with workshop(project, TURNS) as shop:
            outcome = await shop.session.runs.resume(RunId(first.parent.name)).wait()
            assert isinstance(outcome, Achieved), (moment, outcome)
            asked = {str(prompt[1]["content"]).split()[0] for prompt in shop.prompts()}
            assert not asked & done, f"{asked & done} ran again"
