"""A `Hook` is a command that is run when something happens in a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from lsp_server.hooks.claude_tools import names_of
from lsp_server.tools.finish import Finish

HookEvent: TypeAlias = Literal[
    "PreToolUse",
    "PostToolUse",
    "UserPromptSubmit",
    "Stop",
    "SubagentStop",
    "SessionStart",
    "PreCompact",
    "Notification",
]
"""When a hook is run: before and after a call, at each message of a person, when a run or one
that a run began wants to stop, when a run begins or goes on, before a new cycle of the prompt,
and when a person is asked something."""

HOOK_EVENTS: tuple[HookEvent, ...] = get_args(HookEvent)

HookOrigin: TypeAlias = Literal["user", "project"]
TIMEOUT_SECONDS = 60.0
"""How long a hook may take that does not say so itself, as in Claude Code."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A `Hook` runs `command` at `event`, for the tools that `matcher` names.

    `matcher` is a name or a regular expression of whole names, "" or `*` for all;
    names of Claude Code mean our tools too. `place` is the file that has it, relative
    to the workspace, or the settings. With `claude` it is told of calls in the words of
    Claude Code. With `outside` it runs without a sandbox, which only a person's own may.

    >>> hook = Hook("PreToolUse", "Bash|Edit", "./check.sh", place="settings", origin="user")
    >>> [hook.concerns(name) for name in ("shell", "edit", "read")]
    [True, True, False]
    """

    event: HookEvent
    matcher: str
    command: str
    place: str
    origin: HookOrigin
    timeout_seconds: float = TIMEOUT_SECONDS
    claude: bool = False
    outside: bool = False
    number: int = 1
    """It is the first, the second … of its event in `place`."""
    fingerprint: str = ""
    """Of all that a person looked at who trusted it."""

    @property
    def id(self) -> str:
        """Returns what names it in its project, as in `hook .claude/settings.json PreToolUse 1`."""
        return f"hook {self.place} {self.event} {self.number}"

    def concerns(self, tool: str) -> bool:
        """Says whether it is run for calls of that tool; the one that ends a run has `Stop`."""
        if tool == Finish.spec.name:
            return False
        if self.matcher in ("", "*"):
            return True
        return any(re.fullmatch(self.matcher, name) for name in names_of(tool))
