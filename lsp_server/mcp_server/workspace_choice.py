"""A `WorkspaceChoice` finds the folder that a client works in, and opens its session once."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.session.lending import Lending

ROOTS_SECONDS_MAX = 10.0
FOLDERS_MAX = 8
"""A client that moves from folder to folder keeps so many of them open."""

OpenLending: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Lending]]
"""Opens the session of a folder for another agent. Raises HoldfastError."""

_log = logging.getLogger(__name__)


class WorkspaceChoice:
    """A `WorkspaceChoice` belongs to one connection. Close it.

    `named` is the folder that a person named; else the first root of a client that has roots
    counts, and `started_in` where it has none.
    """

    def __init__(self, open_lending: OpenLending, named: Path | None, started_in: Path) -> None:
        self._open_lending = open_lending
        self._named = named
        self._started_in = started_in
        self._stack = AsyncExitStack()
        self._open: dict[Path, Lending] = {}
        self._choosing = asyncio.Lock()
        self._chosen: Path | None = named

    async def lending(self, context: ServerRequestContext) -> Lending:
        """Returns what is lent of the folder that is meant. Raises HoldfastError."""
        async with self._choosing:
            if self._chosen is None:
                self._chosen = await _root_of(context) or _project(self._started_in)
            folder = self._chosen
            if folder not in self._open:
                if len(self._open) >= FOLDERS_MAX:
                    raise ToolError(f"{FOLDERS_MAX} folders are open here; start another server")
                lending = await self._stack.enter_async_context(self._open_lending(folder))
                self._open[folder] = lending
                lending.session.watch()
            return self._open[folder]

    def roots_changed(self) -> None:
        """Takes in that the client has other roots now."""
        self._chosen = self._named

    async def close(self) -> None:
        """Closes all sessions."""
        await self._stack.aclose()


async def _root_of(context: ServerRequestContext) -> Path | None:
    """Returns the client's first root that is a folder, None where it tells of none."""
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.roots is None or not context.session.can_send_request:
        return None
    try:
        async with asyncio.timeout(ROOTS_SECONDS_MAX):
            with warnings.catch_warnings():
                # The newest version of the protocol has no roots; clients of the others do.
                warnings.simplefilter("ignore", MCPDeprecationWarning)
                roots = (await context.session.list_roots()).roots
    except (TimeoutError, MCPError) as error:
        _log.warning("the client did not say what its roots are: %s", error)
        return None
    folders = (Path(unquote(urlsplit(str(root.uri)).path)) for root in roots)
    return next((folder.resolve() for folder in folders if folder.is_dir()), None)


def _project(folder: Path) -> Path:
    """Returns the folder that it was started in. Raises HoldfastError where that is no project."""
    if folder in (Path(folder.anchor), Path.home().resolve()):
        raise HoldfastError(
            f"{folder} is no project; start it as `holdfast mcp --workspace FOLDER`, "
            "or in the project's folder"
        )
    return folder
