"""`Hooks` are those that hold in one run, and what they say together when something happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from lsp_server.hooks.hook import Hook, HookEvent
from lsp_server.hooks.hook_answer import HookAnswer, combine, read_answer
from lsp_server.hooks.hook_process import HookEnd

RunHook: TypeAlias = Callable[[Hook, bytes], Awaitable[HookEnd]]
"""Runs the command of a hook with these bytes on its standard input."""
Describe: TypeAlias = Callable[[Hook], Mapping[str, Any]]
"""Returns what a hook is told, in its words."""


class Hooks:
    """`Hooks` are all that hold in one run; `run` runs the command of one.

    Those of one event run beside each other, one that is named twice once.
    """

    def __init__(self, hooks: Sequence[Hook], run: RunHook) -> None:
        self._hooks = tuple(hooks)
        self._run = run

    def concern(self, event: HookEvent, subject: str = "") -> bool:
        """Says whether any is run then; `subject` is what matchers look at, "" where they do not."""
        return bool(self._matching(event, subject))

    async def fire(self, event: HookEvent, describe: Describe, subject: str = "") -> HookAnswer:
        """Runs all of an event that `subject` concerns, and returns what they say."""
        hooks = self._matching(event, subject)
        ends = await asyncio.gather(*(self._run_one(hook, describe) for hook in hooks))
        return combine(
            _bounded(hook, read_answer(hook, end)) for hook, end in zip(hooks, ends, strict=True)
        )

    def _matching(self, event: HookEvent, subject: str) -> list[Hook]:
        found = [one for one in self._hooks if one.event == event and one.concerns(subject)]
        # The user's come first, so that of two that are the same it is theirs that is run.
        unique = {(one.command, one.speaks_as_claude(subject)): one for one in reversed(found)}
        return list(unique.values())[::-1]

    async def _run_one(self, hook: Hook, describe: Describe) -> HookEnd:
        return await self._run(hook, json.dumps(describe(hook)).encode("ascii"))


def _bounded(hook: Hook, answer: HookAnswer) -> HookAnswer:
    """A project's hook can refuse, but frees nothing: a checkout brings no grants."""
    if hook.origin == "project" and answer.permission == "allow":
        return replace(answer, permission="")
    return answer
