"""Looking back over journals: this run, earlier ones, by words, by id, and around."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lsp_server.agent.journal import Journal
from lsp_server.agent.recall.journal_index import JournalIndexes
from lsp_server.agent.recall.journal_search import JournalSearch
from lsp_server.domain.events import (
    Event,
    ModelAnswered,
    RunStarted,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.messages import Message, Usage
from lsp_server.domain.tasks import RunId, Task
from lsp_server.domain.tools import ToolCall, ToolResult

NOISE = "import os\nfrom collections import support, report, important\nreturn ports\n" * 20


def did(step: int, command: str, result: str, says: str = "") -> list[Event]:
    call = ToolCall(f"call{step}", "shell", f'{{"command": "{command}"}}')
    message = Message("assistant", says, tool_calls=(call,))
    return [
        ModelAnswered(step, message, "tool_calls", Usage(), Usage(), 0.0),
        ToolCalled(step, call, f"$ {command}"),
        ToolReturned(step, call.id, "shell", ToolResult(result), 0.1),
    ]


def write(folder: Path, run: str, events: Sequence[Event]) -> Path:
    journal = Journal(folder / run / "journal.jsonl")
    for event in events:
        journal.append(event)
    journal.close()
    return journal.path


def a_run(task: str, *parts: list[Event]) -> list[Event]:
    return [RunStarted(RunId("r"), Task(task), "/w", "m"), *(e for part in parts for e in part)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Run 2 is this one; run 1 was before it."""
    write(
        tmp_path,
        "run1",
        a_run(
            "Set up the broker.",
            did(1, "broker --check", "exit status 0\nlistening on 48123", "The broker runs."),
            did(2, "cat notes", NOISE),
        ),
    )
    write(
        tmp_path,
        "run2",
        a_run(
            "Mend the parser and never touch vendor/legacy.",
            did(1, "ls", NOISE),
            did(2, "pytest", "exit status 1\nE: bad token at offset 77", "I take readFile now."),
            did(3, "pytest", "exit status 0\n12 passed"),
            [Told("Use the second grammar.", "person")],
            did(4, "seq 9", "\n".join(map(str, range(3000)))),
        ),
    )
    return tmp_path


@pytest.mark.parametrize(
    ("query", "kind", "ids"),
    [
        ("at which offset was the bad token?", None, ["call2"]),
        ("On which port does the broker listen?", None, ["run1/call1", "run1/step-1", "run1/task"]),
        ("which folder must not be touched", None, ["task"]),
        ("read file", None, ["step-2"]),
        ("what grammar did the person want", "person", ["said-"]),
        ("pytest", "shell", ["call3", "call2"]),
        ("pytest", "edit", []),
        ("zebra", None, []),
    ],
)
async def test_a_question_finds_what_happened(
    folder: Path, query: str, kind: str | None, ids: list[str]
) -> None:
    archive = JournalSearch(folder / "run2" / "journal.jsonl")
    found = await archive.search(query, kind=kind, limit=8)
    assert [one.id.partition("said-")[1] or one.id for one in found][: len(ids)] == ids
    assert bool(found) == bool(ids)


async def test_an_excerpt_shows_the_place_that_answers(folder: Path) -> None:
    archive = JournalSearch(folder / "run2" / "journal.jsonl")
    (best, *_) = await archive.search("2718", kind=None, limit=3)
    assert best.id == "call4"
    assert "2718" in best.excerpt
    assert best.excerpt.startswith("…")
    assert best.excerpt.endswith("…")


@pytest.mark.parametrize(
    ("entry_id", "text"),
    [
        ("call3", "exit status 0\n12 passed"),
        ("step-2", "I take readFile now."),
        ("run1/call1", "exit status 0\nlistening on 48123"),
        ("run1/task", "Set up the broker."),
        ("run3/call1", None),
        ("call9", None),
        ("run1/", None),
    ],
)
async def test_an_id_fetches_the_whole_text(folder: Path, entry_id: str, text: str | None) -> None:
    assert await JournalSearch(folder / "run2" / "journal.jsonl").get(entry_id) == text


async def test_around_an_entry_is_what_happened_before_and_after_it(folder: Path) -> None:
    archive = JournalSearch(folder / "run2" / "journal.jsonl")
    near = [one.id.partition("said-")[1] or one.id for one in await archive.around("call2", 1)]
    assert near == ["call1", "step-2", "call2", "call3", "said-"]
    assert [one.id for one in await archive.around("run1/call2", 0)] == ["run1/call2"]
    assert await archive.around("nothing", 3) == []


async def test_what_is_appended_is_found_and_a_torn_line_waits(folder: Path) -> None:
    path = folder / "run2" / "journal.jsonl"
    archive = JournalSearch(path)
    assert await archive.search("zebra", kind=None, limit=8) == []
    journal = Journal(path)
    for event in did(5, "echo zebra", "zebra"):
        journal.append(event)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert await archive.search("zebra", kind=None, limit=8) == []
    path.write_bytes(whole)
    assert [one.id for one in await archive.search("zebra", kind=None, limit=8)] == ["call5"]


async def test_a_journal_that_was_written_anew_is_read_anew(folder: Path) -> None:
    path = folder / "run1" / "journal.jsonl"
    archive = JournalSearch(folder / "run2" / "journal.jsonl")
    assert await archive.search("48123", kind=None, limit=8)
    changed = path.with_name("new")
    changed.write_bytes(path.read_bytes().replace(b"48123", b"gone away"))
    changed.replace(path)
    assert await archive.search("48123", kind=None, limit=8) == []
    assert await archive.get("run1/call1") == "exit status 0\nlistening on gone away"


async def test_what_one_run_read_another_need_not_read(folder: Path) -> None:
    journal_indexes = JournalIndexes()
    one = JournalSearch(folder / "run2" / "journal.jsonl", journal_indexes)
    other = JournalSearch(folder / "run1" / "journal.jsonl", journal_indexes)
    assert (await one.search("broker listening", kind=None, limit=1))[0].id == "run1/call1"
    before = {id(digest) for _, digest in journal_indexes.of(folder / "run2" / "journal.jsonl")}
    assert (await other.search("broker listening", kind=None, limit=1))[0].id == "call1"
    assert before == {
        id(digest) for _, digest in journal_indexes.of(folder / "run1" / "journal.jsonl")
    }


async def test_a_run_that_a_run_began_looks_back_at_earlier_runs_and_not_at_its_siblings(
    folder: Path,
) -> None:
    children = folder / "run2" / "children"
    write(children, "run2.1", a_run("Try one way.", did(1, "try", "a sibling saw 77")))
    own = write(children, "run2.2", a_run("Try another way.", did(1, "try", "own 99")))
    search = JournalSearch(own, JournalIndexes())
    found = {
        word: [hit.id for hit in await search.search(word, kind=None, limit=5)]
        for word in ("48123", "77", "99")
    }
    assert found == {"48123": ["run1/call1"], "77": [], "99": ["call1"]}
