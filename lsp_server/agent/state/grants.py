"""This module knows what a person allowed for the rest of the run, and what was not allowed."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.events import (
    Event,
    PermissionAnswered,
    PermissionAsked,
    ToolCalled,
    ToolReturned,
)
from lsp_server.domain.ids import Id
from lsp_server.domain.permissions import Answer, Question
from lsp_server.domain.tools import LOOKING_KINDS, Denial, NeedsCommand
from lsp_server.tools.read_only import is_read_only
from lsp_server.tools.shell_syntax import parse


@dataclass(slots=True)
class Grants:
    """`Grants` are the allow rules of this run alone, and whether it goes on in the sandbox.

    `denials` has by their titles the calls that were not allowed, since the last one that
    was carried out and may have changed something.
    """

    rules: list[str] = field(default_factory=list)
    is_sandboxed: bool = False
    denials: dict[str, Denial] = field(default_factory=dict)
    _asked: dict[Id, Question] = field(default_factory=dict)
    _called: dict[Id, ToolCalled] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case PermissionAsked(question):
                self._asked[question.id] = question
            case PermissionAnswered(question_id, answer):
                if (asked := self._asked.pop(question_id, None)) is not None:
                    self._take(asked, answer)
            case ToolCalled():
                self._called[event.call.id] = event
            case ToolReturned():
                if (called := self._called.pop(event.call_id, None)) is not None:
                    self._see(called, event)
            case _:
                pass

    def _see(self, called: ToolCalled, event: ToolReturned) -> None:
        if (denial := event.result.denial) is not None:
            self.denials[called.title] = denial
        elif not event.result.is_error and _has_effect(called):
            self.denials.clear()

    def _take(self, question: Question, answer: Answer) -> None:
        if answer == "run" and question.run_rule is not None:
            self.rules.append(question.run_rule)
        if answer == "sandboxed" and question.offers_sandbox:
            self.is_sandboxed = True


def _has_effect(called: ToolCalled) -> bool:
    if isinstance(called.needs, NeedsCommand):
        return not is_read_only(parse(called.needs.command))
    return called.tool_kind not in LOOKING_KINDS
