"""This module is what a worker of a cluster does: it reads files of a clone as an editor would."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial

from lsp_server import __version__
from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.cluster.file_reader import FilePart
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.memory.base.base_source import BaseSource
from lsp_server.memory.parse_workers import ParseWorkers
from lsp_server.memory.parsing import FileRead
from lsp_server.sandbox.scratch_folder import remove_abandoned
from lsp_server.settings.folders import config_folder, data_folder
from lsp_server.settings.sections import Settings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.git.git_tree import GitTree


async def read_part(part: FilePart) -> list[FileRead]:
    """Reads and cuts the files of a part. Raises ConfigurationError, MemoryUnavailable."""
    if part.version != __version__:
        raise MemoryUnavailable(
            f"a worker has Holdfast {__version__}, and the builder {part.version}; install the "
            "same version on all machines"
        )
    # On a machine of workers alone, nothing else looks for what a killed one left.
    await asyncio.to_thread(remove_abandoned)
    sandboxes = Sandboxes(part.root, (data_folder(), config_folder()), HostCommandRunner())
    tree = GitTree.of(part.root, sandboxes.own_programs(Settings))
    source = BaseSource(part.repository, part.commit, tree, part.blobs, part.secrets)
    workers = ParseWorkers(partial(sandboxes.start_own, Settings), 1)
    try:
        reading = source.read(part.blobs, workers, file_bytes_max=part.file_bytes_max)
        async with aclosing(reading) as answers:
            return [read async for answer in answers for read in answer]
    finally:
        await workers.close()
