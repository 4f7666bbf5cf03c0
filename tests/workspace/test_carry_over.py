"""Changes that were made in a copy of a workspace, made in the workspace as it is by then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from lsp_server.workspace.checkpoints.carry_over import carry_over
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints, changes_between
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out
from tests.workspace.undoable_run import Run

FILES: dict[str, str | bytes] = {
    "a.py": "one\ntwo\nthree\nfour\nfive\n",
    "b.py": "b\n",
    "picture.bin": b"\x00\x01",
    "pkg/c.py": "c\n",
    "latin.txt": b"\xff\xfea\0\n\0",
}

Act: TypeAlias = Callable[[Path], object]


def put(path: str, text: str | bytes) -> Act:
    return lambda root: lay_out(root, {path: text})


def remove(path: str) -> Act:
    return lambda root: (root / path).unlink()


def nothing(root: Path) -> None:
    del root


@dataclass(frozen=True)
class Case:
    """What the attempt does in its copy, what a person does here, and what is here then."""

    attempt: Act
    person: Act = nothing
    path: str = "a.py"
    expected: str | bytes | None = None
    conflict: str = ""


MINE = "ONE\ntwo\nthree\nfour\nfive\n"
THEIRS = "one\ntwo\nthree\nfour\nFIVE\n"
CASES = {
    "an edit": Case(put("a.py", THEIRS), expected=THEIRS),
    "edits of both, in other lines": Case(
        put("a.py", THEIRS), put("a.py", MINE), expected="ONE\ntwo\nthree\nfour\nFIVE\n"
    ),
    "edits of both, of one line": Case(
        put("a.py", THEIRS),
        put("a.py", THEIRS.replace("FIVE", "5")),
        expected=THEIRS.replace("FIVE", "5"),
        conflict="the same lines were changed here since the attempt began",
    ),
    "the same edit by both": Case(put("a.py", THEIRS), put("a.py", THEIRS), expected=THEIRS),
    "a new file": Case(put("new/deep.py", "new\n"), path="new/deep.py", expected="new\n"),
    "a new file of both": Case(
        put("new.py", "theirs\n"),
        put("new.py", "mine\n"),
        path="new.py",
        expected="mine\n",
        conflict="it was made here too since the attempt began, and is another one",
    ),
    "a deletion": Case(remove("b.py"), path="b.py"),
    "a deletion of what a person changed": Case(
        remove("b.py"),
        put("b.py", "mine\n"),
        path="b.py",
        expected="mine\n",
        conflict="the attempt deletes it, and it was changed here since",
    ),
    "an edit of what a person deleted": Case(
        put("b.py", "theirs\n"),
        remove("b.py"),
        path="b.py",
        conflict="it was deleted here since the attempt began",
    ),
    "a binary file": Case(
        put("picture.bin", b"\x00\x02"), path="picture.bin", expected=b"\x00\x02"
    ),
    "a binary file of both": Case(
        put("picture.bin", b"\x00\x02"),
        put("picture.bin", b"\x00\x03"),
        path="picture.bin",
        expected=b"\x00\x03",
        conflict="it is binary, and was changed here since the attempt began",
    ),
    "a text in another encoding": Case(
        put("latin.txt", b"\xff\xfeb\0\n\0"), path="latin.txt", expected=b"\xff\xfeb\0\n\0"
    ),
    "what the attempt left alone": Case(nothing, put("a.py", MINE), expected=MINE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_change_is_carried_over_and_nothing_of_a_person_is_overwritten(
    tmp_path: Path, case: Case
) -> None:
    root = lay_out(tmp_path / "project", FILES)
    copy = shutil.copytree(root, tmp_path / "copy")
    run = Run(root)
    workspace = Workspace(copy)
    there = Checkpoints(tmp_path / "copy-data", workspace, Ignore(workspace), run.checkpoints.blobs)
    before = await there.tree.states()
    case.attempt(copy)
    changes = changes_between(before, await there.tree.states())
    case.person(root)
    mine = content(root / case.path)
    report = await carry_over(
        changes, Workspace(root), run.checkpoints, run.editor, run.events.append
    )
    assert content(root / case.path) == (
        case.expected.encode() if isinstance(case.expected, str) else case.expected
    )
    assert [(one.path, one.reason.partition(";")[0]) for one in report.conflicts] == (
        [(case.path, case.conflict)] if case.conflict else []
    )
    await run.undo()
    assert content(root / case.path) == mine, "as ordinary edits it can be undone"


async def test_a_text_that_is_not_saved_is_merged_as_it_stands_in_the_editor(
    tmp_path: Path,
) -> None:
    root = lay_out(tmp_path / "project", FILES)
    copy = shutil.copytree(root, tmp_path / "copy")
    run = Run(root)
    workspace = Workspace(copy)
    there = Checkpoints(tmp_path / "copy-data", workspace, Ignore(workspace), run.checkpoints.blobs)
    before = await there.tree.states()
    lay_out(copy, {"a.py": THEIRS, "b.py": "theirs\n"})
    changes = changes_between(before, await there.tree.states())
    run.documents.open(root / "a.py", MINE)
    report = await carry_over(
        changes, Workspace(root), run.checkpoints, run.editor, run.events.append
    )
    # This editor cannot save a text of a person's, so that the file is left alone.
    assert [one.path for one in report.conflicts] == ["a.py"]
    assert run.documents.buffers()[root / "a.py"] == MINE
    assert content(root / "a.py") == FILES["a.py"].encode()  # type: ignore[union-attr]
    assert content(root / "b.py") == b"theirs\n"


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
