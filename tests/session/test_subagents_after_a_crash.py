"""A crash at any point of a run with two subagents: journals cut at one moment, then resumed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsp_server.agent.journal import replay
from lsp_server.agent.journal_format import encode_record
from lsp_server.domain.child_events import ChildEnded, ChildStarted
from lsp_server.domain.events import RecordedEvent, RunEnded, ToolCalled, ToolReturned
from lsp_server.domain.tasks import RunId
from tests.fakes.cast import cast, delegates
from tests.harness.workshop import calls, workshop

READS = [calls(("read", {"path": "a.txt", "start_line": n})) for n in range(1, 4)]
TURNS = cast(parent=[delegates("alpha", "beta")], alpha=READS, beta=READS)
POINTS = 16


async def whole_run(project: Path) -> dict[Path, list[RecordedEvent]]:
    """The journals of a run that nothing interrupted, the parent's first."""
    (project / "a.txt").write_text("a line\n" * 9)
    async with workshop(project, TURNS) as shop:
        await shop.run("parent")
        store = shop.session.runs.store
        paths = sorted(store.journals(), key=lambda path: path.parent.name)
        return {path: replay(path) for path in paths}


def cut(journals: dict[Path, list[RecordedEvent]], moment: str) -> None:
    """Leaves on the disk what had been written by then."""
    for path, records in journals.items():
        kept = [encode_record(record) for record in records if record.at <= moment]
        path.write_bytes(b"".join(kept))
        if not kept:
            path.unlink()


async def resume(project: Path, run_id: str) -> None:
    async with workshop(project, TURNS) as shop:
        await shop.session.runs.resume(RunId(run_id)).wait()


def own(records: list[RecordedEvent], kind: Any) -> list[Any]:
    return [record.event for record in records if isinstance(record.event, kind)]


def moments(journals: dict[Path, list[RecordedEvent]]) -> Iterator[str]:
    """Moments between the first call of the parent and its end, spread over them."""
    (parent, *_) = journals.values()
    began = next(r.at for r in parent if isinstance(r.event, ToolCalled))
    ended = next(r.at for r in parent if isinstance(r.event, RunEnded))
    known = sorted({r.at for records in journals.values() for r in records})
    between = [at for at in known if began <= at < ended]
    yield from between[:: max(1, len(between) // POINTS)]


@pytest.mark.timeout(240)
async def test_whenever_it_crashed_each_child_ends_once_and_is_told_once(project: Path) -> None:
    journals = await whole_run(project)
    parent = next(iter(journals))
    points = list(moments(journals))
    assert len(points) >= 8
    for moment in points:
        cut(journals, moment)
        await resume(project, parent.parent.name)
        again = {path: replay(path) for path in journals if path.exists()}
        records = again[parent]
        assert len(own(records, ChildStarted)) == len(own(records, ChildEnded)), moment
        returned = [event.call_id for event in own(records, ToolReturned)]
        assert len(returned) == len(set(returned)), moment
        told = [event.result.text for event in own(records, ToolReturned)][:2]
        assert all("ended: " in text or "not run" in text for text in told), (moment, told)
        for path, child in again.items():
            called = [event.call.id for event in own(child, ToolCalled)]
            assert len(called) == len(set(called)), (moment, path)
        spent = {event.run_id: event.billed for event in own(records, ChildEnded)}
        for path in list(again)[1:]:
            assert own(again[path], RunEnded)[-1].billed == spent[RunId(path.parent.name)], moment


async def test_a_child_whose_journal_is_damaged_costs_the_child_alone(project: Path) -> None:
    journals = await whole_run(project)
    parent, alpha, _ = journals
    cut(journals, next(r.at for r in journals[alpha] if isinstance(r.event, ToolReturned)))
    lines = alpha.read_bytes().splitlines(keepends=True)
    alpha.write_bytes(b"".join([lines[0], b"{broken\n", *lines[1:]]))
    await resume(project, parent.parent.name)
    records = replay(parent)
    outcomes = {event.run_id[-1]: event.outcome for event in own(records, ChildEnded)}
    assert outcomes["1"] == "failed"
    assert outcomes["2"] != "failed"
    assert own(records, RunEnded), "the parent went on"


async def test_a_call_that_only_waited_is_told_as_not_run(project: Path) -> None:
    journals = await whole_run(project)
    parent = next(iter(journals))
    called = [r for r in journals[parent] if isinstance(r.event, ToolCalled)][1]
    before = [r for r in journals[parent] if r.seq <= called.seq]
    cut({path: before if path == parent else [] for path in journals}, called.at)
    await resume(project, parent.parent.name)
    told = [event.result.text for event in own(replay(parent), ToolReturned)][:2]
    assert all("not run: the run was interrupted" in text for text in told)
