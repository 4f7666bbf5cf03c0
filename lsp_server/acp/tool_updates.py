"""This module shows a tool call of a run: what is called, where, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

from acp import helpers, schema

from lsp_server.domain.events import ToolCalled, ToolReturned
from lsp_server.domain.permissions import Question, visible
from lsp_server.domain.tools import Malformed, NeedsPath, ToolKind
from lsp_server.session.changed_texts import ChangedText
from lsp_server.text.diff_quotes import DiffLine, diff_lines
from lsp_server.text.markdown import code_block
from lsp_server.text.truncate import truncate_middle
from lsp_server.wording.permission_texts import allowed_text

RESULT_CHARS_MAX = 20_000
"""How much of a result is shown; the transcript has all of it."""

AcpKind: TypeAlias = Literal["read", "edit", "search", "execute", "think", "fetch", "other"]
Content: TypeAlias = schema.ContentToolCallContent | schema.FileEditToolCallContent

_KINDS: Mapping[ToolKind, AcpKind] = {
    "read": "read",
    "fetch": "fetch",
    "edit": "edit",
    "execute": "execute",
    "recall": "search",
    "task": "think",
}

TOLD_OTHERWISE: frozenset[ToolKind] = frozenset({"plan", "finish"})
"""Calls that are no calls to a person: the plan is shown as one, and the end as words."""


def started(event: ToolCalled, root: Path) -> schema.ToolCallStart:
    """Shows a call that is about to run."""
    call = event.call
    arguments = call.arguments if isinstance(call.parsed, Malformed) else dict(call.parsed)
    places = [event.needs.path] if isinstance(event.needs, NeedsPath) else []
    return helpers.start_tool_call(
        call.id,
        visible(event.title),
        kind=_KINDS.get(event.tool_kind, "other"),
        status="in_progress",
        locations=[schema.ToolCallLocation(path=str(root / place)) for place in places],
        raw_input=arguments,
    )


def ended(event: ToolReturned) -> schema.ToolCallProgress:
    """Shows what a call gave."""
    result = event.result
    return helpers.update_tool_call(
        event.call_id,
        status=_status(event),
        content=result_content(event),
        raw_output={"text": result.text, "exitStatus": result.exit_status},
    )


def _status(event: ToolReturned) -> Literal["failed", "completed"]:
    return "failed" if event.result.has_failed else "completed"


def result_content(event: ToolReturned) -> list[Content]:
    """Returns the text of a result, as a block that it cannot close."""
    text = truncate_middle(event.result.text, RESULT_CHARS_MAX)
    return [_text(code_block(text))] if text.strip() else []


def changed(
    event: ToolReturned, texts: Sequence[ChangedText], root: Path
) -> schema.ToolCallProgress:
    """Shows the files that a call changed, before and after, and its text."""
    diffs: list[Content] = [
        helpers.tool_diff_content(str(root / text.path), text.after or "", text.before)
        for text in texts
    ]
    # The status is said again: some clients take a missing one for work in progress.
    return helpers.update_tool_call(
        event.call_id,
        status=_status(event),
        content=[*diffs, *result_content(event)],
        locations=[schema.ToolCallLocation(path=str(root / text.path)) for text in texts],
    )


def asked(question: Question, call_id: str, root: Path) -> schema.ToolCallUpdate:
    """Shows what a person is asked about: the exact operation, and what a wider yes would allow."""
    content = list(_question_content(question, root))
    if allows := allowed_text(question):
        content.append(_text(visible(allows)))
    return schema.ToolCallUpdate(
        tool_call_id=call_id,
        title=visible(question.summary),
        status="pending",
        content=content,
        locations=[schema.ToolCallLocation(path=str(root / place)) for place in question.paths],
    )


def _question_content(question: Question, root: Path) -> Iterator[Content]:
    lines = diff_lines(question.detail) if question.paths else {}
    for path in lines:
        for _, hunk in groupby(lines[path], key=lambda line: line.hunk):
            before, after = _sides(list(hunk))
            yield helpers.tool_diff_content(str(root / path), after, before or None)
    if not lines and question.detail:
        yield _text(code_block(visible(truncate_middle(question.detail, RESULT_CHARS_MAX))))


def _sides(hunk: Sequence[DiffLine]) -> tuple[str, str]:
    before = [line.text for line in hunk if line.sign in "- "]
    return _joined(before), _joined([line.text for line in hunk if line.sign in "+ "])


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _text(text: str) -> schema.ContentToolCallContent:
    return helpers.tool_content(helpers.text_block(text))
