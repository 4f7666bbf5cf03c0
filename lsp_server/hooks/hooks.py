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

    def concern(self, event: HookEvent, tool: str = "") -> bool:
        """Says whether any is run then."""
        return bool(self._matching(event, tool))

    async def fire(self, event: HookEvent, describe: Describe, tool: str = "") -> HookAnswer:
        """Runs all of an event, for a call of `tool` if it is about one, and returns what they say."""
        hooks = self._matching(event, tool)
        ends = await asyncio.gather(*(self._run_one(hook, describe) for hook in hooks))
        return combine(
            _bounded(hook, read_answer(hook, end)) for hook, end in zip(hooks, ends, strict=True)
        )

    def _matching(self, event: HookEvent, tool: str) -> list[Hook]:
        found = [
            one for one in self._hooks if one.event == event and (not tool or one.concerns(tool))
        ]
        # The user's come first, so that of two that are the same it is theirs that is run.
        return list({(one.command, one.claude): one for one in reversed(found)}.values())[::-1]

    async def _run_one(self, hook: Hook, describe: Describe) -> HookEnd:
        return await self._run(hook, json.dumps(describe(hook)).encode("ascii"))


def _bounded(hook: Hook, answer: HookAnswer) -> HookAnswer:
    """A project's hook can refuse, but frees nothing: a checkout brings no grants."""
    if hook.origin == "project" and answer.permission == "allow":
        return replace(answer, permission="")
    return answer
