"""This module opens the base that a workspace shares with a team, and builds one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lsp_server.assemble.embedder import embedder_of
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_builder import BaseBuilder, BuildReport, Progress
from lsp_server.memory.base.base_reader import BASE_SETTING, Base
from lsp_server.memory.base.base_source import BaseSource
from lsp_server.memory.base.workspace_base import WorkspaceBase
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.settings.regular_files import read_whole
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.atomic_file import replace_file
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_tree import GitTree, repository_name

OPEN_SECONDS_MAX = 20.0
LAST_BASE = "base.json"
"""Which commit the base had the last time, for when its store cannot be reached."""
LAST_BASE_BYTES_MAX = 10_000


async def open_base(
    folder: Path,
    workspace: Workspace,
    embedder: Embedder,
    commands: CommandRunner,
    settings: MemorySettings,
) -> WorkspaceBase:
    """Opens the base that the settings name, if they do.

    One that cannot be used is left out, and the result says why: then the workspace is
    indexed whole. Where its store cannot be reached, what differs is searched alone.
    `folder` has what is known from the last time. `commands` run git.
    """
    uri = settings.base_uri
    if uri is None:
        return WorkspaceBase()
    tree, last = GitTree.of(workspace.root, commands), folder / LAST_BASE
    try:
        name = repository_name(await tree.origin(), workspace.root)
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            base = await Base.open(uri, name, embedder.fingerprint)
    except (PlaceUnavailable, TimeoutError) as error:
        commit = await asyncio.to_thread(_last_commit, last, uri)
        reason = str(error) or "its store is slow"
        if not commit:
            return WorkspaceBase(refusal=f"the base is not used: {reason}")
        refusal = f"only what differs from the base is searched: {reason}"
        return WorkspaceBase(None, partial(tree.differing, commit), refusal)
    except MemoryUnavailable as error:
        return WorkspaceBase(refusal=str(error))
    commit = base.build.commit
    if not await tree.has(commit):
        return WorkspaceBase(
            refusal=f"the base is of commit {commit[:12]}, which this clone does not have; "
            f"`git fetch`, or unset {BASE_SETTING}"
        )
    noted = json.dumps({"uri": uri, "commit": commit}).encode()
    await asyncio.to_thread(replace_file, last, noted, private=True, durable=False)
    return WorkspaceBase(base, partial(tree.differing, commit))


async def build_base(
    workspace: Workspace,
    secrets: Callable[[], Secrets],
    commands: CommandRunner,
    start_process: StartProcess,
    settings: MemorySettings,
    uri: str,
    *,
    full: bool,
    progress: Progress,
) -> BuildReport:
    """Builds the base of the workspace's last commit at `uri`; `full` reads all files again.

    Raises ConfigurationError, MemoryUnavailable.
    """
    settings.require_usable()
    tree = GitTree.of(workspace.root, commands)
    commit = await tree.commit()
    name = repository_name(await tree.origin(), workspace.root)
    known = await asyncio.to_thread(secrets)
    source = await BaseSource.of(name, tree, commit, known)
    workers = ParseWorkers(start_process)
    try:
        builder = BaseBuilder(
            uri,
            embedder_of(settings),
            workers,
            file_bytes_max=settings.file_bytes_max,
            progress=progress,
        )
        return await builder.build([source], full=full)
    finally:
        await workers.close()


def _last_commit(path: Path, uri: str) -> str:
    """Returns the commit that the base at `uri` had; empty when that is not known."""
    try:
        noted = json.loads(read_whole(path, LAST_BASE_BYTES_MAX))
    except (OSError, ValueError):
        return ""
    same = isinstance(noted, dict) and noted.get("uri") == uri
    return str(noted.get("commit", "")) if same else ""
