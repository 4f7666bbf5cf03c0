"""What the judge is shown of a run's work."""

from __future__ import annotations

from pathlib import Path

from lsp_server.domain.events import FileChanged
from lsp_server.goals.changes import (
    StopAttempt,
    changes_as_evidence,
    closing_message,
    named_files_as_evidence,
)
from lsp_server.text.diff import DIFF_CHARS_MAX
from lsp_server.workspace.files.paths import Workspace

KEPT = {"old": b"one\ntwo\n", "new": b"one\n2\n"}


def shown(project: Path, *changes: FileChanged) -> list[tuple[str, str]]:
    attempt = StopAttempt({change.path: change for change in changes})
    found = changes_as_evidence(attempt, Workspace(project), KEPT.get, "t")
    return [(e.check, e.output_tail) for e in found]


def test_each_changed_file_is_a_diff_against_what_it_was(project: Path) -> None:
    (project / "a.txt").write_text("one\n2\n")
    (project / "b.txt").write_text("made\n")
    (project / "same.txt").write_text("one\ntwo\n")
    found = shown(
        project,
        FileChanged("a.txt", "old", "new"),
        FileChanged("b.txt", None, "x"),
        FileChanged("same.txt", "old", "old"),
        FileChanged("gone.txt", "old", None),
        FileChanged("lost.txt", "nobody kept it", "x"),
    )
    assert [check for check, _ in found] == [
        f"change of {name} by this run" for name in ("a.txt", "b.txt", "gone.txt", "lost.txt")
    ]
    texts = [text for _, text in found]
    assert "-two\n+2" in texts[0]
    assert "+made" in texts[1]
    assert texts[2].startswith("(deleted)")
    assert "not kept" in texts[3]


def test_nothing_changed_is_evidence_too(project: Path) -> None:
    assert shown(project) == [("changes by this run", "(no file differs)")]


def test_diffs_are_bounded_and_hidden_files_stay_hidden(project: Path) -> None:
    (project / "a.txt").write_text("x\n" * 100_000)
    attempt = StopAttempt({"a.txt": FileChanged("a.txt", None, "x")})
    (long,) = changes_as_evidence(attempt, Workspace(project), KEPT.get, "t")
    assert len(long.output_tail) < DIFF_CHARS_MAX + 100
    (hidden,) = changes_as_evidence(attempt, Workspace(project), KEPT.get, "t", lambda _: False)
    assert "x\n" not in hidden.output_tail


def test_files_that_a_goal_names_are_shown_where_they_may_be(project: Path) -> None:
    (project / "a.py").write_text("def f(): ...\n")
    (project / ".env").write_text("KEY=1\n")
    texts = ("`a.py` and `f` read well", "`../a.py`, `.env` and `b.py`, too", "`a.py` again")
    found = named_files_as_evidence(
        texts, Workspace(project), lambda path: path.name != ".env", "t"
    )
    assert [(e.check, e.output_tail) for e in found] == [("contents of a.py", "def f(): ...\n")]


def test_silence_is_no_closing_message() -> None:
    assert closing_message(StopAttempt(closing="  "), "t") is None
    assert closing_message(StopAttempt(closing=" done "), "t") is not None
