"""Which files change, as far as the system tells.

A hint and not the truth: events get lost, and where nothing can be watched the
place is looked over now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

GATHER_MILLISECONDS = 200
"""What comes within it is told together."""
LOOK_OVER_SECONDS = 600.0
LOOK_OVER_SECONDS_BLIND = 30.0
"""How often all is compared while nothing can be watched."""

_log = logging.getLogger(__name__)


async def changes(root: Path) -> AsyncIterator[set[Path]]:
    """What changed below `root`; `root` itself means that anything may have.

    Never ends by itself. Folders of version control are passed over, but for a
    change of branch.
    """
    try:
        async for changed in _watched(root):
            yield changed
    except OSError as error:
        # Too many folders for inotify, most of the time.
        _log.warning("files cannot be watched (%s); they are looked over instead", error)
    while True:
        await asyncio.sleep(LOOK_OVER_SECONDS_BLIND)
        yield {root}


async def _watched(root: Path) -> AsyncIterator[set[Path]]:
    """Raises OSError when it cannot be watched."""
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
        rust_timeout=int(LOOK_OVER_SECONDS * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
        recursive=True,
    )
    async for events in watched:
        paths = {Path(path) for _, path in events}
        yield {root} if not paths or head in paths else paths
