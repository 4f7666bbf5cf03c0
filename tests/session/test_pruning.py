"""Runs name the contents that their undo needs."""

from __future__ import annotations

import os
from pathlib import Path

from lsp_server.agent.journal import JOURNAL_NAME
from lsp_server.session.run_store import contents_needed
from lsp_server.settings.sections import CheckpointSettings
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from tests.harness.workshop import calls, finish, workshop

LIMITS = CheckpointSettings(bytes_max=1)


async def test_a_run_can_be_undone_after_pruning_until_it_is_too_old(project: Path) -> None:
    (project / "a.txt").write_text("0\n")
    turns = [
        calls(("shell", {"command": "echo 1 > a.txt"})), finish(),
        calls(("shell", {"command": "echo 2 > a.txt"})), finish(),
    ]  # fmt: skip
    async with workshop(project, turns) as shop:
        runs = shop.session.runs
        await shop.run("old")
        await shop.run("new")
        newest, oldest = (summary.run_id for summary in runs.list())
        store = runs.store
        every_name = contents_needed(store, LIMITS.days_max)
        assert len(every_name) == 3

        age(runs.store.folder.parent / "checkpoints")
        os.utime(runs.store.folder / oldest / JOURNAL_NAME, (1e9, 1e9))
        workspace = Workspace(project)
        checkpoints = Checkpoints(
            runs.store.folder.parent / "checkpoints", workspace, Ignore(workspace)
        )
        pruned = await checkpoints.pruner.prune(
            LIMITS, lambda: contents_needed(store, LIMITS.days_max)
        )
        assert pruned is not None
        assert pruned.files == 1
        assert (await shop.session.undo(newest)).restored == ("a.txt",)
        assert (project / "a.txt").read_text() == "1\n"
        (conflict,) = (await shop.session.undo(oldest)).conflicts
        assert "too long ago" in conflict.reason


def age(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (1e9, 1e9))
