"""What a run changed, kept or taken back by file and hunk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.domain.events import RunEnded, RunStarted
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Achieved, RunId, Task
from lsp_server.redaction.redactor import Redactor
from lsp_server.session.review.review_marks import REVIEW
from lsp_server.session.review.run_review import FileReview, RunReview
from lsp_server.session.run_errors import ChangeNotFound, RunBusy
from lsp_server.session.run_store import RunStore
from lsp_server.session.run_undo import undo_run
from lsp_server.session.runs import Runs
from lsp_server.settings.sections import Settings
from tests.harness.files import lay_out
from tests.sampling import sampled
from tests.workspace.undoable_run import Run

RUN = RunId("20260101-120000-000000")
T = TypeVar("T")


class Reviewed:
    """A run on a folder that has ended, and the review of what it changed."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.root = root.resolve()
        self.run = Run(self.root)
        self.store = RunStore(root.parent / f"runs of {root.name}")
        runs = Runs(
            self.store,
            self.root,
            Settings(),
            build=lambda _: asyncio.Future(),
            on_event=lambda run_id, recorded: None,
            check_model=lambda: "a model",
            redactor=Redactor(),
        )
        self.review = RunReview(runs, self.take_back, self.run.checkpoints, self.read)

    async def take_back(self, changes, emit, *, as_changes=False):  # type: ignore[no-untyped-def]
        return await self.run.checkpoints.undo(changes, self.run.editor, emit)

    async def read(self, path: str) -> str | None:
        try:
            return (await self.run.editor.read(self.root / path)).text
        except Exception:  # noqa: BLE001 - a file that is no text
            return None

    def end(self) -> Reviewed:
        """Writes the journal of the run."""
        journal = self.store.open(RUN)
        journal.append(RunStarted(RUN, Task("work"), str(self.root), "a model"))
        for event in self.run.events:
            journal.append(event)
        journal.append(RunEnded(Achieved("done"), 1, Usage(), Usage(), 0.0))
        journal.close()
        return self

    async def files(self) -> Mapping[str, FileReview]:
        return {one.file.path: one for one in (await self.review.changes(RUN))[1]}

    async def undo_run(self) -> None:
        remaining = self.review.remaining
        nobody = lambda run_id, recorded: None  # noqa: E731
        report = await undo_run(self.store, RUN, self.take_back, nobody, remaining)
        await self.review.note_undone(RUN, report)

    def content(self) -> dict[str, tuple[int, bytes] | str]:
        """All that is in the folder."""
        found: dict[str, tuple[int, bytes] | str] = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_symlink():
                found[name] = str(path.readlink())
            elif path.is_file():
                found[name] = (path.stat().st_mode & 0o777, path.read_bytes())
            else:
                found[name] = "folder"
        return found


async def changed(
    root: Path, before: Mapping[str, str | bytes], change: Callable[[Path], object]
) -> Reviewed:
    """A run that did this to these files by a command."""
    lay_out(root, before)
    reviewed = Reviewed(root)
    await reviewed.run.command(lambda: change(reviewed.root))
    return reviewed.end()


def lines(numbers: Mapping[int, str] = {}, count: int = 30) -> str:
    return "".join(numbers.get(number, f"{number}\n") for number in range(count))


ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])
LINE = st.sampled_from(["a", "b", "", "  c", "é", "x = 1", "\f", "}"])
TEXTS = st.lists(LINE, max_size=12)


