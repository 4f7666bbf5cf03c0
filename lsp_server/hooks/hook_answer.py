"""A `HookAnswer` is what a hook says: by its exit status, or in JSON on its standard output.

| how it ends                      | PreToolUse             | Stop, UserPromptSubmit | others            |
|----------------------------------|------------------------|------------------------|-------------------|
| 0, nothing printed               | nothing is changed     | nothing                | nothing           |
| 0, JSON                          | `permissionDecision`   | `decision: block`      | `decision: block` |
| 0, other text                    | nothing                | added to the prompt    | nothing           |
| 2                                | denied, errors say why | it goes on, or refused | errors are added  |
| another status, time-out, crash  | a person is asked      | told once              | told once         |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from lsp_server.hooks.hook import Hook, HookEvent
from lsp_server.hooks.hook_process import HookEnd
from lsp_server.text.terminal import terminal_text
from lsp_server.text.truncate import one_line, truncate_middle

REFUSED = 2
"""The exit status that says no."""
TEXT_CHARS_MAX = 10_000
"""Of one text of a hook no more reaches a prompt."""
PROBLEM_CHARS_MAX = 300
ADDS_OUTPUT: frozenset[HookEvent] = frozenset({"UserPromptSubmit", "SessionStart"})
"""Where what a hook prints is added to the prompt."""

HookPermission: TypeAlias = Literal["", "allow", "ask", "deny"]
"""What a hook decides on a call; "" leaves it to the rules. The last one wins over the others."""
_PERMISSIONS: Mapping[str | None, HookPermission] = MappingProxyType(
    {None: "", "allow": "allow", "ask": "ask", "deny": "deny", "approve": "allow", "block": "deny"}
)
"""By the words of hooks; `approve` and `block` are older ones."""
_STRICTNESS: tuple[HookPermission, ...] = ("", "allow", "ask", "deny")


@dataclass(frozen=True, slots=True)
class HookProblem:
    """A `HookProblem` says what went wrong with the hook that has this id."""

    hook_id: str
    text: str


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """A `HookAnswer` is what one hook says, or all of one event together.

    `permission` and `changed_arguments` are about a call. `refuses` says that a message is
    not to be read, or that a run is not to stop, with its reason. `context` is for the
    model to read. `stop_reason` ends the run. `notice` is for a person, and so is each of
    `problems`: hooks that did not do their work.
    """

    permission: HookPermission = ""
    reason: str = ""
    changed_arguments: Mapping[str, object] | None = None
    refuses: bool = False
    context: str = ""
    stop_reason: str | None = None
    notice: str = ""
    problems: tuple[HookProblem, ...] = ()


def read_answer(hook: Hook, end: HookEnd) -> HookAnswer:
    """Returns what a hook said with its end."""
    if end.problem:
        return _broken(hook, end.problem)
    if end.exit_status == REFUSED:
        return _refusal(hook, end.errors.strip())
    if end.exit_status != 0:
        said = one_line(terminal_text(end.errors), PROBLEM_CHARS_MAX)
        return _broken(hook, f"exit status {end.exit_status}{f': {said}' if said else ''}")
    text = end.output.strip()
    if not text.startswith("{"):
        return HookAnswer(context=_cut(text) if hook.event in ADDS_OUTPUT else "")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _broken(hook, f"it printed JSON that cannot be read: {error}")
    return _read_json(hook, value)


def combine(answers: Iterable[HookAnswer]) -> HookAnswer:
    """Returns what several hooks say together: the strictest decides, and all texts are kept."""
    given = [*answers]
    changes = [one.changed_arguments for one in given if one.changed_arguments is not None]
    if any(one != changes[0] for one in changes):
        given.append(HookAnswer("ask", "hooks change the call in different ways"))
    strictest = max(given, key=lambda one: _STRICTNESS.index(one.permission), default=HookAnswer())
    reasons = [one.reason for one in given if one.refuses or one.permission == strictest.permission]
    return HookAnswer(
        strictest.permission,
        _join(reasons),
        changes[0] if changes else None,
        any(one.refuses for one in given),
        _join(one.context for one in given),
        next((one.stop_reason for one in given if one.stop_reason is not None), None),
        _join(one.notice for one in given),
        tuple(problem for one in given for problem in one.problems),
    )


def _read_json(hook: Hook, value: Mapping[str, Any]) -> HookAnswer:
    specific = value.get("hookSpecificOutput")
    specific = specific if isinstance(specific, Mapping) else {}
    permission = _permission(value, specific)
    if permission is None:
        return _broken(hook, "its decision is neither allow, ask nor deny")
    changed = specific.get("updatedInput")
    if changed is not None and not isinstance(changed, Mapping):
        return _broken(hook, "its updatedInput is no object")
    reason = specific.get("permissionDecisionReason") or value.get("reason") or ""
    stops = value.get("continue") is False
    return HookAnswer(
        permission=permission if hook.event == "PreToolUse" else "",
        reason=_cut(str(reason)),
        changed_arguments=changed,
        refuses=value.get("decision") == "block",
        context=_cut(str(specific.get("additionalContext") or "")),
        stop_reason=_cut(str(value.get("stopReason") or "")) if stops else None,
        notice=_cut(str(value.get("systemMessage") or "")),
    )


def _permission(value: Mapping[str, Any], specific: Mapping[str, Any]) -> HookPermission | None:
    """Returns the decision on a call, None for one that is not known."""
    said = specific.get("permissionDecision", value.get("decision"))
    if not isinstance(said, str | None):
        return None
    return _PERMISSIONS.get(said)


def _refusal(hook: Hook, errors: str) -> HookAnswer:
    reason = _cut(errors) or f"the hook `{one_line(hook.command, 100)}` refused it"
    match hook.event:
        case "PreToolUse":
            return HookAnswer("deny", reason)
        case "UserPromptSubmit" | "Stop" | "SubagentStop" | "PostToolUse":
            return HookAnswer(reason=reason, refuses=True)
        case _:
            return HookAnswer(notice=reason)


def _broken(hook: Hook, why: str) -> HookAnswer:
    problem = f"the hook `{one_line(hook.command, 100)}` ({hook.place}) failed: {why}"
    # What was to guard a call and did not look at it says neither yes nor no.
    return HookAnswer(
        "ask" if hook.event == "PreToolUse" else "",
        problem if hook.event == "PreToolUse" else "",
        problems=(HookProblem(hook.id, problem),),
    )


def _cut(text: str) -> str:
    return truncate_middle(terminal_text(text).strip(), TEXT_CHARS_MAX)


def _join(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(text for text in texts if text))
