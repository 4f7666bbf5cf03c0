"""The files of runs, below one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.agent.journal import JournalBusy
from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.events import (
    CandidatesJudged,
    FileRestored,
    RunEnded,
    RunStarted,
    Warned,
)
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Achieved, RunId, Task
from lsp_server.session.child_runs import child_ids, new_child_id
from lsp_server.session.run_store import RunStore

RUN = RunId("20260101-120000-000000")
STARTED = RunStarted(RUN, Task("Rename the parser."), "/w", "a model")
ENDED = RunEnded(Achieved("done"), 1, Usage(), Usage(), 0.0)
JUDGED = CandidatesJudged((CandidateGroup("edit", "", (), 1),), 0, "first", "", 1, (), Usage())


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    store = RunStore(tmp_path / "runs")
    journal = store.open(RUN)
    journal.append(STARTED)
    journal.append(ENDED)
    journal.close()
    return store


def test_runs_are_named_newest_first_and_their_journals_oldest_first(store: RunStore) -> None:
    later = RunId("20260102-120000-000000")
    store.open(later).close()
    (store.folder / "no run").mkdir()
    assert store.ids() == (later, RUN)
    assert store.journals() == [store.journal(RUN), store.journal(later)]


def test_a_run_that_a_run_began_lies_in_the_folder_of_its_parent(store: RunStore) -> None:
    children = []
    for parent in (RUN, RUN, RunId(f"{RUN}.2")):
        children.append(child := new_child_id(store.folder, parent))
        journal = store.open(child)
        journal.append(RunStarted(child, Task("Rename one."), "/w", "a model"))
        journal.close()
    assert children == [f"{RUN}.1", f"{RUN}.2", f"{RUN}.2.1"]
    assert store.ids() == (RUN,)
    assert child_ids(store.folder, RUN) == (f"{RUN}.1", f"{RUN}.2")
    assert store.journal(children[2]).parent == (
        store.folder / RUN / "children" / children[1] / "children" / children[2]
    )
    assert {path.parent.name for path in store.journals()} == {RUN, *children}
    summary = store.summary(children[2])
    assert summary is not None
    assert (summary.run_id, summary.title) == (children[2], "Rename one.")
    for path in (store.folder, *store.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    ("conflict", "beginning"), [(None, "taken back since; done"), ("it was changed since", "done")]
)
def test_a_run_that_was_taken_back_says_so_and_how_it_had_ended(
    store: RunStore, conflict: str | None, beginning: str
) -> None:
    journal = store.open(RUN)
    for number in range(3000):
        journal.append(FileRestored(f"{number}.py", conflict))
    journal.close()
    summary = store.summary(RUN)
    assert summary is not None
    assert summary.state == "achieved"
    assert summary.message.startswith(beginning)
    assert summary.taken_back is (conflict is None)


def test_what_lies_in_the_folder_of_a_run_is_private(store: RunStore) -> None:
    store.append_transcript(RUN, "# Rename the parser.\n")
    store.write_proposals(RUN, JUDGED, Task("x"))
    for path in (store.folder, *store.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert store.write_transcript(RUN).stat().st_mode & 0o077 == 0


def test_a_summary_needs_a_readable_beginning(store: RunStore) -> None:
    summary = store.summary(RUN)
    assert summary is not None
    assert (summary.title, summary.state, summary.at_work) == (
        "Rename the parser.",
        "achieved",
        False,
    )
    assert store.summary(RunId("unknown")) is None
    assert store.summary(RunId(f"../{RUN}")) == summary, "only the last part counts"
    assert store.read_summary(RUN) == summary
    for text, why in (
        ("nonsense\n", "no readable beginning"),
        ('{"format":9,"event":{}}\n', "format 9"),
    ):
        store.journal(RUN).write_text(text)
        assert store.summary(RUN) is None
        with pytest.raises(JournalDamaged, match=rf"{RUN} cannot be read.*{why}"):
            store.read_summary(RUN)
    store.journal(RUN).write_text("")
    assert store.read_summary(RUN) is None


def test_a_journal_is_opened_by_one_at_a_time(store: RunStore) -> None:
    journal = store.open(RUN)
    with pytest.raises(JournalBusy):
        store.open(RUN)
    summary = store.summary(RUN)
    assert summary is not None
    assert summary.at_work
    journal.close()
    store.open(RUN).close()


def test_a_journal_that_begins_with_something_else_is_not_worked_on(store: RunStore) -> None:
    other = RunId("other")
    journal = store.open(other)
    journal.append(Warned("x"))
    journal.close()
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="run other does not begin with its task"):
            store.open(other)


def test_documents_are_written_from_the_journal_and_removed_together(store: RunStore) -> None:
    assert store.proposals(RUN) is None
    transcript = store.write_transcript(RUN)
    assert transcript.read_text("utf-8").startswith("# Rename the parser.")
    store.write_proposals(RUN, JUDGED, STARTED.task)
    proposals = store.proposals(RUN)
    assert proposals is not None
    assert "Rename the parser." in proposals.read_text("utf-8")
    for _ in range(2):
        store.remove_documents(RUN)
        names = {path.name for path in store.journal(RUN).parent.iterdir()}
        assert names == {"journal.jsonl", "journal.lock"}


def test_where_nothing_can_be_kept_the_error_says_what_helps(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in its place")
    with pytest.raises(ConfigurationError, match="XDG_DATA_HOME"):
        RunStore(tmp_path / "runs").open(RUN)
