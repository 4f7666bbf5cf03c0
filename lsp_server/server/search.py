"""`workspace/symbol`: every editor's symbol picker as a search of the code by meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from lsprotocol import types

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import CodeChunk, Hit, Query
from lsp_server.server import to_lsp
from lsp_server.server.folders import Folder, Folders

HITS_MAX = 30
SECONDS_MAX = 1.0
"""A picker asks again with the next key."""

KINDS = {
    "class": types.SymbolKind.Class,
    "function": types.SymbolKind.Function,
    "method": types.SymbolKind.Method,
    "type": types.SymbolKind.Struct,
    "module": types.SymbolKind.Module,
    "macro": types.SymbolKind.Constant,
}
"""What is no definition is shown as its file."""


class SymbolSearch:
    """Asks the memories of all folders."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    async def find(self, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        """Best first; nothing while memory is not there."""
        if not params.query.strip():
            return []
        query = Query(params.query, ("code",), HITS_MAX)
        found: list[tuple[Folder, Hit]] = []
        for folder in self._folders:
            found += [(folder, hit) for hit in await _hits(folder, query)]
        found.sort(key=lambda pair: -pair[1].score)
        return list(_symbols(found[:HITS_MAX]))


async def _hits(folder: Folder, query: Query) -> tuple[Hit, ...]:
    if folder.session is None:
        return ()
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await folder.session.memory.search(query)
    except (MemoryUnavailable, TimeoutError):
        return ()


def _symbols(found: list[tuple[Folder, Hit]]) -> Iterator[types.SymbolInformation]:
    for folder, hit in found:
        chunk = hit.found
        if isinstance(chunk, CodeChunk):
            span = types.Range(
                types.Position(chunk.start_line - 1, 0), types.Position(chunk.end_line, 0)
            )
            yield types.SymbolInformation(
                name=chunk.symbol or chunk.path.rpartition("/")[2],
                kind=KINDS.get(chunk.kind, types.SymbolKind.File),
                location=types.Location(to_lsp.uri(folder.root / chunk.path), span),
                container_name=chunk.path,
            )