@st.composite
def changes(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The bytes of a text, and those of another that differs from it here and there."""
    ending, codec = draw(ENDINGS), draw(CODECS)
    old = draw(TEXTS)
    new = list(old)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(new)))
        new[at : at + draw(st.integers(0, 2))] = draw(st.lists(LINE, max_size=2))
    codecs = [codec, draw(st.sampled_from([codec, codec, codec, "utf-8"]))]
    ends = [draw(st.sampled_from(["", ending])) for _ in codecs]
    texts = [ending.join(each) + end for each, end in zip((old, new), ends, strict=True)]
    return texts[0].encode(codecs[0]), texts[1].encode(codecs[1])


def in_folder(work: Callable[[Path], Awaitable[T]]) -> T:
    async def within() -> T:
        with tempfile.TemporaryDirectory() as temporary:
            return await work(Path(temporary))

    return asyncio.run(within())


@settings(max_examples=sampled(200))
@given(changes(), st.randoms(use_true_random=False))
def test_all_hunks_taken_back_in_any_order_are_an_undo_of_the_run_and_kept_again_the_run(
    change: tuple[bytes, bytes], random: object
) -> None:
    old, new = change

    async def work(folder: Path) -> None:
        run = await changed(
            folder / "project", {"a.txt": old}, lambda root: (root / "a.txt").write_bytes(new)
        )
        after = run.content()
        files = await run.files()
        if old == new:
            assert not files
            return
        parts = sorted(files["a.txt"].file.parts)
        for _ in range(2):
            random.shuffle(parts)  # type: ignore[attr-defined]
            for part in parts:
                await run.review.undo(RUN, "a.txt", part)
            assert run.content()["a.txt"] == (0o644, old)
            assert (await run.files())["a.txt"].state == "undone"
            random.shuffle(parts)  # type: ignore[attr-defined]
            for part in parts:
                await run.review.keep(RUN, "a.txt", part)
            assert run.content() == after
            assert (await run.files())["a.txt"].state == "kept"
        await run.review.undo(RUN, "a.txt", parts[0])
        await run.undo_run()
        assert run.content()["a.txt"] == (0o644, old)

    in_folder(work)


@settings(max_examples=sampled(100))
@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.randoms(use_true_random=False))
def test_what_a_person_changed_since_stays_as_with_an_undo_of_the_run(
    run_lines: set[int], own_lines: set[int], random: object
) -> None:
    """The run and the person change lines of one text, never next to each other."""
    edited = {number * 3: f"run {number}\nmore\n" for number in run_lines - own_lines}
    own = {number * 3: f"own {number}\n" for number in own_lines}

    async def work(folder: Path) -> None:
        results = []
        for name in ("whole", "by hunk"):
            run = await changed(
                folder / name,
                {"a.txt": lines()},
                lambda root: (root / "a.txt").write_text(lines(edited)),
            )
            (run.root / "a.txt").write_text(lines({**edited, **own}))
            if name == "whole":
                await run.undo_run()
            elif edited:
                hunks = [hunk.id for hunk in (await run.files())["a.txt"].hunks]
                random.shuffle(hunks)  # type: ignore[attr-defined]
                for hunk in hunks:
                    answered = await run.review.undo(RUN, "a.txt", hunk)
                    assert answered.report.conflicts == ()
            results.append(run.content())
        assert results[0] == results[1]
        assert results[0]["a.txt"] == (0o644, lines(own).encode())

    in_folder(work)


@pytest.fixture
async def reviewed(tmp_path: Path) -> Reviewed:
    edited = lines({3: "three\n", 10: "ten\nand more\n", 20: ""})
    return await changed(
        tmp_path / "project",
        {"a.txt": lines()},
        lambda root: (root / "a.txt").write_text(edited),
    )


async def test_hunks_say_where_they_are_now(reviewed: Reviewed) -> None:
    def places(file: FileReview) -> list[tuple[int, int, str, bool]]:
        return [(h.place.start, h.place.end, h.state, h.is_edited) for h in file.hunks]

    (file,) = (await reviewed.files()).values()
    assert (file.additions, file.deletions, file.file.status) == (3, 3, "modified")
    assert places(file) == [
        (3, 4, "open", False),
        (10, 12, "open", False),
        (21, 21, "open", False),
    ]
    first, second, third = (hunk.id for hunk in file.hunks)
    await reviewed.review.undo(RUN, "a.txt", second)
    path = reviewed.root / "a.txt"
    path.write_text("new\n" + path.read_text().replace("three\n", "THREE\n"))
    (file,) = (await reviewed.files()).values()
    assert places(file) == [
        (4, 5, "open", True),
        (11, 12, "undone", False),
        (21, 21, "open", False),
    ]
    assert file.state == "partly"
    await reviewed.review.keep(RUN, "a.txt", third)
    assert [hunk.id for hunk in (await reviewed.files())["a.txt"].hunks] == [first, second, third]


async def test_a_hunk_that_was_changed_since_is_left_alone(reviewed: Reviewed) -> None:
    (file,) = (await reviewed.files()).values()
    path = reviewed.root / "a.txt"
    path.write_text(path.read_text().replace("three\n", "THREE\n"))
    answered = await reviewed.review.undo(RUN, "a.txt", file.hunks[0].id)
    (conflict,) = answered.report.conflicts
    assert conflict.reason.startswith("the same lines were changed since")
    assert (await reviewed.files())["a.txt"].hunks[0].state == "open"
    assert "THREE\n" in path.read_text()


async def test_a_run_is_taken_back_and_given_back(reviewed: Reviewed) -> None:
    after = reviewed.content()
    await reviewed.undo_run()
    assert reviewed.content()["a.txt"] == (0o644, lines().encode())
    assert (await reviewed.files())["a.txt"].state == "undone"
    answered = await reviewed.review.keep(RUN)
    assert answered.gave_back
    assert reviewed.content() == after
    assert (await reviewed.files())["a.txt"].state == "kept"


async def test_to_keep_a_file_does_not_give_back_its_hunks_that_were_taken_back(
    reviewed: Reviewed,
) -> None:
    first = (await reviewed.files())["a.txt"].hunks[0].id
    await reviewed.review.undo(RUN, "a.txt", first)
    answered = await reviewed.review.keep(RUN, "a.txt")
    assert (answered.gave_back, answered.parts) == (False, 2)
    states = [hunk.state for hunk in (await reviewed.files())["a.txt"].hunks]
    assert states == ["undone", "kept", "kept"]


def rename(root: Path) -> None:
    (root / "new").mkdir()
    (root / "old/a.txt").rename(root / "new/b.txt")
    (root / "old").rmdir()


def swap(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").write_text("no link\n")


ODD: Mapping[str, tuple[Callable[[Path], object], str, str]] = {
    "made": (lambda root: lay_out(root, {"deep/er/new.txt": "new\n"}), "deep/er/new.txt", "added"),
    "made empty": (lambda root: (root / "empty").touch(), "empty", "added"),
    "removed": (lambda root: (root / "data.bin").unlink(), "data.bin", "deleted"),
    "removed text": (lambda root: (root / "plain.txt").unlink(), "plain.txt", "deleted"),
    "renamed": (rename, "new/b.txt", "renamed"),
    "binary": (lambda root: (root / "data.bin").write_bytes(b"\0\2"), "data.bin", "modified"),
    "to binary": (lambda root: (root / "plain.txt").write_bytes(b"\0\2"), "plain.txt", "modified"),
    "mode": (lambda root: (root / "plain.txt").chmod(0o755), "plain.txt", "modified"),
    "emptied": (lambda root: (root / "plain.txt").write_text(""), "plain.txt", "modified"),
    "link": (swap, "link", "modified"),
    "name": (lambda root: (root / "ta b é.txt").write_text("2\n"), "ta b é.txt", "modified"),
}


@pytest.mark.parametrize("name", ODD)
async def test_whatever_was_done_to_a_file_goes_back_and_comes_again(
    tmp_path: Path, name: str
) -> None:
    effect, path, status = ODD[name]
    root = tmp_path / "project"
    lay_out(root, {"other.txt": "other\n"})
    (root / "link").symlink_to("plain.txt")
    before_files: dict[str, str | bytes] = {
        "plain.txt": "1\n2\n",
        "data.bin": b"\0\1",
        "old/a.txt": "one\ntwo\n",
        "ta b é.txt": "1\n",
    }
    lay_out(root, before_files)
    before = Reviewed(root).content()

    def change(root: Path) -> None:
        effect(root)
        (root / "other.txt").write_text("other, too\n")

    run = await changed(root, {}, change)
    after = run.content()
    files = await run.files()
    assert set(files) == {path, "other.txt"}
    assert files[path].file.status == status
    for _ in range(2):
        undone = await run.review.undo(RUN, path)
        assert undone.report.conflicts == ()
        assert run.content() == {**before, "other.txt": after["other.txt"]}
        assert (await run.files())[path].state == "undone"
        kept = await run.review.keep(RUN, path)
        assert (kept.gave_back, kept.report.conflicts) == (True, ())
        assert run.content() == after
    await run.review.undo(RUN, path)
    await run.undo_run()
    assert run.content() == before
    assert (await run.review.keep(RUN)).gave_back
    assert run.content() == after


@pytest.mark.parametrize(
    ("path", "hunk", "text"),
    [
        ("b.txt", None, "did not change b.txt"),
        ("../a.txt", None, "did not change ../a.txt"),
        ("", None, "did not change "),
        ("a.txt", "none", "has no hunk none in a.txt"),
        ("a.txt", "file", "has no hunk file in a.txt"),
    ],
)
async def test_what_the_run_did_not_change_is_named(
    reviewed: Reviewed, path: str, hunk: str | None, text: str
) -> None:
    for answer in (reviewed.review.undo, reviewed.review.keep):
        with pytest.raises(ChangeNotFound, match=text):
            await answer(RUN, path, hunk)


async def test_nothing_is_taken_back_while_the_run_is_at_work(reviewed: Reviewed) -> None:
    journal = reviewed.store.open(RUN)
    try:
        assert (await reviewed.files())["a.txt"].state == "open"
        with pytest.raises(RunBusy):
            await reviewed.review.undo(RUN, "a.txt")
    finally:
        journal.close()


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"files": {"a.txt": 1}}', b"\xff\xfe\0"])
async def test_answers_that_cannot_be_read_are_none(reviewed: Reviewed, damage: bytes) -> None:
    await reviewed.review.keep(RUN, "a.txt")
    (reviewed.store.journal(RUN).parent / REVIEW).write_bytes(damage)
    assert (await reviewed.files())["a.txt"].state == "open"
    await reviewed.review.undo(RUN, "a.txt")
    assert reviewed.content()["a.txt"] == (0o644, lines().encode())
