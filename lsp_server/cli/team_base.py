"""This module is `holdfast index --base`: it builds the base of memory that a team shares."""

from __future__ import annotations

import sys
from pathlib import Path

from lsp_server.cli.exit_status import UsageError
from lsp_server.cli.memory import memory_session, progress_bar, run_quietly
from lsp_server.domain.permissions import visible
from lsp_server.memory.base.base_builder import BuildReport
from lsp_server.settings.address import without_credentials


def build_base(workspace: Path, uri: str, *, full: bool) -> int:
    """Builds the base of the workspace's last commit at `uri`; the exit status."""
    return run_quietly(_build_base(workspace, uri, full=full))


async def _build_base(workspace: Path, uri: str, *, full: bool) -> int:
    if not uri.strip():
        raise UsageError("say where the base is to lie, as in `--base s3://bucket/memory`")
    with progress_bar() as progress:
        async with memory_session(workspace) as session:
            done = await session.memory.build_base(
                session.settings.memory, uri, full=full, progress=progress
            )
    sys.stdout.write(
        f"{visible(_text(done))}\nset memory.base_uri to {visible(without_credentials(uri))}\n"
    )
    return 0


def _text(done: BuildReport) -> str:
    counts = f"{done.files} files read and {done.removed} gone"
    vectors = f"{done.embedded} vectors made, {done.reused} were there"
    repositories = [
        f"{one.repository} at commit {one.commit[:12]}: {one.files} files in {one.chunks} pieces"
        for one in done.builds
    ]
    return "\n".join([f"{counts}; {vectors}", *repositories])
