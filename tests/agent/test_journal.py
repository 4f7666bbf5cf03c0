from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.agent.journal import (
    Journal,
    JournalBusy,
    is_running,
    read_ends,
    replay,
)
from lsp_server.agent.journal_format import JournalDamaged, event_value
from lsp_server.domain.events import (
    Event,
    RunEnded,
    RunStarted,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
    Warned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.permissions import Question
from lsp_server.domain.tasks import Blocked, RunId, Task
from lsp_server.domain.tools import ToolCall, ToolResult
from lsp_server.redaction.redactor import Redactor
from lsp_server.redaction.secrets import Secrets

EVENTS = st.lists(
    st.one_of(
        st.builds(Warned, st.text()),
        st.builds(Told, st.text(), st.sampled_from(["person", "fence", "goal"])),
        st.builds(StepStarted, st.integers(0, 10**6), st.integers(0, 10**6)),
    ),
    max_size=8,
)


RUN: list[Event] = [
    RunStarted(RunId("r1"), Task("2"), "/w", "m"),
    ToolCalled(1, ToolCall("c1", "finish", "{}"), ""),
    ToolReturned(1, "c1", "finish", ToolResult(""), 0.1),
    PermissionAsked(Question("q1", "finish", "", ""), "2"),
    PermissionAnswered("q1", "once", "person"),
    RunEnded(Blocked("?"), 1, Usage(), Usage(), 0.0),
]


def write(path: Path, events: list[Event]) -> None:
    journal = Journal(path)
    for event in events:
        journal.append(event)
    journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.jsonl"


@given(EVENTS)
def test_replay_gives_back_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event]
) -> None:
    path = tmp_path_factory.mktemp("j") / "journal.jsonl"
    write(path, events)
    assert [recorded.event for recorded in replay(path)] == events
    assert [recorded.seq for recorded in replay(path)] == list(range(len(events)))


@given(EVENTS.filter(bool), st.data())
def test_a_journal_cut_anywhere_loses_its_last_line_at_most(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("j") / "journal.jsonl"
    write(path, events)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:at])
    journal = Journal(path)
    kept = [recorded.event for recorded in journal.past]
    assert kept == events[: whole[:at].count(b"\n")]
    journal.append(Warned("after"))
    journal.close()
    assert [recorded.event for recorded in replay(path)] == [*kept, Warned("after")]


def test_a_damaged_line_in_the_middle_is_refused_with_its_number(path: Path) -> None:
    write(path, [Warned("one"), Warned("two"), Warned("three")])
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b'{"seq":', *lines[2:]]))
    with pytest.raises(JournalDamaged, match="line 2"):
        Journal(path)
    assert path.read_bytes().count(b"\n") == 3, "nothing is thrown away"


@pytest.mark.parametrize(
    "line",
    [b'{"seq":1,"at":"t","event":{"kind":"pinged"},"format":2}\n', b'{"format":9,"event":{}}\n'],
)
def test_a_whole_last_line_that_a_newer_version_wrote_is_refused(path: Path, line: bytes) -> None:
    write(path, [Warned("one")])
    with path.open("ab") as file:
        file.write(line)
    before = path.read_bytes()
    with pytest.raises(JournalDamaged, match=r"newer|update"):
        Journal(path)
    assert path.read_bytes() == before


def words_of(hint: Any, seen: set[object]) -> Iterator[str]:
    """All that a field of an Event may say in words of ours, and the names of the fields."""
    if get_origin(hint) is Literal:
        yield from (word for word in get_args(hint) if isinstance(word, str))
    for inner in get_args(hint) if get_origin(hint) is not Literal else ():
        yield from words_of(inner, seen)
    if is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        for name, inner in get_type_hints(hint).items():
            yield from (name, *words_of(inner, seen))


TOOLS = ("finish", "shell", "search", "recall", "remember")
WORDS = sorted({*words_of(Event, set()), *TOOLS, "redacted", "known"})


def can_be_kept(event: Event) -> bool:
    """Drawn ones may hold numbers that JSON has not, and mappings of any class."""
    try:
        json.dumps(event_value(event), allow_nan=False)
    except ValueError:
        return False
    return not isinstance(event, Streamed)


ANY: st.SearchStrategy[Event] = st.from_type(Event)  # type: ignore[arg-type]
KEPT = ANY.filter(can_be_kept)


@given(KEPT, st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
def test_a_secret_that_is_a_word_of_ours_does_not_damage_a_journal(
    tmp_path_factory: pytest.TempPathFactory, event: Event, secrets: list[str]
) -> None:
    path = tmp_path_factory.mktemp("j") / "journal.jsonl"
    clean = Redactor(lambda: Secrets(tuple(secrets))).about(event)
    write(path, [clean])
    assert [recorded.event for recorded in replay(path)] == [clean]


@pytest.mark.parametrize("word", WORDS)
def test_a_run_goes_on_whatever_word_is_a_secret(path: Path, word: str) -> None:
    redactor = Redactor(lambda: Secrets((word,)))
    write(path, [redactor.about(event) for event in RUN])
    assert [recorded.event.kind for recorded in replay(path)] == [event.kind for event in RUN]
    called, returned, asked = (recorded.event for recorded in replay(path)[1:4])
    assert called == RUN[1]
    assert returned == RUN[2]
    assert isinstance(asked, PermissionAsked)
    assert (asked.question.id, asked.question.tool) == ("q1", "finish")


def test_ephemeral_events_are_not_kept(path: Path) -> None:
    write(path, [Streamed(1, "text", "a"), Warned("kept")])
    assert [recorded.event for recorded in replay(path)] == [Warned("kept")]


def test_a_second_writer_is_refused_while_the_first_one_lives(path: Path) -> None:
    journal = Journal(path)
    assert is_running(path)
    with pytest.raises(JournalBusy):
        Journal(path)
    journal.close()
    assert not is_running(path)
    Journal(path).close()


def test_a_closed_journal_is_free_while_a_thread_still_writes_it_to_the_disk(path: Path) -> None:
    journal = Journal(path)
    in_use = os.dup(journal._file)  # As a system call in another thread holds it.
    journal.close()
    assert not is_running(path)
    Journal(path).close()
    os.close(in_use)


def test_a_journal_is_for_its_owner_alone(path: Path) -> None:
    write(path, [Warned("secret")])
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_glance_sees_both_ends_whatever_lies_between(path: Path) -> None:
    events = [Warned("first"), *(Warned("x" * 50_000) for _ in range(9)), Warned("y" * 200_000)]
    write(path, list(events))
    first, last = read_ends(path)
    assert first.event == Warned("first")
    assert last[-1].event == Warned("y" * 200_000)


def test_a_glance_at_nothing_says_so(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(JournalDamaged):
        read_ends(path)


async def test_flush_reaches_the_disk(path: Path) -> None:
    journal = Journal(path)
    journal.append(Warned("x"))
    await journal.flush()
    assert os.path.getsize(path) > 0  # noqa: PTH202  the file as the system sees it
    journal.close()


def test_what_could_not_be_written_whole_leaves_nothing_behind(path: Path) -> None:
    """A full disk, as a limit on the size of files."""
    journal = Journal(path)
    journal.append(Warned("kept"))
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            journal.append(Warned("lost"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    journal.append(Warned("after"))
    journal.close()
    assert [recorded.event for recorded in replay(path)] == [Warned("kept"), Warned("after")]
