"""The tool `search` finds text, regular expressions, and code by its meaning.

ripgrep does the work where it is installed, `scan.py` elsewhere; both run as a
child process with a deadline, so that an expression that takes for ever costs an
error and not the server. Open buffers are searched as copies in place of their
files.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field

from lsp_server.domain.edits import Lines
from lsp_server.domain.errors import ToolError
from lsp_server.domain.tools import Needs, NeedsPath, ToolResult
from lsp_server.redaction.redactor import Redactor
from lsp_server.sandbox.scratch_folder import scratch_folder
from lsp_server.text.count import count_of
from lsp_server.tools.arguments import ToolArguments, spec, validate
from lsp_server.tools.left_out import LeftOut
from lsp_server.tools.matches import RIPGREP_OPTIONS, errors_in, read_matches
from lsp_server.workspace.commands.commands import CommandResult, CommandRunner
from lsp_server.workspace.commands.inert import inert_environment
from lsp_server.workspace.files.documents import Documents, copy_unsaved
from lsp_server.workspace.files.path_list import write_path_list
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

LIMIT = 50
LIMIT_MAX = 500
DEADLINE_SECONDS = 20.0
OUTPUT_BYTES_MAX = 8_000_000
FILES_MAX = 200_000
LINE_CHARS_MAX = 250
LINE_CHARS_BEFORE = 80
"""Of a long line so much is shown in front of the match."""
PATHS = "paths"
"""The file that lists what is to be searched."""
PROGRAM_OPTIONS = (
    *RIPGREP_OPTIONS,
    "--no-config",
    "--no-ignore",
    "--sort=path",
    f"--max-count={LIMIT_MAX}",
)

OUTSIDE_NOTE = (
    "\n[outside of the workspace a search leaves out what a sandbox hides, keys above all; "
    "to be sure of a file, read it]"
)

SearchByMeaning: TypeAlias = Callable[[str, Path | None, int], Awaitable[str]]
"""Takes a query, a folder or file to stay in and a number of hits; the answer is for the model."""


class SearchArguments(ToolArguments):
    """These are the arguments of `search`."""

    query: str = Field(min_length=1, description="Lower case matches any case.")
    mode: Literal["text", "regex", "semantic"] = Field(
        "text", description="semantic finds code by what it does, in words."
    )
    path: str | None = Field(None, description="File or folder to stay in.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX)


@dataclass(frozen=True, slots=True, order=True)
class LineMatch:
    """A `LineMatch` is a line that matches; `path` is as the model sees it, `line` from 1.

    `column` counts bytes until the line itself is read, code points then.
    """

    path: str
    line: int
    text: str
    column: int = 0


class Search:
    """A `Search` tool searches the files that are not ignored, and those asked for by name.

    `redactor` hides secrets, `by_meaning` answers searches of mode `semantic`, `visible`
    says of an absolute path whether rules let it be shown. `ripgrep` names the program,
    which need not be installed.
    """

    spec = spec(
        "search",
        SearchArguments,
        "Search file contents by text, regular expression or meaning. Hits come as path:line: text.",
        kind="read",
        forms={"path": "path"},
    )

    def __init__(
        self,
        workspace: Workspace,
        ignore: Ignore,
        documents: Documents,
        *,
        commands: CommandRunner,
        redactor: Redactor | None = None,
        by_meaning: SearchByMeaning | None = None,
        visible: Callable[[Path], bool] = lambda _: True,
        ripgrep: str = "rg",
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._workspace = workspace
        self._ignore = ignore
        self._documents = documents
        self._redactor = redactor or Redactor()
        self._by_meaning = by_meaning
        self._visible = visible
        self._environment = inert_environment(workspace.root)
        self._ripgrep = shutil.which(ripgrep, path=self._environment["PATH"])
        self._deadline_seconds = deadline_seconds
        self._commands = commands

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `search 'retry'`."""
        query = arguments.get("query")
        return f"{self.spec.name} {query!r}" if isinstance(query, str) else self.spec.name

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to read the file or folder, the whole workspace by default."""
        return NeedsPath(validate(SearchArguments, arguments).path or ".", writes=False)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Returns the matches, a line each. Raises ToolError for what cannot be searched."""
        wanted = validate(SearchArguments, arguments)
        place = self._workspace.locate(wanted.path or ".")
        if wanted.mode == "semantic":
            if self._by_meaning is None:
                raise ToolError("search by meaning is not available here; use mode text or regex")
            within = place if wanted.path else None
            return ToolResult(await self._by_meaning(wanted.query, within, wanted.limit))
        if not place.exists() and place not in self._documents.buffers():
            raise ToolError(f"{wanted.path} does not exist; use `list` to see which files do")
        left_out = LeftOut()
        hits, complete = await self._find(wanted, place, left_out)
        shown = await self._redact(hits[: wanted.limit])
        hits = [*shown, *hits[wanted.limit :]]
        found = _render(hits, wanted.limit, complete=complete)
        if not self._workspace.inside(place):
            found += OUTSIDE_NOTE
        return ToolResult("\n".join([found, *left_out.notes(), *await self._withheld(place)]))

    async def _withheld(self, place: Path) -> list[str]:
        """Returns a note on each file of which the editor has another text than was searched."""
        withheld = await self._documents.withheld(place)
        return await asyncio.to_thread(
            lambda: [
                f"[{reason}; an older text of it was searched]"
                for path, reason in withheld.items()
                if self._is_searched(path, place)
            ]
        )

    async def _find(
        self, wanted: SearchArguments, place: Path, left_out: LeftOut
    ) -> tuple[list[LineMatch], bool]:
        """Returns sorted hits, perhaps more than the limit, and whether all was searched."""
        with scratch_folder() as folder:
            buffers = dict(self._documents.buffers())
            copies = await asyncio.to_thread(self._copy_buffers, buffers, folder, place)
            unsaved = frozenset(copies.values())
            there = await asyncio.to_thread(self._files, place, unsaved, left_out)
            await asyncio.to_thread(write_path_list, folder / PATHS, [*there, *map(str, copies)])
            completed = await self._commands.run(
                self._command_line(wanted, folder / PATHS),
                self._workspace.root,
                timeout_seconds=self._deadline_seconds,
                output_bytes_max=OUTPUT_BYTES_MAX,
                environment=self._environment,
                reads_only=True,
            )
        # What was found before the deadline is shown all the same.
        if completed.timed_out and wanted.mode == "regex" and not completed.output:
            raise ToolError("the search took too long; use a simpler expression or a smaller path")
        # Copies are searched after all files, so hits have to be sorted in any case.
        hits = await asyncio.to_thread(lambda: sorted(self._hits(completed, copies)))
        complete = not completed.timed_out and not completed.truncated_bytes
        return hits, complete and len(there) < FILES_MAX

    def _files(self, place: Path, unsaved: Collection[Path], left_out: LeftOut) -> list[str]:
        """The files to search, as absolute paths: they alone, whatever rules the program reads."""
        if not place.is_dir():  # Only the editor may have it yet.
            return [str(place)] if place.is_file() and place not in unsaved else []
        root = self._workspace.root
        wanted = (
            str(file)
            for path in self._ignore.walk_by_name(place, left_out.add, undecoded=True)
            if (file := root / path) not in unsaved and self._visible(file)
        )
        return list(islice(wanted, FILES_MAX))

    async def _redact(self, hits: Sequence[LineMatch]) -> list[LineMatch]:
        """Returns the hits without secrets.

        Whole files are read for it: the middle line of a key does not look like one.
        """
        shown: list[LineMatch] = []
        for path, group in groupby(hits, lambda hit: hit.path):
            of_file = list(group)
            try:
                document = await self._documents.read(self._workspace.locate(path))
            except ToolError:  # Too large to be read; what was reported of it is shown.
                shown += [replace(hit, text=self._redactor(hit.text)) for hit in of_file]
            else:
                shown += await asyncio.to_thread(self._redact_file, path, document.text, of_file)
        return shown

    def _redact_file(self, path: str, text: str, hits: Sequence[LineMatch]) -> list[LineMatch]:
        lines, redacted = Lines(text), Lines(self._redactor.of_file(path, text))
        # Where only \r ends a line, the program that searched took many for one.
        starts = [0, *(found.end() for found in re.finditer("\n", text)), len(text)]
        shown: list[LineMatch] = []
        for hit in hits:
            if hit.line >= len(starts):  # The file was longer when it was searched.
                shown.append(replace(hit, text=self._redactor(hit.text)))
                continue
            start, end = starts[hit.line - 1 : hit.line + 1]
            before = text[start:end].encode("utf-8", "surrogatepass")[: hit.column]
            place = lines.position(start + len(before.decode("utf-8", "ignore")))
            line = redacted.line(min(place.line, len(redacted) - 1))
            shown.append(LineMatch(path, place.line + 1, line, place.column))
        return shown

    def _command_line(self, wanted: SearchArguments, paths: Path) -> str:
        # An escape such as `\W` is no capital letter of the query.
        literal = re.sub(r"\\.", "", wanted.query)
        caseless = literal == literal.lower()
        is_text, query = wanted.mode == "text", wanted.query
        is_long = "\n" in query or (not is_text and "\\n" in query)
        if is_text and is_long:
            # Both programs take it, and it does not ask how a file ends its lines.
            is_text, query = False, r"\r?\n".join(map(_escaped, query.split("\n")))
        if self._ripgrep is None:
            names = ("text" if is_text else "regex", *["caseless"] * caseless, *["lines"] * is_long)
            # -P: no module of the workspace is imported in place of ours.
            program = [sys.executable, "-P", "-m", "lsp_server.tools.scan"]
            words = [*program, "-".join(names), query]
        else:
            words = ["xargs", "-0", self._ripgrep, *PROGRAM_OPTIONS]
            words.append("--ignore-case" if caseless else "--case-sensitive")
            if is_long:
                words.append("--multiline")
            if is_text:
                words.append("--fixed-strings")
            # With no file at all it would read the input, or search the folder that it runs in.
            words += ["-e", query, "--", os.devnull]
        lines_max = wanted.limit * 4 + 200
        return f"{shlex.join(words)} < {shlex.quote(str(paths))} | head -n {lines_max}"

    def _copy_buffers(
        self, buffers: Mapping[Path, str], folder: Path, place: Path
    ) -> dict[Path, Path]:
        wanted = {
            path: text
            for path, text in buffers.items()
            if path.is_relative_to(place) and self._is_searched(path, place)
        }
        return copy_unsaved(wanted, folder)

    def _hits(self, completed: CommandResult, copies: Mapping[Path, Path]) -> Iterator[LineMatch]:
        matches = list(read_matches(completed.output))
        if not matches and (error := errors_in(completed.output)):
            raise ToolError(f"the query cannot be searched for: {error[:500]}")
        for match in matches:
            path = self._workspace.relative(copies.get(match.path, match.path))
            yield LineMatch(path, match.line, match.text, match.column)

    def _is_searched(self, path: Path, place: Path) -> bool:
        if not self._visible(path):
            return False
        return self._is_foreign(place) or not self._ignore.matches(path)

    def _is_foreign(self, place: Path) -> bool:
        """Says whether our rules hide all of it; asked for by name, it is searched all the same."""
        return self._ignore.matches(place)


