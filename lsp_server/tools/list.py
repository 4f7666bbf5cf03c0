"""The tool `list` says which files there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from pydantic import Field

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, NeedsPath, ToolResult
from lsp_server.text.count import count_of
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.tools.left_out import LeftOut
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore
from lsp_server.workspace.git.patterns import Patterns

ENTRIES_MAX = 200
"""More files than this are summed up by folder."""
FILES_MAX = 100_000


class ListArguments(ToolArguments):
    """These are the arguments of `list`."""

    pattern: str | None = Field(None, description="Glob below path, as in **/*.py or src/*.ts.")
    path: str | None = Field(None, description="Folder; the whole workspace if left out.")


class List:
    """A `List` tool lists the files that are not ignored; too many become folders with counts.

    `visible` says of an absolute path whether rules let it be shown.
    """

    spec = spec(
        "list",
        ListArguments,
        "List files, ignored ones left out. Many files are summed up by folder.",
        kind="read",
        forms={"path": "path"},
    )

    def __init__(
        self,
        workspace: Workspace,
        ignore: Ignore,
        *,
        visible: Callable[[Path], bool] = lambda _: True,
    ) -> None:
        self._workspace = workspace
        self._ignore = ignore
        self._visible = visible

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `list *.py`, else with the folder."""
        return describe(self.spec.name, arguments.get("pattern") or arguments.get("path"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to read the folder, the whole workspace by default."""
        return NeedsPath(validate(ListArguments, arguments).path or ".", writes=False)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Lists the files, one path a line. Raises ToolError when the folder is none."""
        wanted = validate(ListArguments, arguments)
        folder = self._workspace.locate(wanted.path or ".")
        return ToolResult(await asyncio.to_thread(self._list, folder, wanted.pattern))

    def _list(self, folder: Path, pattern: str | None) -> str:
        if not folder.is_dir():
            raise ToolError(f"{self._workspace.relative(folder)} is not a folder; use `read`")
        # The slash binds the glob to the folder, as in `.gitignore`.
        patterns = (
            Patterns([f"/{pattern.removeprefix('./').removeprefix('/')}"]) if pattern else None
        )
        left_out = LeftOut()
        base, files = self._walk(folder, left_out)
        found = [
            path
            for path in islice(files, FILES_MAX)
            if patterns is None or patterns.decide(path.removeprefix(base)) is True
        ]
        if not found:
            none = "no file matches" if pattern else "there are no files here, or all are ignored"
            return "\n".join([none, *left_out.notes()])
        shown = found if len(found) <= ENTRIES_MAX else _sum_up(found, base)
        return "\n".join([*shown, *left_out.notes()])

    def _walk(self, folder: Path, left_out: LeftOut) -> tuple[str, Iterator[str]]:
        """Returns the prefix of the folder's paths, and the paths."""
        relative = self._workspace.relative(folder)
        base = "" if relative == "." else f"{relative}/"
        files = self._ignore.walk_by_name(folder, left_out.add)
        return base, (path for path in files if self._visible(self._workspace.root / path))


def _sum_up(files: list[str], base: str) -> list[str]:
    """Returns the first level below `base`: folders with their number of files, then files."""
    first = [path.removeprefix(base).split("/", 1) for path in files]
    folders = Counter(parts[0] for parts in first if len(parts) > 1)
    here = [f"{base}{parts[0]}" for parts in first if len(parts) == 1]
    lines = [f"{base}{name}/ ({count_of(count, 'file')})" for name, count in folders.items()]
    lines += here[: max(0, ENTRIES_MAX - len(lines))]
    more = f"[{count_of(len(files), 'file')}; pass path or pattern to see those of one folder]"
    return [*lines[:ENTRIES_MAX], more]
