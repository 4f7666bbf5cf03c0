"""This module opens the base that a workspace shares with a team, and builds one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from lsp_server.assemble.cluster_worker import read_part
from lsp_server.assemble.embedder import embedder_of
from lsp_server.cluster.embedder import RayEmbedder
from lsp_server.cluster.file_reader import RayFileReader
from lsp_server.cluster.ray_cluster import ray_cluster
from lsp_server.domain.errors import ConfigurationError, MemoryUnavailable
from lsp_server.domain.ports import Embedder
from lsp_server.memory.base.base_builder import (
    VECTORS_AT_ONCE,
    BaseBuilder,
    BuildReport,
    Progress,
)
from lsp_server.memory.base.base_copies import BaseCopies
from lsp_server.memory.base.base_reader import BASE_SETTING, Base
from lsp_server.memory.base.base_source import BaseSource, FileReader, LocalFileReader
from lsp_server.memory.base.differing_code import DifferingCode
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.storage_errors import PlaceUnavailable
from lsp_server.memory.workspace_code import OpenCode, OwnCode
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.sandbox import StartProcess
from lsp_server.sandbox.scratch_folder import remove_abandoned
from lsp_server.settings.regular_files import read_whole
from lsp_server.settings.sections import MemorySettings
from lsp_server.system.atomic_file import replace_file
from lsp_server.workspace.commands.commands import CommandRunner
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_tree import GitTree, repository_name

OPEN_SECONDS_MAX = 20.0
OPEN_BESIDE_COPY_SECONDS_MAX = 5.0
"""Where a copy can be searched, nobody is to wait for long."""
LAST_BASE = "base.json"
"""Which commit the base had the last time, for when its store cannot be reached."""
LAST_BASE_BYTES_MAX = 10_000
COPIES = "base"


async def open_base(
    folder: Path,
    workspace: Workspace,
    embedder: Embedder,
    commands: CommandRunner,
    uri: str,
    *,
    copy_bytes_max: int,
) -> OpenCode:
    """Opens the base at `uri`, and returns what makes the code of a memory over it.

    One that cannot be used is left out, and the status says why: then the workspace is
    indexed whole. Where its store cannot be reached, a copy in `folder` is used, of at most
    `copy_bytes_max`, and without one what differs is searched alone. `commands` run git.
    """
    tree, last = GitTree.of(workspace.root, commands), folder / LAST_BASE
    name = repository_name(await tree.origin(), workspace.root)
    copies = BaseCopies(folder / COPIES, uri, name, embedder.fingerprint, copy_bytes_max)
    copy = await copies.newest()
    try:
        async with asyncio.timeout(OPEN_BESIDE_COPY_SECONDS_MAX if copy else OPEN_SECONDS_MAX):
            company = await Base.open(uri, name, embedder.fingerprint)
    except (PlaceUnavailable, TimeoutError) as error:
        commit = copy.build.commit if copy else await asyncio.to_thread(_last_commit, last, uri)
        return await _without_store(tree, copy, commit, str(error) or "its store is slow")
    except MemoryUnavailable as error:
        return partial(OwnCode, problems=(str(error),))
    commit = company.build.commit
    if not await tree.has(commit):
        refusal = (
            f"the base is of commit {commit[:12]}, which this clone does not have; "
            f"`git fetch`, or unset {BASE_SETTING}"
        )
        return partial(OwnCode, problems=(refusal,))
    noted = json.dumps({"uri": uri, "commit": commit}).encode()
    await asyncio.to_thread(replace_file, last, noted, private=True, durable=False)
    return partial(
        DifferingCode,
        find_differing=partial(tree.differing, commit),
        base=copy if copy and copy.is_of(company.build) else company,
        company=company,
        copies=copies,
    )


async def _without_store(tree: GitTree, copy: Base | None, commit: str, reason: str) -> OpenCode:
    """Returns what makes the code over a copy, or over a commit that the base had."""
    if not commit or (copy and not await tree.has(commit)):
        return partial(OwnCode, problems=(f"the base is not used: {reason}",))
    searched = "a copy of the base" if copy else "only what differs from the base"
    refusal = f"{searched} is searched: {reason}"
    differing = partial(tree.differing, commit)
    return partial(DifferingCode, find_differing=differing, base=copy, refusal=refusal)


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
    repositories: Sequence[Path] = (),
    ray: str | None = None,
    connected: Callable[[str], None] = lambda _: None,
) -> BuildReport:
    """Builds the base of the last commits of clones, by default of the workspace, at `uri`.

    `full` reads all files again. With `ray`, the address of a cluster, its workers do it, and
    `connected` is called with the address of its dashboard, empty where it has none.
    Raises ConfigurationError, MemoryUnavailable.
    """
    settings.require_usable()
    # On a machine that only builds, nothing else looks for what a killed build left.
    await asyncio.to_thread(remove_abandoned)
    known = await asyncio.to_thread(secrets)
    sources = [
        await _source_of(root, commands, known) for root in repositories or (workspace.root,)
    ]
    names = [source.repository for source in sources]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"two clones are of {min(twice)}; name one of them")
    async with _work(settings, start_process, ray, connected) as (embedder, reader, at_once):
        builder = BaseBuilder(uri, embedder, reader, vectors_at_once=at_once, progress=progress)
        return await builder.build(sources, full=full)


@asynccontextmanager
async def _work(
    settings: MemorySettings,
    start_process: StartProcess,
    ray: str | None,
    connected: Callable[[str], None],
) -> AsyncIterator[tuple[Embedder, FileReader, int]]:
    """Makes what embeds and reads, here or on a cluster, and how many texts that takes at once."""
    if ray is not None:
        async with ray_cluster(ray) as cluster:
            connected(cluster.dashboard)
            embedder = RayEmbedder(cluster, partial(embedder_of, settings))
            reader = RayFileReader(cluster, read_part, file_bytes_max=settings.file_bytes_max)
            yield embedder, reader, VECTORS_AT_ONCE * cluster.cpus
        return
    workers = ParseWorkers(start_process)
    try:
        local = LocalFileReader(workers, file_bytes_max=settings.file_bytes_max)
        yield embedder_of(settings), local, VECTORS_AT_ONCE
    finally:
        await workers.close()


async def _source_of(root: Path, commands: CommandRunner, secrets: Secrets) -> BaseSource:
    tree = GitTree.of(root, commands)
    name = repository_name(await tree.origin(), root)
    return await BaseSource.of(name, tree, await tree.commit(), secrets)


def _last_commit(path: Path, uri: str) -> str:
    """Returns the commit that the base at `uri` had; empty when that is not known."""
    try:
        noted = json.loads(read_whole(path, LAST_BASE_BYTES_MAX))
    except (OSError, ValueError):
        return ""
    same = isinstance(noted, dict) and noted.get("uri") == uri
    return str(noted.get("commit", "")) if same else ""
