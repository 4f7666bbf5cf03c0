"""This module says in Markdown what happened in a run, for the answer in a conversation."""

from __future__ import annotations

from lsp_server.domain.events import (
    Event,
    FileChanged,
    ModelAnswered,
    PlanChanged,
    RunEnded,
    RunResumed,
    RunStarted,
    StepFinished,
    StepStarted,
    Streamed,
    Told,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.message_events import MessageReceived
from lsp_server.domain.plans import outline
from lsp_server.text.count import count_of
from lsp_server.text.truncate import one_line
from lsp_server.tools.finish import Finish
from lsp_server.tools.plan import Plan
from lsp_server.wording.event_view import view_of
from lsp_server.wording.run_texts import outcome_text

LINE_CHARS_MAX = 200

_OWN_TOOLS = frozenset({Finish.spec.name, Plan.spec.name})
"""What they do is said by Events of their own."""


def answer_text(event: Event, said: str = "") -> str:
    r"""Returns what to add to an answer, "" for nothing; `said` is the run's last text so far.

    >>> answer_text(PlanChanged(()))
    ''
    >>> from lsp_server.domain.messages import Usage
    >>> from lsp_server.domain.tasks import Finished
    >>> answer_text(RunEnded(Finished("It is 42."), 2, Usage(), Usage(), 0.0), "It is 42.")
    '\n(Not verified.)\n\n\n*finished · 2 steps*\n'
    """
    match event:
        case (
            RunStarted()
            | RunResumed()
            | StepStarted()
            | StepFinished()
            | Streamed()
            | FileChanged()
        ):
            return ""
        case MessageReceived() | Told():
            return ""
        case ModelAnswered(message=message):
            return paragraph(message.text)
        case PlanChanged(items):
            return paragraph("\n".join(outline(items, "- ")))
        case ToolCalled(call=call, title=title):
            return "" if call.name in _OWN_TOOLS else _item(title)
        case ToolReturned():
            view = view_of(event)
            return _item(view.label) if view.tone == "bad" else ""
        case RunEnded(outcome, steps):
            rest = paragraph(outcome_text(outcome).removeprefix(said.strip()))
            return f"{rest}\n*{outcome.outcome} · {count_of(steps, 'step')}*\n"
        case _:
            view = view_of(event)
            return _item(view.label) if view.label and view.tone != "muted" else ""


def paragraph(text: str) -> str:
    """Returns a text with a blank line before and behind it; "" without one."""
    return f"\n{text.strip()}\n\n" if text.strip() else ""


def _item(label: str) -> str:
    return f"- {one_line(label, LINE_CHARS_MAX)}\n"
