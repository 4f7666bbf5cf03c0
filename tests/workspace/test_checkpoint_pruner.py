"""What no undo needs any more is removed, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.events import Event, FileChanged, SnapshotTaken
from lsp_server.settings.sections import CheckpointSettings
from lsp_server.system.process_lock import ProcessLock
from lsp_server.workspace.checkpoints.blobs import Blobs, Pruned
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.files import lay_out

LIMITS = CheckpointSettings(days_max=30, bytes_max=1000)


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

    def grow_old(self, but: str = "") -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != but:
                os.utime(path, (1e9, 1e9))

    def needed(self) -> Collection[str]:
        changes = [event for event in self.events if isinstance(event, FileChanged)]
        return {name for change in changes for name in (change.before, change.after) if name}

    async def prune(self, needed: Callable[[], Collection[str]] = tuple) -> Pruned | None:
        return await self.checkpoints.pruner.prune(LIMITS, needed)

    async def restored(self) -> tuple[str, ...]:
        history = [e for e in self.events if isinstance(e, FileChanged | SnapshotTaken)]
        return (await self.checkpoints.undo(history, self.editor, print)).restored


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
    store.grow_old(but="pruned")
    assert await later() == 0  # today it was done
    os.utime(store.folder / "pruned", (1e9, 1e9))
    assert await later() == 1
