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
    to the workspace, or the settings. With `claude` one that names all tools is told of calls in
    the words of Claude Code. With `outside` it runs without a sandbox, which only a person's own may.

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
    """Of all that a person has to look at; "" where there is nothing of a checkout to look at."""
    trusted: bool = True

    @property
    def id(self) -> str:
        """Returns what names it in its project, as in `hook .claude/settings.json PreToolUse 1`."""
        return f"hook {self.place} {self.event} {self.number}"

    def concerns(self, subject: str) -> bool:
        """Says whether it is run for calls of that tool, or for what else its event is about.

        `subject` is where a session comes from, what began a cycle, the kind of a
        notification; "" is all. The tool that ends a run has `Stop`.
        """
        if subject == Finish.spec.name:
            return False
        if self._names_all or not subject:
            return True
        return any(re.fullmatch(self.matcher, name) for name in names_of(subject))

    def speaks_as_claude(self, tool: str) -> bool:
        """Says whether it is told of that tool in the words of Claude Code.

        It is told of a tool in the words in which it names it.

        >>> hook = Hook("PreToolUse", "Bash|edit", "./check.sh", place="settings", origin="user")
        >>> [hook.speaks_as_claude(name) for name in ("shell", "edit")]
        [True, False]
        """
        ours, *theirs = names_of(tool)
        if self._names_all or not theirs:
            return self.claude
        named = [bool(re.fullmatch(self.matcher, name)) for name in (ours, *theirs)]
        return self.claude if all(named) else not named[0]

    @property
    def _names_all(self) -> bool:
        return self.matcher in ("", "*")
