from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.events import Warned
from lsp_server.workspace.checkpoints.merge import merge
from lsp_server.workspace.checkpoints.undo import UndoReport
from tests.harness.files import lay_out
from tests.harness.git import git
from tests.workspace.undoable_run import Run

TEN = "".join(f"line {n}\n" for n in range(10))


async def test_what_a_killed_command_did_is_undone_and_what_came_later_stays(
    project: Path,
) -> None:
    lay_out(project, {"theirs": "1", "ours": "1", "deleted": "1"})
    run = Run(project)
    command = run.checkpoints.record_command(run.events.append)
    await command.__aenter__()
    (project / "theirs").write_text("by the command")
    (project / "made").write_text("by the command")
    (project / "deleted").unlink()
    (project / "ours").write_text("by a person")
    os.utime(project / "ours", (2e9, 2e9))
    # Another process, after this one was killed.
    survivor = Run(project)
    report = await survivor.checkpoints.undo(
        [run.snapshot], survivor.editor, survivor.events.append
    )
    assert sorted(report.restored) == ["deleted", "made", "theirs"]
    assert contents_of(project) == {"theirs": b"1", "ours": b"by a person", "deleted": b"1"}
    await command.__aexit__(None, None, None)
    assert not await survivor.checkpoints.record_killed_command(run.snapshot.name, print)


async def test_goals_that_changed_after_a_command_was_killed_are_not_blamed_on_it(
    project: Path,
) -> None:
    lay_out(project, {"a": "1", ".holdfast/goals.md": "- [ ] x\n"})
    run = Run(project)
    command = run.checkpoints.record_command(run.events.append)
    await command.__aenter__()
    lay_out(project, {"a": "2", ".holdfast/goals.md": "- [x] x\n"})
    os.utime(project / ".holdfast/goals.md", (2e9, 2e9))
    survivor = Run(project)
    report = await survivor.checkpoints.undo(
        [run.snapshot], survivor.editor, survivor.events.append
    )
    assert report.restored == ("a",)
    assert (project / ".holdfast/goals.md").read_text() == "- [x] x\n"
    await command.__aexit__(None, None, None)


@pytest.fixture
def files(project: Path) -> dict[str, str | bytes]:
    contents: dict[str, str | bytes] = {
        "a.py": TEN,
        "sub/latin.txt": b"caf\xe9\r\n",
        "image.png": b"\x89PNG\0\1",
        "empty": "",
    }
    lay_out(project, contents)
    return contents


