"""This module finds code by meaning for `workspace/symbol`, the symbol picker of an editor."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from lsprotocol import types

from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import CodeChunk, Hit, Query
from lsp_server.server import to_lsp
from lsp_server.server.folders import Folder, Folders
from lsp_server.session.session import Session
from lsp_server.text.tokenizer import tokenize

HITS_MAX = 30
SECONDS_MAX = 1.0
"""How long a search may take: a picker asks again with the next key."""

KINDS = {
    "class": types.SymbolKind.Class,
    "function": types.SymbolKind.Function,
    "method": types.SymbolKind.Method,
    "type": types.SymbolKind.Struct,
    "module": types.SymbolKind.Module,
    "macro": types.SymbolKind.Constant,
}
"""A piece of code of another kind is shown as a file."""


class SymbolSearch:
    """A `SymbolSearch` asks the memories of all folders."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    async def find(self, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
        """Returns the definitions found, best first; none while memory is not open."""
        if not params.query.strip():
            return []
        query = Query(params.query, ("code",), HITS_MAX)
        found: list[tuple[Folder, Hit]] = []
        for folder, session in self._folders.opened():
            found += [(folder, hit) for hit in await _hits(session, query)]
        found.sort(key=lambda pair: -pair[1].score)
        return list(_symbols(params.query, found[:HITS_MAX]))


async def _hits(session: Session, query: Query) -> tuple[Hit, ...]:
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await session.memory.search(query)
    except (MemoryUnavailable, TimeoutError):
        return ()


def _symbols(query: str, found: list[tuple[Folder, Hit]]) -> Iterator[types.SymbolInformation]:
    """A symbol for the definition in each piece of code that was asked for, else for the piece.

    Pieces of a file that have no name look alike, so only the best of them is shown.
    """
    asked = frozenset(tokenize(query).split())
    nameless: set[str] = set()
    for folder, hit in found:
        chunk = hit.found
        if isinstance(chunk, CodeChunk):
            name, line = _definition(chunk, asked)
            uri = to_lsp.uri(folder.root / chunk.path)
            if not name and uri in nameless:
                continue
            if not name:
                nameless.add(uri)
            # A definition inside of a piece is one line, as its own end is not known.
            end = chunk.end_line if line == chunk.start_line else line
            span = types.Range(types.Position(line - 1, 0), types.Position(end, 0))
            yield types.SymbolInformation(
                name=name or chunk.path.rpartition("/")[2],
                kind=KINDS.get(chunk.kind, types.SymbolKind.File),
                location=types.Location(uri, span),
                container_name=chunk.path,
            )


def _definition(chunk: CodeChunk, asked: frozenset[str]) -> tuple[str, int]:
    """The name and the line of the definition in a piece that shares the most words.

    The name is empty in a piece without definitions.
    """
    shared = {name: len(asked & set(tokenize(name).split())) for name in chunk.defines}
    best = max(shared, key=lambda name: shared[name], default="")
    if best and shared[best]:
        whole = re.compile(rf"(?<!\w){re.escape(best)}(?!\w)")
        for number, line in enumerate(chunk.text.split("\n"), chunk.start_line):
            if whole.search(line):
                return best, number
    return chunk.symbol, chunk.start_line