def _render(hits: list[LineMatch], limit: int, *, complete: bool) -> str:
    lines = [f"{hit.path}:{hit.line}: {_cut(hit.text, hit.column)}" for hit in hits[:limit]]
    if not lines:
        return "no match" if complete else "no match before the time was up; use a smaller path"
    if len(hits) > limit or not complete:
        lines.append(
            f"[the first {count_of(len(lines), 'match')}; "
            "narrow the query or the path, or raise limit]"
        )
    if any("\ufffd" in hit.path for hit in hits[:limit]):
        lines.append(
            "[a path with \ufffd is not UTF-8 on the disk; only `shell` reaches that file]"
        )
    return "\n".join(lines)


def _cut(text: str, column: int) -> str:
    """Returns the line, or the part of it that has the match."""
    column -= len(text) - len(text.lstrip())
    text = text.strip()
    start = column - LINE_CHARS_BEFORE if column > LINE_CHARS_MAX - LINE_CHARS_BEFORE else 0
    start = max(0, min(start, len(text) - LINE_CHARS_MAX))
    end = start + LINE_CHARS_MAX
    return f"{'…' * (start > 0)}{text[start:end]}{'…' * (end < len(text))}"


def _escaped(text: str) -> str:
    """Escapes what means something in the expressions of ripgrep and of Python."""
    return re.sub(r"[\\.+*?()|\[\]{}^$#&~-]", r"\\\g<0>", text.removesuffix("\r"))
