"""What no undo needs any more is removed, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, FileChanged, SnapshotTaken
from lsp_server.settings.sections import CheckpointSettings
from lsp_server.system.process_lock import ProcessLock
from lsp_server.workspace.blobs import Blobs, Pruned, content_name, find_content_names
from lsp_server.workspace.checkpoints import Checkpoints
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents
from lsp_server.workspace.ignore import Ignore
from lsp_server.workspace.paths import Workspace
from tests.fakes.files import lay_out

DAY = 86_400.0
LIMITS = CheckpointSettings(days_max=30, bytes_max=1000)


def fill(folder: Path, ages_days: dict[bytes, float]) -> Blobs:
    """A store in which each content was put so many days ago."""
    blobs = Blobs(folder)
    for data, days in ages_days.items():
        blobs.put(data)
        path = path_of(folder, data)
        os.utime(path, (time.time() - days * DAY,) * 2)
    return blobs


def path_of(folder: Path, data: bytes) -> Path:
    name = content_name(data)
    return folder / name[:2] / name[2:]


def kept(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.glob("??/*")}


@pytest.mark.parametrize(
    ("ages_days", "needed", "days_max", "bytes_max", "left"),
    [
        ({b"old": 31, b"new": 29}, [], 30, 1000, {b"new"}),
        ({b"old": 31, b"needed": 99}, [b"needed"], 30, 1000, {b"needed"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [], 30, 2, {b"2", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [b"1"], 30, 2, {b"1", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 1}, [b"1", b"2", b"3"], 30, 1, {b"1", b"2", b"3"}),
        ({b"1": 3, b"2": 2, b"3": 0}, [], 30, 1, {b"3"}),
        ({b"young": 0.01}, [], 0.001, 1, {b"young"}),
        ({}, [b"never put"], 30, 1000, set()),
    ],
    ids=[
        "old", "old but needed", "too many bytes", "too many, the oldest needed",
        "all needed and too many", "the young stay", "young for any limit", "empty",
    ],
)  # fmt: skip
def test_contents_go_by_age_and_size(
    tmp_path: Path,
    ages_days: dict[bytes, float],
    needed: list[bytes],
    days_max: float,
    bytes_max: int,
    left: set[bytes],
) -> None:
    blobs = fill(tmp_path, ages_days)
    names = [content_name(data, executable=data == b"needed") for data in needed]
    pruned = blobs.prune(names, days_max=days_max, bytes_max=bytes_max)
    gone = ages_days.keys() - left
    assert kept(tmp_path) == left
    assert pruned == Pruned(len(gone), sum(map(len, gone)))
    assert blobs.prune(names, days_max=days_max, bytes_max=bytes_max) == Pruned(0, 0)


def test_a_content_that_is_put_again_is_young(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"x": 99})
    blobs.put(b"x")
    assert blobs.prune([], days_max=30, bytes_max=1) == Pruned(0, 0)


def test_pruning_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"1": 99, b"2": 98})
    answers = iter([False, True])
    blobs.prune([], days_max=30, bytes_max=1000, stopped=lambda: next(answers))
    assert kept(tmp_path) == {b"2"}


def test_names_are_found_in_any_text() -> None:
    name = content_name(b"x")
    text = f'{{"after":"{name}+x","snapshot":"0123456789abcdef","longer":"{name}0"}}'
    assert list(find_content_names(text.encode())) == [name]


KILLED = """
import os, pathlib, signal, sys
from lsp_server.workspace.blobs import Blobs
unlink = pathlib.Path.unlink
def die(path, *rest, **more):
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.unlink = die
Blobs(pathlib.Path(sys.argv[1])).prune([], days_max=30, bytes_max=1000)
"""


def test_a_content_survives_a_process_that_was_killed_while_it_removed_it(tmp_path: Path) -> None:
    blobs = fill(tmp_path, {b"needed again": 99, b"old": 98})
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert blobs.get(content_name(b"needed again")) is None
    blobs.prune([content_name(b"needed again")], days_max=30, bytes_max=1000)
    assert kept(tmp_path) == {b"needed again"}


class Store:
    """The checkpoints of a project, and a run whose every change lies long ago."""

    def __init__(self, project: Path) -> None:
        self.folder = project.parent / "data"
        workspace = Workspace(project)
        self.checkpoints = Checkpoints(self.folder, workspace, Ignore(workspace))
        self.editor = DiskEditor(Documents())
        self.events: list[Event] = []

    async def run(self, effect: Callable[[], object]) -> None:
        async with self.checkpoints.record_command(self.events.append):
            effect()

    def grow_old(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file():
                os.utime(path, (1e9, 1e9))

    def needed(self) -> Collection[str]:
        changes = [event for event in self.events if isinstance(event, FileChanged)]
        return {name for change in changes for name in (change.before, change.after) if name}

    async def prune(self, needed: Callable[[], Collection[str]] = tuple) -> Pruned | None:
        return await self.checkpoints.pruner.prune(LIMITS, needed)

    async def restored(self) -> tuple[str, ...]:
        history = [e for e in self.events if isinstance(e, FileChanged | SnapshotTaken)]
        return (await self.checkpoints.undo(history, self.editor)).restored


@pytest.fixture
def store(project: Path) -> Store:
    lay_out(project, {"a": "1", "same": "2"})
    return Store(project)


async def test_undo_works_as_long_as_somebody_says_that_it_is_needed(
    project: Path, store: Store
) -> None:
    await store.run(lambda: lay_out(project, {"a": "3"}))
    store.grow_old()
    assert await store.prune(store.needed) == Pruned(0, 0)
    assert await store.restored() == ("a",)


async def test_undo_of_a_run_that_is_too_old_says_that_nothing_is_kept(
    project: Path, store: Store
) -> None:
    await store.run(lambda: lay_out(project, {"a": "3"}))
    store.grow_old()
    assert await store.prune() == Pruned(1, 1)
    assert await store.restored() == ()
    assert (project / "a").read_text() == "3"


async def test_what_the_next_command_changes_can_be_undone_after_pruning(
    project: Path, store: Store
) -> None:
    await store.run(lambda: None)
    store.grow_old()
    assert await store.prune() == Pruned(0, 0)
    another = Store(project)
    await another.run(lambda: lay_out(project, {"a": "3", "same": "4"}))
    assert await another.restored() == ("a", "same")


async def test_a_file_that_cannot_be_seen_just_now_is_still_kept(
    project: Path, store: Store
) -> None:
    os.utime(project / "a", (1e9, 1e9))
    tree = store.checkpoints.tree
    tree._racy_ns = 0
    await store.run(lambda: None)
    (project / ".gitignore").write_text("a\n")
    store.grow_old()
    await store.prune()
    (project / ".gitignore").unlink()
    another = Store(project)
    await another.run(lambda: lay_out(project, {"a": "3"}))
    assert await another.restored() == ("a",)


async def test_what_a_killed_command_did_can_be_undone_after_pruning(
    project: Path, store: Store
) -> None:
    command = store.checkpoints.record_command(store.events.append)
    await command.__aenter__()
    lay_out(project, {"a": "3"})
    for path in (store.folder / "blobs").glob("??/*"):
        os.utime(path, (1e9, 1e9))
    survivor = Store(project)
    survivor.events = [*store.events]
    await survivor.prune()
    assert await survivor.restored() == ("a",)
    await command.__aexit__(None, None, None)


async def test_one_process_prunes_at_a_time(project: Path, store: Store) -> None:
    await store.run(lambda: lay_out(project, {"a": "3"}))
    store.grow_old()
    other = ProcessLock(store.folder / "prune.lock")
    assert other.acquire()
    assert await store.prune() is None
    other.release()
    assert await store.prune() == Pruned(1, 1)


async def test_nothing_goes_when_nobody_knows_what_is_needed(project: Path, store: Store) -> None:
    await store.run(lambda: lay_out(project, {"a": "3"}))
    store.grow_old()

    def fail() -> Collection[str]:
        raise HoldfastError("a journal cannot be read")

    with pytest.raises(HoldfastError):
        await store.prune(fail)
    await store.checkpoints.pruner.prune_later(lambda: LIMITS, fail, wait_seconds=0)
    assert await store.restored() == ("a",)


async def test_it_prunes_once_a_day_and_only_if_something_may_go(
    project: Path, store: Store
) -> None:
    asked = []

    def needed() -> Collection[str]:
        asked.append(1)
        return ()

    async def later() -> int:
        before = len(asked)
        await store.checkpoints.pruner.prune_later(lambda: LIMITS, needed, wait_seconds=0)
        return len(asked) - before

    assert await later() == 0  # no store
    await store.run(lambda: lay_out(project, {"a": "3"}))
    assert await later() == 0  # nothing old
    store.grow_old()
    assert await later() == 1
    store_again = Blobs(store.folder / "blobs")
    store_again.put(b"more")
    os.utime(path_of(store.folder / "blobs", b"more"), (1e9, 1e9))
    assert await later() == 0  # today it was done
    os.utime(store.folder / "pruned", (1e9, 1e9))
    assert await later() == 1