def contents_of(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


async def test_everything_a_run_did_is_undone_byte_for_byte(
    project: Path, files: dict[str, str | bytes]
) -> None:
    before = contents_of(project)
    run = Run(project)
    await run.edit("a.py", TEN.replace("line 3", "LINE 3"))
    await run.edit("new/file.txt", "new\n")

    def work() -> None:
        (project / "sub/latin.txt").unlink()
        (project / "image.png").write_bytes(b"\0other")
        (project / "empty").rename(project / "renamed")
        (project / "a.py").write_text(TEN.replace("line 3", "LINE 3").replace("line 7", "LINE 7"))
        (project / "a.py").chmod(0o755)
        (project / "made.bin").write_bytes(b"\0")

    assert await run.command(work) == [
        "a.py", "empty", "image.png", "made.bin", "renamed", "sub/latin.txt",
    ]  # fmt: skip
    await run.edit("a.py", "all new\n")
    report = await run.undo()
    assert report.conflicts == ()
    assert contents_of(project) == before
    assert not (project / "a.py").stat().st_mode & stat.S_IXUSR
    assert await run.undo() == UndoReport((), ())
    assert contents_of(project) == before


async def test_a_person_s_edits_elsewhere_are_kept(
    project: Path, files: dict[str, str | bytes]
) -> None:
    run = Run(project)
    await run.edit("a.py", TEN.replace("line 3", "LINE 3"))
    lay_out(project, {"a.py": (project / "a.py").read_text().replace("line 0", "mine 0")})
    await run.edit("a.py", (project / "a.py").read_text().replace("line 5", "LINE 5"))
    lay_out(project, {"a.py": (project / "a.py").read_text() + "mine at the end\n"})
    report = await run.undo()
    assert report == UndoReport(("a.py",), ())
    expected = TEN.replace("line 0", "mine 0") + "mine at the end\n"
    assert (project / "a.py").read_text() == expected


async def test_a_person_s_edits_of_the_same_lines_are_a_conflict(
    project: Path, files: dict[str, str | bytes]
) -> None:
    run = Run(project)
    await run.edit("a.py", TEN.replace("line 3", "LINE 3"))
    await run.edit("empty", "filled\n")
    text = TEN.replace("line 3", "mine 3")
    lay_out(project, {"a.py": text})
    report = await run.undo()
    assert report.restored == ("empty",)
    assert [conflict.path for conflict in report.conflicts] == ["a.py"]
    assert (project / "a.py").read_text() == text


@pytest.mark.parametrize(
    ("effect", "person", "reason"),
    [
        (
            lambda p: lay_out(p, {"new": "1"}),
            lambda p: lay_out(p, {"new": "2"}),
            "created by the run",
        ),
        (lambda p: (p / "a.py").unlink(), lambda p: lay_out(p, {"a.py": "x"}), "created anew"),
        (lambda p: lay_out(p, {"a.py": "x"}), lambda p: (p / "a.py").unlink(), "deleted since"),
        (
            lambda p: lay_out(p, {"image.png": b"\0x"}),
            lambda p: lay_out(p, {"image.png": b"\0y"}),
            "binary",
        ),
    ],
)
async def test_what_cannot_be_merged_is_left_as_it_is(
    project: Path,
    files: dict[str, str | bytes],
    effect: Callable[[Path], object],
    person: Callable[[Path], object],
    reason: str,
) -> None:
    run = Run(project)
    await run.command(lambda: effect(project))
    person(project)
    before = contents_of(project)
    report = await run.undo()
    assert report.restored == ()
    assert [reason in conflict.reason for conflict in report.conflicts] == [True]
    assert contents_of(project) == before


async def test_a_file_that_a_person_deleted_of_those_the_run_made_is_fine(project: Path) -> None:
    run = Run(project)
    await run.edit("new", "1")
    (project / "new").unlink()
    assert await run.undo() == UndoReport((), ())


async def test_unsaved_text_is_merged_and_not_overwritten(
    project: Path, files: dict[str, str | bytes]
) -> None:
    run = Run(project)
    await run.edit("a.py", TEN.replace("line 3", "LINE 3"))
    run.documents.open(project / "a.py", (project / "a.py").read_text() + "unsaved\n")
    report = await run.undo()
    assert [conflict.path for conflict in report.conflicts] == ["a.py"]
    assert "unsaved changes" in report.conflicts[0].reason


@pytest.mark.parametrize(
    ("effect", "person", "expected"),
    [
        (lambda p: lay_out(p, {"f": "run\n"}), lambda _: None, TEN),
        (lambda p: (p / "f").unlink(), lambda _: None, TEN),
        (
            lambda p: lay_out(p, {"f": TEN.replace("line 3", "LINE 3")}),
            lambda p: lay_out(p, {"f": (p / "f").read_text() + "mine\n"}),
            TEN + "mine\n",
        ),
        (
            lambda p: lay_out(p, {"f": TEN.replace("line 3", "LINE 3")}),
            lambda p: lay_out(p, {"f": TEN.replace("line 3", "mine 3")}),
            None,
        ),
    ],
    ids=["changed", "deleted", "changed by a person too", "conflict"],
)
async def test_the_disk_goes_back_under_a_buffer_that_was_not_read_again(
    project: Path,
    effect: Callable[[Path], object],
    person: Callable[[Path], object],
    expected: str | None,
) -> None:
    lay_out(project, {"f": TEN})
    run = Run(project)
    run.documents.open(project / "f", TEN)
    await run.command(lambda: effect(project))
    person(project)
    left = (project / "f").read_text() if (project / "f").exists() else None
    report = await run.undo()
    assert report.restored == (("f",) if expected is not None else ())
    assert [conflict.path for conflict in report.conflicts] == ([] if expected else ["f"])
    assert (project / "f").read_text() == (expected or left)
    assert run.documents.buffers()[project / "f"] == TEN


async def test_a_file_deleted_after_a_person_s_edit_comes_back_with_it(project: Path) -> None:
    lay_out(project, {"f": TEN})
    run = Run(project)
    await run.edit("f", TEN.replace("line 2", "LINE 2"))
    lay_out(project, {"f": (project / "f").read_text() + "mine\n"})
    await run.command((project / "f").unlink)
    assert (await run.undo()).conflicts == ()
    assert (project / "f").read_text() == TEN + "mine\n"


async def test_ignored_files_do_not_count_but_the_goals_file_does(project: Path) -> None:
    lay_out(project, {".gitignore": "out/\n", ".holdfast/goals.md": "- [ ] x\n"})
    run = Run(project)

    def work() -> None:
        lay_out(project, {"out/x": "1", ".holdfast/goals.md": "- [x] x\n"})

    assert await run.command(work) == [".holdfast/goals.md"]


async def test_changes_are_recorded_when_the_command_fails(project: Path) -> None:
    run = Run(project)

    def work() -> None:
        lay_out(project, {"a": "1"})
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await run.command(work)
    assert [change.path for change in run.changes] == ["a"]


async def test_the_lost_store_costs_a_warning_and_a_conflict(project: Path) -> None:
    lay_out(project, {"a": "1"})
    (project.parent / "data").write_text("in the way")
    run = Run(project)
    await run.edit("a", "2")
    await run.command(lambda: lay_out(project, {"a": "3"}))
    assert len([event for event in run.events if isinstance(event, Warned)]) == 1
    assert [change.path for change in run.changes] == ["a", "a"]
    report = await run.undo()
    assert "not kept" in report.conflicts[0].reason
    assert (project / "a").read_text() == "3"


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x0bb", "a\u2028b", "a\u2029b", "a\udcffb"])
async def test_a_name_that_undo_cannot_know_is_warned_of_once(project: Path, name: str) -> None:
    lay_out(project, {"plain": "1", "sub/x": "1"})
    (project / "sub" / name).write_text("1")
    run = Run(project)
    await run.command(lambda: lay_out(project, {"plain": "2"}))
    await run.command((project / "sub" / name).unlink)
    (warned,) = [event for event in run.events if isinstance(event, Warned)]
    assert f"sub/{name!a}" in warned.message
    assert "undo leaves alone" in warned.message


async def test_a_file_of_rules_that_is_none_is_given_back_without_a_warning(project: Path) -> None:
    lay_out(project, {"rules": "x"})
    (project / ".gitignore").symlink_to("rules")
    run = Run(project)
    await run.command((project / ".gitignore").unlink)
    assert not [event for event in run.events if isinstance(event, Warned)]
    assert (await run.undo()).restored == (".gitignore",)


async def test_a_new_process_reads_only_what_differs(project: Path) -> None:
    lay_out(project, {"a": "1"})
    first = Run(project)
    await first.command(lambda: None)
    second = Run(project)
    await second.command(lambda: lay_out(project, {"a": "2"}))
    assert (await second.undo()).restored == ("a",)
    assert (project / "a").read_text() == "1"


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\r\n", "e"]), max_size=8).map("".join)


@given(LINES, LINES)
def test_merging_with_no_other_change_takes_the_change(base: str, theirs: str) -> None:
    assert merge(base, base, theirs) == theirs
    assert merge(base, theirs, base) == theirs
    assert merge(base, theirs, theirs) == theirs


@pytest.mark.parametrize("elsewhere", ["../outside", "inside"])
@pytest.mark.parametrize("moved", ["folder", "file"])
async def test_what_leads_elsewhere_by_now_is_left_alone(
    project: Path, elsewhere: str, moved: str
) -> None:
    """A folder or a file that became a link since, by a person or by the run's own command."""
    run = Run(project)
    lay_out(project, {"d/kept": "1", "d/gone": "1"})
    await run.edit("d/kept", "2")
    await run.edit("d/made", "2")
    await run.command((project / "d/gone").unlink)
    other = lay_out(project / elsewhere, {"kept": "2", "made": "2"})
    if moved == "folder":
        (project / "d").rename(project / "was")
        (project / "d").symlink_to(other)
    else:
        for name in ("kept", "made", "gone"):
            (project / "d" / name).unlink(missing_ok=True)
            (project / "d" / name).symlink_to(other / name)
    report = await run.undo()
    assert report.restored == ()
    assert {conflict.path for conflict in report.conflicts} == {"d/kept", "d/made", "d/gone"}
    assert contents_of(other.resolve()) == {"kept": b"2", "made": b"2"}


async def test_what_lies_outside_is_never_undone(project: Path) -> None:
    run = Run(project)
    lay_out(project.parent / "outside", {"a": "1"})
    await run.edit(str((project.parent / "outside" / "a").resolve()), "2")
    (conflict,) = (await run.undo()).conflicts
    assert "outside of the workspace" in conflict.reason
    assert (project.parent / "outside" / "a").read_text() == "2"


async def test_what_git_tracks_is_given_back_though_a_rule_names_it(project: Path) -> None:
    lay_out(project, {"config.py": "a = 1\n", "dist/index.js": "built", "dist/other.js": "built"})
    git(project, "init", "-q")
    git(project, "add", ".")
    lay_out(project, {".gitignore": "dist/\nconfig.py\n", "dist/untracked.js": "built"})
    run = Run(project)

    def effect() -> None:
        lay_out(project, {"config.py": "a = 2\n", "dist/untracked.js": "again"})
        (project / "dist/index.js").unlink()

    assert sorted(await run.command(effect)) == ["config.py", "dist/index.js"]
    assert sorted((await run.undo()).restored) == ["config.py", "dist/index.js"]
    assert (project / "config.py").read_text() == "a = 1\n"
    assert (project / "dist/index.js").read_text() == "built"


async def test_a_thousand_files_come_back_as_they_were(project: Path) -> None:
    before = {f"d{number % 7}/f{number}": f"{number}\r\n\0".encode() for number in range(1000)}
    lay_out(project, before)
    run = Run(project)

    def effect() -> None:
        for name in before:
            (project / name).unlink()
        lay_out(project, {f"new/{number}": "made" for number in range(1000)})

    await run.command(effect)
    await run.undo()
    assert contents_of(project) == before
