"""This module says what a person's hooks make of a decision on a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from lsp_server.domain.permissions import HookVerdict, Question
from lsp_server.domain.ports import Tool
from lsp_server.text.truncate import one_line
from lsp_server.tools.approval import Allow, Ask, Decision, Deny

SUMMARY_CHARS_MAX = 200


def after_hooks(
    decision: Decision, verdict: HookVerdict, tool: Tool, arguments: Mapping[str, object]
) -> Decision:
    """Returns the decision as the hooks leave it.

    They can refuse and ask where the rules do not. A rule that denies stays, and nothing
    outside of the workspace is freed.
    """
    match decision, verdict.permission:
        case (Deny(), _) | (_, ""):
            return decision
        case _, "deny":
            return Deny(f"a hook says: {verdict.reason or 'no'}", by="hook")
        case Allow(), "ask":
            return Ask(_question(verdict, tool, arguments))
        case Ask(question=question), "ask" if verdict.reason:
            summary = f"{question.summary} (a hook: {one_line(verdict.reason, SUMMARY_CHARS_MAX)})"
            return replace(decision, question=replace(question, summary=summary))
        case Ask(outside=False), "allow":
            return Allow()
        case _:
            return decision


def _question(verdict: HookVerdict, tool: Tool, arguments: Mapping[str, object]) -> Question:
    # No lasting answer is on offer: the next call is the hook's to decide on again.
    reason = one_line(verdict.reason, SUMMARY_CHARS_MAX) if verdict.reason else "it asks"
    return Question(
        uuid4().hex[:12],
        tool.spec.name,
        f"{one_line(tool.describe(arguments), SUMMARY_CHARS_MAX)} (a hook: {reason})",
        "",
    )
