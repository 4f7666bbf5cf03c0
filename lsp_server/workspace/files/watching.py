"""This module reports which files change, as far as the system says so.

Reports are hints: events get lost, and where nothing can be watched everything
is reported as changed now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

GATHER_MILLISECONDS = 200
"""Changes within it are reported together."""
RESCAN_SECONDS = 600.0
"""The time between two reports of everything, since events get lost."""
RESCAN_SECONDS_UNWATCHED = 30.0
"""The same while nothing can be watched."""

_log = logging.getLogger(__name__)


async def watch_files(root: Path) -> AsyncIterator[set[Path]]:
    """Gives the paths that changed below `root`; `root` itself means that anything may have.

    It never ends by itself. Folders of version control are passed over, except for
    a change of branch.
    """
    try:
        async for changed in _watched(root):
            yield changed
    except OSError as error:
        # Too many folders for inotify, most of the time.
        _log.warning("files cannot be watched (%s); they are compared now and then instead", error)
    while True:
        await asyncio.sleep(RESCAN_SECONDS_UNWATCHED)
        yield {root}


async def _watched(root: Path) -> AsyncIterator[set[Path]]:
    """Gives changes as the system reports them. Raises OSError when it cannot watch."""
    from watchfiles import awatch  # noqa: PLC0415 - not needed to answer `initialize`

    head = root / ".git" / "HEAD"

    def counts(_: object, path: str) -> bool:
        parts = Path(path).relative_to(root).parts
        return ".git" not in parts or path == str(head)

    watched = awatch(
        root,
        watch_filter=counts,
        debounce=GATHER_MILLISECONDS,
        step=GATHER_MILLISECONDS // 4,
        rust_timeout=int(RESCAN_SECONDS * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
        recursive=True,
    )
    async for events in watched:
        paths = {Path(path) for _, path in events}
        # After a change of branch any file may be another one, and not all are reported.
        yield {root} if not paths or head in paths else paths
