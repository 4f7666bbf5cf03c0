"""This module is `holdfast index --base`: it builds the base of memory that a team shares."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from lsp_server.cli.exit_status import UsageError
from lsp_server.cli.memory import opened_memory, progress_bar, run_quietly
from lsp_server.cluster.ray_cluster import LOCAL
from lsp_server.domain.permissions import visible
from lsp_server.memory.base.base_builder import BuildReport
from lsp_server.settings.address import without_credentials
from lsp_server.text.count import count_of


def build_base(
    workspace: Path, uri: str, repositories: Path | None, *, full: bool, ray: str | None
) -> int:
    """Builds the base of the last commits at `uri`; the exit status.

    `repositories` is a file that names clones, one a line; without one it is the workspace's.
    """
    return run_quietly(_build_base(workspace, uri, repositories, full=full, ray=ray))


async def _build_base(
    workspace: Path, uri: str, repositories: Path | None, *, full: bool, ray: str | None
) -> int:
    if not uri.strip():
        raise UsageError("say where the base is to lie, as in `--base s3://bucket/memory`")
    clones = await asyncio.to_thread(_clones, repositories) if repositories else ()
    with progress_bar() as progress:
        async with opened_memory(workspace) as memory:
            done = await memory.build_base(
                memory.opener.settings,
                uri,
                full=full,
                progress=progress,
                repositories=clones,
                ray=ray or (LOCAL if ray is not None else None),
                connected=show_dashboard,
            )
    place = visible(without_credentials(uri))
    sys.stdout.write(f"{visible(_text(done))}\nset memory.base_uri to {place}\n")
    return 0


def show_dashboard(address: str) -> None:
    """Says on standard error where the work of a cluster can be watched, if it can be."""
    if address:
        sys.stderr.write(f"Ray's dashboard: {visible(address)}\n")


def _clones(listed: Path) -> tuple[Path, ...]:
    """Returns the folders that a file names, one a line, relative to it. Raises UsageError."""
    try:
        lines = listed.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{listed} cannot be read ({error})") from error
    names = [line.strip() for line in lines]
    folders = [
        (listed.parent / Path(name).expanduser()).resolve()
        for name in names
        if name and not name.startswith("#")
    ]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder; clone what {listed.name} names first")
    if not folders:
        raise UsageError(f"{listed} names no clone; write the path of one on each line")
    return tuple(dict.fromkeys(folders))


def _text(done: BuildReport) -> str:
    counts = f"{count_of(done.files, 'file')} read and {done.removed} gone"
    vectors = f"{count_of(done.embedded, 'vector')} made, {done.reused} were there"
    repositories = [
        f"{one.repository} at commit {one.commit[:12]}: {count_of(one.files, 'file')} "
        f"in {count_of(one.chunks, 'piece')}"
        for one in done.builds
    ]
    return "\n".join([f"{counts}; {vectors}", *repositories])
