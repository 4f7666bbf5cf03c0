"""This module defines the Events of what a person is asked, and of what they allow a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lsp_server.domain.ids import Id
from lsp_server.domain.permissions import Answer, PermissionMode, Question


@dataclass(frozen=True, slots=True)
class PermissionAsked:
    """The run waits for a person until `expires_at` (ISO 8601)."""

    question: Question
    expires_at: str
    kind: Literal["permission_asked"] = "permission_asked"


@dataclass(frozen=True, slots=True)
class PermissionAnswered:
    """A question is settled: by a person, by its expiry, or since the run was stopped.

    `reason` is what a person said to a denial. `rule` is what they made of the rule that
    the answer allows, empty for the one of the question.
    """

    question_id: Id
    answer: Answer
    by: Literal["person", "expiry", "stop"]
    reason: str = ""
    rule: str = ""
    kind: Literal["permission_answered"] = "permission_answered"


@dataclass(frozen=True, slots=True)
class PermissionsChanged:
    """A person changed what the run and all that it began may do without asking.

    From here on it has the `mode`, None leaves it, and the `rule` allows more, empty for none:
    a question of a subagent was answered for the whole run.
    """

    mode: PermissionMode | None = None
    rule: str = ""
    kind: Literal["permissions_changed"] = "permissions_changed"
