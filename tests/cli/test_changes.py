"""What a run changed, seen, taken back and kept in parts on a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_run import run
from tests.harness.command_line import YES, Ended, holdfast, on_a_terminal
from tests.harness.workshop import calls, finish

POEM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
CHANGED = POEM.replace("two", "TWO").replace("six\n", "six\nsix and a half\n")
TURNS = [
    calls(("edit", {"path": "poem.txt", "old_text": "two", "new_text": "TWO"})),
    calls(("edit", {"path": "poem.txt", "old_text": "six\n", "new_text": "six\nsix and a half\n"})),
    calls(("write", {"path": "sub/made.txt", "text": "made\n"})),
    calls(("shell", {"command": "rm gone.txt"})),
    finish(),
]
SHOWN = """\
+++ gone.txt: deleted, +0 -1
+++ poem.txt: modified, +2 -1
@@ hunk 1, line 2 @@
-two
+TWO
@@ hunk 2, line 7 @@
+six and a half
+++ sub/made.txt: added, +1 -0
"""


@pytest.fixture
async def changed(project: Path) -> Path:
    """A folder in which a run changed three files."""
    (project / "poem.txt").write_text(POEM)
    (project / "gone.txt").write_text("gone\n")
    assert (await run(project, TURNS, *YES, "x")).status == 5
    assert (project / "poem.txt").read_text() == CHANGED
    return project


async def test_hunks_are_shown_with_numbers_and_answered_by_them(changed: Path) -> None:
    async def done(*arguments: str) -> str:
        ended = await holdfast(*arguments, folder=changed)
        assert ended.status == 0, ended.errors
        return ended.output

    async def poem() -> str:
        return (changed / "poem.txt").read_text()

    assert await done("changes") == SHOWN
    assert await done("undo", "--path", "poem.txt", "--hunk", "1") == (
        "took back hunk 1 of poem.txt\n"
    )
    assert await poem() == CHANGED.replace("TWO", "two")
    assert await done("undo", "--path", "poem.txt", "--hunk", "1") == (
        "nothing to take back: hunk 1 of poem.txt was taken back before\n"
    )
    listed = await done("changes", "--path", "poem.txt")
    assert "+++ poem.txt: modified, +2 -1, in part" in listed
    assert "@@ hunk 1, line 2, taken back @@" in listed
    # Numbers stay, and an undo is itself undone.
    assert "kept" in await done("keep", "--path", "poem.txt", "--hunk", "2")
    assert await done("keep", "--path", "poem.txt", "--hunk", "1") == (
        "gave back hunk 1 of poem.txt\n"
    )
    assert await poem() == CHANGED
    # So is one of a file.
    assert await done("undo", "--path", "sub/made.txt") == "took back sub/made.txt\n"
    assert not (changed / "sub").exists()
    assert await done("keep", "-p", "sub/made.txt") == "gave back sub/made.txt\n"
    assert (changed / "sub" / "made.txt").read_text() == "made\n"
    assert "restored gone.txt" in await done("undo")
    assert await poem() == POEM
    assert await done("keep") == "gave back all\n"
    assert await poem() == CHANGED
    rows = [json.loads(line) for line in (await done("changes", "--json")).splitlines()]
    assert [(row["path"], row["status"], len(row["hunks"])) for row in rows] == [
        ("gone.txt", "deleted", 0),
        ("poem.txt", "modified", 2),
        ("sub/made.txt", "added", 0),
    ]


async def test_a_path_is_meant_from_where_one_is(changed: Path) -> None:
    below = changed / "sub"
    for path, status in (("../poem.txt", 0), (str(changed / "poem.txt"), 0), ("made.txt", 0)):
        ended = await holdfast("undo", "-p", path, "-w", "..", folder=below)
        assert ended.status == status, (path, ended.errors)
    assert (changed / "poem.txt").read_text() == POEM


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("undo", "--hunk", "1"), 2, "--hunk needs the --path"),
        (("undo", "--path", "other.txt"), 2, "did not change other.txt"),
        (("undo", "--path", ""), 2, "did not change"),
        (("changes", "--path", "a\nb"), 2, r"did not change a\nb"),
        (("undo", "--path", "poem.txt", "--hunk", "3"), 2, "has no hunk 3 in poem.txt; it has 1 to 2"),
        (("undo", "--path", "gone.txt", "--hunk", "1"), 2, "none, it is answered as a whole"),
        (("undo", "--path", "poem.txt", "--hunk", "0"), 2, "--hunk"),
        (("keep", "nobody", "--path", "poem.txt"), 2, "nobody"),
        (("changes", "nobody"), 2, "nobody"),
        (("changes", "-w", "nowhere"), 2, "nowhere is not a folder"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_named_and_changes_nothing(
    changed: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ended = await holdfast(*arguments, folder=changed)
    assert (ended.status, said in ended.errors) == (status, True), ended
    assert (changed / "poem.txt").read_text() == CHANGED


async def test_lines_that_a_person_changed_since_are_left_alone(changed: Path) -> None:
    (changed / "poem.txt").write_text(CHANGED.replace("TWO", "Two and more"))
    ended = await holdfast("undo", "-p", "poem.txt", "--hunk", "1", folder=changed)
    assert ended.status == 1
    assert ended.output.startswith("left alone poem.txt: ")
    assert "edited since" in (await holdfast("changes", folder=changed)).output


async def test_on_a_terminal_differences_are_in_colour(changed: Path) -> None:
    shown: Ended = await on_a_terminal("changes", folder=changed)
    assert "\x1b[32m+TWO" in shown.output
    assert "\x1b[31m-two" in shown.output


async def test_a_folder_without_changes_says_so(project: Path) -> None:
    await run(project, [finish()], *YES, "x")
    assert (await holdfast("changes", folder=project)).output == "the run changed no file\n"
