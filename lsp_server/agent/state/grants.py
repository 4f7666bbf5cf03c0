"""This module knows what a person allowed for the rest of the run, and what was not allowed."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.agent.effect import has_effect
from lsp_server.domain.events import Event, ToolCalled, ToolReturned
from lsp_server.domain.ids import Id
from lsp_server.domain.permission_events import (
    PermissionAnswered,
    PermissionAsked,
    PermissionsChanged,
)
from lsp_server.domain.permissions import Granted, PermissionMode, Question
from lsp_server.domain.tools import Denial


@dataclass(slots=True)
class Grants:
    """`Grants` are the allow rules of this run alone, and the mode that a person gave it, if any.

    `denials` has by their titles the calls that were not allowed, since the last one that
    was carried out and may have changed something.
    """

    rules: list[str] = field(default_factory=list)
    mode: PermissionMode | None = None
    denials: dict[str, Denial] = field(default_factory=dict)
    _asked: dict[Id, Question] = field(default_factory=dict)
    _called: dict[Id, ToolCalled] = field(default_factory=dict)

    @property
    def granted(self) -> Granted:
        """Returns what a person allowed in words of its own."""
        return Granted(self.mode, tuple(self.rules))

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case PermissionAsked(question):
                self._asked[question.id] = question
            case PermissionAnswered():
                if (asked := self._asked.pop(event.question_id, None)) is not None:
                    self._take(asked, event)
            case PermissionsChanged(mode, rule):
                self.mode = mode or self.mode
                self.rules += [rule] if rule else []
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
        elif not event.result.is_error and has_effect(called):
            self.denials.clear()

    def _take(self, question: Question, answered: PermissionAnswered) -> None:
        if answered.answer == "run" and question.run_rule is not None:
            self.rules.append(answered.rule or question.run_rule)
        if answered.answer == "sandboxed" and question.offers_sandbox:
            self.mode = "sandboxed"
