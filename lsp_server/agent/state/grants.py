"""This module knows what a person allowed for the rest of the run, and what nobody answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsp_server.domain.events import Event, PermissionAnswered, PermissionAsked
from lsp_server.domain.ids import Id
from lsp_server.domain.permissions import Answer, Question


@dataclass(slots=True)
class Grants:
    """`Grants` are the allow rules of this run alone, and whether it goes on in the sandbox.

    `unanswered` has what was denied since nobody answered, in the words of the questions.
    """

    rules: list[str] = field(default_factory=list)
    is_sandboxed: bool = False
    unanswered: list[str] = field(default_factory=list)
    _asked: dict[Id, Question] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Takes an Event in."""
        match event:
            case PermissionAsked(question):
                self._asked[question.id] = question
            case PermissionAnswered(question_id, answer, by):
                if (asked := self._asked.pop(question_id, None)) is not None:
                    self._take(asked, answer)
                    if by == "expiry":
                        self.unanswered.append(asked.summary)
            case _:
                pass

    def _take(self, question: Question, answer: Answer) -> None:
        if answer == "run" and question.run_rule is not None:
            self.rules.append(question.run_rule)
        if answer == "sandboxed" and question.offers_sandbox:
            self.is_sandboxed = True
