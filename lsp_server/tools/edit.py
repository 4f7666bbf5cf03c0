"""The tool `edit` replaces one text in a file by another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from pydantic import Field

from lsp_server.domain.edits import (
    Document,
    EditSet,
    FileEdit,
    PlannedEdit,
    TextEdit,
    apply_edits,
)
from lsp_server.domain.errors import StaleEdit, ToolError
from lsp_server.domain.ports import Editor
from lsp_server.domain.tools import Needs, NeedsPath, ToolResult
from lsp_server.redaction.redactor import Redactor
from lsp_server.text.diff import unified_diff
from lsp_server.text.excerpt import numbered_lines, split_lines
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate
from lsp_server.tools.text_match import TextMatch, match_text
from lsp_server.workspace.files.paths import Workspace

STALE_RETRIES_MAX = 5
"""How often an edit is planned anew because the file changed under it."""
CONTEXT_LINES = 2
"""How many lines before and after an edit its result shows."""
SHOWN_LINES_MAX = 30


class EditArguments(ToolArguments):
    """These are the arguments of `edit`."""

    path: str
    old_text: str = Field(description="Text as it stands in the file, without line numbers.")
    new_text: str
    replace_all: bool = Field(
        False, description="Replace every occurrence instead of the only one."
    )


class Edit:
    """An `Edit` tool replaces text in a file, against the version that was just read.

    The old text has to occur once, unless every place is meant. `redactor` puts the file's
    secrets back where the model saw markers.
    """

    spec = spec(
        "edit",
        EditArguments,
        "Replace old_text by new_text in a file. old_text must match exactly and only once, "
        "so give enough lines around it.",
        kind="edit",
        forms={"path": "path"},
    )

    def __init__(
        self, workspace: Workspace, editor: Editor, redactor: Redactor | None = None
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._redactor = redactor or Redactor()

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `edit src/a.py`."""
        return describe(self.spec.name, arguments.get("path"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs to write the path."""
        return NeedsPath(validate(EditArguments, arguments).path, writes=True)

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Plans the change and applies it. Raises ToolError."""
        return await self.apply(await self.plan(arguments))

    async def plan(
        self, arguments: Mapping[str, object], editor: Editor | None = None
    ) -> PlannedEdit:
        """Finds the text in the file as it is now. Raises ToolError unless it is clear where."""
        wanted = validate(EditArguments, arguments)
        _check_texts(wanted)
        document = await (editor or self._editor).read(self._workspace.locate(wanted.path))
        # Secrets are looked for in all of a file, which takes seconds for a large one.
        return await asyncio.to_thread(self._planned, arguments, wanted, document)

    def _planned(
        self, arguments: Mapping[str, object], wanted: EditArguments, document: Document
    ) -> PlannedEdit:
        path = self._workspace.relative(document.path)
        match, edits = self._edits(document, path, wanted)
        after = apply_edits(document.text, edits)
        before_shown, after_shown = (
            self._redactor.of_file(path, text) for text in (document.text, after)
        )
        file = FileEdit(document.path, document.version, edits)
        return PlannedEdit(
            arguments,
            EditSet((file,), f"edit {wanted.path}"),
            unified_diff(path, before_shown, after_shown),
            ToolResult(_report(path, after, after_shown, edits, match.note), changed=(path,)),
            before_shown,
            after_shown,
        )

    async def apply(self, planned: PlannedEdit) -> ToolResult:
        """Applies what was planned; if the file changed since, the same edit is planned anew.

        Another run or a person may have been quicker, and the old text may still be there.
        Raises ToolError when it is not.
        """
        for _ in range(STALE_RETRIES_MAX):
            with suppress(StaleEdit):
                return await self._apply(planned)
            planned = await self.plan(planned.arguments)
        return await self._apply(planned)

    async def _apply(self, planned: PlannedEdit) -> ToolResult:
        if planned.edits is not None:
            await self._editor.apply(planned.edits)
        return planned.result

    def _edits(
        self, document: Document, path: str, wanted: EditArguments
    ) -> tuple[TextMatch, tuple[TextEdit, ...]]:
        """Finds the text, and returns the edits there; markers become the file's own secrets."""
        old_text, new_text = (
            self._redactor.restored(text, path, document.text)
            for text in (wanted.old_text, wanted.new_text)
        )
        shown = self._redactor.of_file(path, document.text)
        match = match_text(document.text, old_text, wanted.path, shown, every=wanted.replace_all)
        return match, tuple(_edit(document.text, span, new_text) for span in match.spans)


def _check_texts(wanted: EditArguments) -> None:
    """Raises ToolError for a call that can change nothing, whatever the file holds."""
    if not wanted.old_text:
        raise ToolError("old_text is empty; to create or replace a whole file use `write`")
    if wanted.old_text == wanted.new_text:
        raise ToolError("old_text and new_text are the same; nothing would change")


def _edit(text: str, span: tuple[int, int], new_text: str) -> TextEdit:
    start, end = span
    return TextEdit(start, end, _with_ending(new_text, text[start:end], text))


def _with_ending(new_text: str, replaced: str, text: str) -> str:
    """Returns `new_text` with the line ending of what it replaces, else of the file."""
    plain = new_text.replace("\r\n", "\n")
    near = replaced if "\n" in replaced or "\r" in replaced else text[:10_000]
    if "\r\n" in near:
        return plain.replace("\n", "\r\n")
    return plain.replace("\n", "\r") if "\r" in near and "\n" not in near else plain


def _report(path: str, after: str, shown_text: str, edits: tuple[TextEdit, ...], note: str) -> str:
    first = edits[0]
    start = after.count("\n", 0, first.start) + 1
    end = start + first.new_text.count("\n")
    shown = numbered_lines(
        split_lines(shown_text),
        start - CONTEXT_LINES,
        min(end + CONTEXT_LINES, start + SHOWN_LINES_MAX),
    )
    several = f", {len(edits)} places, the first:" if len(edits) > 1 else ""
    return "\n".join(filter(None, [f"edited {path}{several}", shown, note]))
