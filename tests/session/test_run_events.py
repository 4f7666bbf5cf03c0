"""What happened in a run, read back in pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.events import RunStarted, Warned
from lsp_server.domain.tasks import RunId, Task
from lsp_server.session import run_events
from lsp_server.session.child_runs import run_folder
from lsp_server.session.run_errors import RunNotFound
from lsp_server.session.run_events import read_events
from lsp_server.session.run_store import RunStore

RUN = RunId("20260101-120000-000000")
CHILD = RunId(f"{RUN}.1")
GRANDCHILD = RunId(f"{RUN}.1.1")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Three runs of a family, of which each writes in turn."""
    store = RunStore(tmp_path / "runs")
    journals = [store.open(run_id) for run_id in (RUN, CHILD, GRANDCHILD)]
    for run_id, journal in zip((RUN, CHILD, GRANDCHILD), journals, strict=True):
        journal.append(RunStarted(run_id, Task("work"), "/w", "a model"))
    for number in range(5):
        for journal in journals:
            journal.append(Warned(f"{journal.path.parent.name} {number}"))
    for journal in journals:
        journal.close()
    return store


def pages(store: RunStore, limit: int) -> Iterator[list[tuple[RunId, int]]]:
    page = read_events(store, RUN, limit=limit)
    while page.records:
        yield [(each.run_id, each.recorded.seq) for each in page.records]
        page = read_events(store, RUN, page.seen, limit)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 17, 18, 500])
def test_pages_have_each_event_of_a_family_once_and_in_its_order(
    store: RunStore, limit: int
) -> None:
    read = [event for page in pages(store, limit) for event in page]
    assert sorted(read) == [(run, n) for run in (RUN, CHILD, GRANDCHILD) for n in range(6)]
    for run in (RUN, CHILD, GRANDCHILD):
        assert [number for of, number in read if of == run] == list(range(6))


@pytest.mark.parametrize("number", [0, 3, 5, 99])
def test_a_number_leaves_out_what_came_until_then(store: RunStore, number: int) -> None:
    page = read_events(store, RUN, number)
    assert [e.recorded.seq for e in page.records if e.run_id == RUN] == [*range(number + 1, 6)]
    everything = [(e.run_id, e.recorded.seq) for e in read_events(store, RUN).records]
    behind = [(e.run_id, e.recorded.seq) for e in page.records]
    assert behind == everything[len(everything) - len(behind) :]


def test_what_comes_later_is_on_the_next_page(store: RunStore) -> None:
    page = read_events(store, RUN)
    assert not page.has_more
    assert not read_events(store, RUN, page.seen).records
    for run_id in (CHILD, RUN):
        journal = store.open(run_id)
        journal.append(Warned("later"))
        journal.close()
    later = read_events(store, RUN, page.seen)
    assert {(e.run_id, e.recorded.seq) for e in later.records} == {(CHILD, 6), (RUN, 6)}


def test_a_child_is_read_by_its_own_id(store: RunStore) -> None:
    assert {each.run_id for each in read_events(store, CHILD).records} == {CHILD, GRANDCHILD}


def test_a_page_ends_before_it_is_too_long(store: RunStore) -> None:
    journal = store.open(RUN)
    for _ in range(4):
        journal.append(Warned("x" * (run_events.PAGE_BYTES_MAX // 2)))
    journal.close()
    read = list(pages(store, 500))
    assert [len(page) for page in read] == [20, 2]


@pytest.mark.parametrize(
    ("ending", "count"),
    [
        (b"", 6),
        (b'{"format":3,"seq":6,"at":"","event":{"kind":"warned"', 6),
        (b'{"torn', 6),
        (b"torn\n", 6),
        (b"\xff\xfe\n", 6),
    ],
)
def test_a_line_that_is_torn_is_none(store: RunStore, ending: bytes, count: int) -> None:
    with store.journal(GRANDCHILD).open("ab") as file:
        file.write(ending)
    assert len(read_events(store, GRANDCHILD).records) == count


@pytest.mark.parametrize(
    "line", [b'{"format":3,"seq":6,"at":"","event":{"kind":"new"}}\n', b"x\n{}\n"]
)
def test_a_damaged_journal_is_said_to_be_one(store: RunStore, line: bytes) -> None:
    with store.journal(GRANDCHILD).open("ab") as file:
        file.write(line)
    with pytest.raises(JournalDamaged, match=r"line 7 of .* is damaged"):
        read_events(store, GRANDCHILD)
    assert len(read_events(store, GRANDCHILD, limit=5).records) == 5


@pytest.mark.parametrize("run_id", ["", ".", "..", "none", f"{RUN}.9", f"../../{RUN}/x", "/etc"])
def test_a_run_that_is_none_is_named(store: RunStore, run_id: str) -> None:
    with pytest.raises(RunNotFound):
        read_events(store, RunId(run_id))
    assert not (run_folder(store.folder, RunId("none"))).exists()
