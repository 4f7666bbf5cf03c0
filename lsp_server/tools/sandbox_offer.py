"""This module offers a person to let a run go on in the sandbox, and tells the model when it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from lsp_server.domain.permissions import PermissionMode, Question
from lsp_server.domain.tools import ToolResult

DescribeSandbox: TypeAlias = Callable[[], Awaitable[str]]
"""Says to the model what the sandbox of commands means for it; "" where none holds."""

QUESTIONS_BEFORE_OFFER = 1
"""The questions of a run before it is offered to go on in the sandbox without asking."""


class SandboxOffer:
    """A `SandboxOffer` is that of one run, which began in `mode`.

    Without `describe` no sandbox is on offer.
    """

    def __init__(self, describe: DescribeSandbox | None, mode: PermissionMode) -> None:
        self._describe = describe
        self._mode_told = mode
        self._questions = 0

    async def beside(self, question: Question) -> Question:
        """Returns the question, with the sandbox as an answer where that would free the call."""
        if "sandboxed" not in question.freed_by:
            return question
        self._questions += 1
        if self._questions <= QUESTIONS_BEFORE_OFFER or self._describe is None:
            return question
        return replace(question, offers_sandbox=bool(await self._describe()))

    async def add_news(self, result: ToolResult, mode: PermissionMode) -> ToolResult:
        """Adds to a result that commands run in the sandbox from here on, once a person said so."""
        told, self._mode_told = self._mode_told, mode
        if mode in (told, "read-only", "ask", "auto-edit", "full") or self._describe is None:
            return result
        return replace(result, text=f"{result.text}\n\nFrom here on: {await self._describe()}")
