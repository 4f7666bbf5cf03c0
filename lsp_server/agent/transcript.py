"""This module formats a run as Markdown for people; nothing reads it back.

The words are those of `wording.event_view`; here each Event gets its place on the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lsp_server.domain.events import (
    BriefWritten,
    CandidatesJudged,
    Event,
    GoalChecked,
    ModelAnswered,
    PlanChanged,
    RunEnded,
    RunStarted,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.text.count import count_of
from lsp_server.text.excerpt import split_lines
from lsp_server.text.markdown import code_block, safe_markdown
from lsp_server.wording.event_view import view_of
from lsp_server.wording.run_texts import usage_text
from lsp_server.wording.shown_event import EventView
from lsp_server.wording.workflow_texts import mermaid, shows_whole

RESULT_LINES_MAX = 20
RESULT_CHARS_MAX = 2000


def render(events: Iterable[Event]) -> str:
    r"""Returns the Markdown of a run, or of a part of it.

    >>> render([StepStarted(3, 1200)])
    '\n## Step 3\n'
    """
    page = Transcript()
    return "".join(map(page.add, events))


class Transcript:
    """A `Transcript` puts the Events of a run on a page, one after the other; `past` are on it.

    A result stands below its call. Of calls that ran beside each other it names its call again.
    """

    def __init__(self, past: Iterable[Event] = ()) -> None:
        self._titles: dict[str, str] = {}
        self._last = ""
        """The call that was shown last, or whose result was."""
        for event in past:
            self._follow(event)

    def add(self, event: Event) -> str:
        """Returns the Markdown that an Event adds, empty if a reader does not need it."""
        text, title = _of_event(event), ""
        if isinstance(event, ToolReturned) and event.call_id != self._last:
            title = self._titles.get(event.call_id, "")
        self._follow(event)
        return f"\nResult of **{_escaped(title)}**:\n{text}" if title else text

    def _follow(self, event: Event) -> None:
        match event:
            case ToolCalled():
                self._titles[event.call.id] = safe_markdown(view_of(event).label)
                self._last = event.call.id
            case ToolReturned():
                self._titles.pop(event.call_id, None)
                self._last = event.call_id
            case _:
                pass


def _of_event(event: Event) -> str:
    if isinstance(event, Streamed):
        return ""  # Thousands of pieces come in a run; the whole answer has its place.
    view = view_of(event)
    if isinstance(event, ToolReturned):  # Its detail stands in a code block.
        safe = replace(view, label=safe_markdown(view.label))
    else:
        safe = replace(view, label=safe_markdown(view.label), detail=safe_markdown(view.detail))
    if isinstance(event, ModelAnswered):  # Also one without words, calls alone, has its price.
        return _answer(event, safe)
    return _markdown(event, safe) if view.label else ""


def _answer(event: ModelAnswered, view: EventView) -> str:
    said = f"\n{view.detail}\n" if view.label else ""
    is_counted = event.billed.total_tokens > 0
    return said + (_remark(usage_text(event.billed, event.cost_usd)) if is_counted else "")


def _markdown(event: Event, view: EventView) -> str:
    match event:
        case RunStarted():
            return f"# {view.label}\n\n{view.detail}\n"
        case StepStarted():
            return f"\n## {_sentence(view.label)}\n"
        case RunEnded():
            return f"\n## Ended: {event.outcome.outcome}\n\n{view.detail}\n"
        case ToolCalled():
            return f"\n**{_escaped(view.label)}**\n"
        case ToolReturned():
            return f"\n{view.label}\n\n{code_block(_excerpt(view.detail))}\n"
        case PlanChanged() | GoalChecked():
            return f"\n{_sentence(view.label)}:\n\n{view.detail}\n"
        case Told():
            return _quote(f"{event.origin}: {view.detail}")
        case BriefWritten():
            return _quote(f"brief: {view.detail}")
        case CandidatesJudged():
            return f"{_remark(view.label)}\n{view.detail}\n"
        case WorkflowChanged(nodes=nodes) if shows_whole(nodes):
            return f"{_remark(view.label)}\n{code_block(mermaid(nodes), 'mermaid')}\n"
        case _:
            return _remark(view.label)


def _remark(label: str) -> str:
    return f"\n*{_escaped(_sentence(label))}*\n"


def _quote(text: str) -> str:
    return "\n> " + text.replace("\n", "\n> ") + "\n"


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]


def _escaped(label: str) -> str:
    """A star would end the emphasis that the label is in."""
    return label.replace("*", "\\*")


def _excerpt(text: str) -> str:
    """Cuts a result to what a reader wants to see, and says how many lines are left out."""
    lines = split_lines(text)
    shown = "\n".join(lines[:RESULT_LINES_MAX])[:RESULT_CHARS_MAX]
    left_out = len(lines) - RESULT_LINES_MAX
    return f"{shown}\n… {count_of(left_out, 'more line')}" if left_out > 0 else shown
