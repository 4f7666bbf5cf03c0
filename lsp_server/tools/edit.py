"""`edit`: one text in a file becomes another."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from lsp_server.domain.edits import Document, EditSet, FileEdit, TextEdit, apply_edits
from lsp_server.domain.errors import StaleEdit, ToolError
from lsp_server.domain.messages import ToolResult
from lsp_server.domain.ports import Editor
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.diff import unified_diff
from lsp_server.text.excerpt import numbered_lines, split_lines
from lsp_server.tools.arguments import Arguments, spec, validate
from lsp_server.tools.occurrences import occurrences
from lsp_server.workspace.paths import Workspace

STALE_RETRIES_MAX = 5
CONTEXT_LINES = 2
SHOWN_LINES_MAX = 30
COMPARED_LINES_MAX = 20_000
"""Of a longer text, only the first lines are searched for what old_text may have meant."""


class EditArguments(Arguments):
    path: str
    old_text: str = Field(description="Text as it stands in the file, without line numbers.")
    new_text: str
    replace_all: bool = Field(
        False, description="Replace every occurrence instead of the only one."
    )


class Edit:
    """Through the Editor, against the version that was just read."""

    spec = spec(
        "edit",
        EditArguments,
        "Replace old_text by new_text in a file. old_text must match exactly and only once, "
        "so give enough lines around it.",
        read_only=False,
    )

    def __init__(
        self, workspace: Workspace, editor: Editor, redactor: Redactor | None = None
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._redactor = redactor or Redactor()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        wanted = validate(EditArguments, arguments)
        for _ in range(STALE_RETRIES_MAX):
            # Another run or a person was quicker; what is to be replaced may still stand.
            with suppress(StaleEdit):
                return await self._apply(wanted)
        return await self._apply(wanted)

    async def _apply(self, wanted: EditArguments) -> ToolResult:
        """Raises StaleEdit when the file changes between reading and writing."""
        document = await self._read(wanted)
        edits = self._edits(document, wanted)
        file = FileEdit(document.path, document.version, edits)
        await self._editor.apply(EditSet((file,), f"edit {wanted.path}"))
        relative = self._workspace.relative(document.path)
        after = apply_edits(document.text, edits)
        shown = self._redactor.of_file(relative, after)
        return ToolResult(_report(relative, after, shown, edits), changed=(relative,))

    async def preview(self, arguments: Mapping[str, object]) -> str:
        """The edit as a diff, applied to nothing. Raises ToolError when it would fail."""
        wanted = validate(EditArguments, arguments)
        document = await self._read(wanted)
        after = apply_edits(document.text, self._edits(document, wanted))
        path = self._workspace.relative(document.path)
        before, after = (self._redactor.of_file(path, text) for text in (document.text, after))
        return unified_diff(path, before, after)

    def _edits(self, document: Document, wanted: EditArguments) -> tuple[TextEdit, ...]:
        """With the file's own secrets where the model saw marks."""
        path = self._workspace.relative(document.path)
        texts = {
            name: self._redactor.restored(text, path, document.text)
            for name, text in (("old_text", wanted.old_text), ("new_text", wanted.new_text))
        }
        shown = self._redactor.of_file(path, document.text)
        return _edits(document.text, wanted.model_copy(update=texts), shown)

    async def _read(self, wanted: EditArguments) -> Document:
        if not wanted.old_text:
            raise ToolError("old_text is empty; to create or replace a whole file use `write`")
        if wanted.old_text == wanted.new_text:
            raise ToolError("old_text and new_text are the same; nothing would change")
        path: Path = self._workspace.locate(wanted.path)
        return await self._editor.read(path)


def _edits(text: str, wanted: EditArguments, shown: str) -> tuple[TextEdit, ...]:
    """The edits of every match; `shown` is as much of the text as an error may show.

    Raises ToolError unless there is one, or all are wanted.
    """
    # A model writes \n; the file decides how its lines end.
    matches = list(occurrences(text, wanted.old_text))
    if not matches:
        raise ToolError(_not_found(text, wanted, shown))
    if len(matches) > 1 and not wanted.replace_all:
        places = ", ".join(str(text.count("\n", 0, start) + 1) for start, _ in matches[:20])
        raise ToolError(
            f"old_text matches {len(matches)} times in {wanted.path}, at lines {places}; "
            "add lines around it, or set replace_all"
        )
    return tuple(
        TextEdit(start, end, _with_ending(wanted.new_text, text[start:end], text))
        for start, end in matches
    )


def _with_ending(new_text: str, replaced: str, text: str) -> str:
    """`new_text` with the line ending of what it replaces, else of the file."""
    plain = new_text.replace("\r\n", "\n")
    near = replaced if "\n" in replaced else text[:10_000]
    return plain.replace("\n", "\r\n") if "\r\n" in near else plain


def _not_found(text: str, wanted: EditArguments, shown: str) -> str:
    lines = split_lines(text)[:COMPARED_LINES_MAX]
    sought = split_lines(wanted.old_text) or [""]
    message = f"old_text is not in {wanted.path}"
    start = _nearest(lines, sought)
    if start is None:
        return f"{message}, nor anything like it; read the file"
    end = min(start + len(sought), start + SHOWN_LINES_MAX)
    stripped = [line.strip() for line in sought]
    if [line.strip() for line in lines[start : start + len(sought)]] == stripped:
        message += "; only the white space differs"
    return f"{message}. The nearest text there is:\n{numbered_lines(split_lines(shown), start + 1, end)}"


def _nearest(lines: list[str], sought: list[str]) -> int | None:
    """Where, counted from 0, most of the sought lines stand together; None: nowhere."""
    offsets: dict[str, list[int]] = {}
    for offset, line in enumerate(sought):
        if line.strip():
            offsets.setdefault(line.strip(), []).append(offset)
    if not offsets:
        return None
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        for offset in offsets.get(line.strip(), [])[:10]:
            votes[max(0, number - offset)] += 1
    if votes:
        return max(votes, key=lambda start: (votes[start], -start))
    longest = max(offsets, key=len)
    # difflib compares each pair, so only lines of about that length are handed to it.
    near = [ln for ln in lines if abs(len(ln.strip()) - len(longest)) <= len(longest) // 2][:2000]
    close = difflib.get_close_matches(longest[:500], [ln.strip()[:500] for ln in near], 1, 0.6)
    if not close:
        return None
    at = next(i for i, line in enumerate(lines) if line.strip()[:500] == close[0])
    return max(0, at - offsets[longest][0])


def _report(path: str, after: str, shown_text: str, edits: tuple[TextEdit, ...]) -> str:
    first = edits[0]
    start = after.count("\n", 0, first.start) + 1
    end = start + first.new_text.count("\n")
    shown = numbered_lines(
        split_lines(shown_text),
        start - CONTEXT_LINES,
        min(end + CONTEXT_LINES, start + SHOWN_LINES_MAX),
    )
    if len(edits) > 1:
        return f"edited {path}: {len(edits)} places, the first now:\n{shown}"
    return f"edited {path}, now:\n{shown}"
