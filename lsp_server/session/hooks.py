"""This module has the hooks of one session: the user's, and a project's once they are trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.hooks.hook import HOOK_EVENTS, Hook
from lsp_server.hooks.hook_entries import HookEntries, read_entries
from lsp_server.hooks.project_files import project_hooks, scripts
from lsp_server.session.trust import Trust, TrustItem, TrustState
from lsp_server.settings.hook_settings import HookSettings
from lsp_server.text.markdown import code_block
from lsp_server.text.truncate import one_line

OWN_PLACE = "your settings"
COMMAND_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class FoundHook:
    """A `FoundHook` is a hook that is named somewhere, and whether a person trusts it."""

    hook: Hook
    trust: TrustState


class SessionHooks:
    """`SessionHooks` finds the hooks of a workspace and says which of them may be run."""

    def __init__(self, root: Path, trust: Trust, settings: Callable[[], HookSettings]) -> None:
        self._root = root
        self._trust = trust
        self._settings = settings
        self.problems: tuple[str, ...] = ()
        """What was wrong with entries when they were last read."""

    async def usable(self) -> tuple[Hook, ...]:
        """Returns those that are run now, the user's first.

        Raises ConfigurationError for one of the user's that cannot be read: what it is
        there to refuse must not happen unseen.
        """
        own = self._own()
        if own.problems:
            raise ConfigurationError(
                f"{own.problems[0]}; no run starts until it is fixed", key="hooks"
            )
        return tuple(one.hook for one in await self.found() if one.trust == "trusted")

    async def found(self) -> tuple[FoundHook, ...]:
        """Returns all that are named, the user's first, whether they may be run or not."""
        own, brought = self._own(), await self._brought()
        self.problems = (*own.problems, *brought.problems)
        states = await asyncio.to_thread(self._states, brought)
        return (
            *(FoundHook(hook, "trusted") for hook in own.hooks),
            *(FoundHook(hook, states[hook.id]) for hook in brought.hooks),
        )

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns the project's hooks, trusted or not."""
        hooks = (await self._brought()).hooks
        return await asyncio.to_thread(lambda: tuple(_trust_item(one, self._root) for one in hooks))

    def _states(self, brought: HookEntries) -> dict[str, TrustState]:
        return self._trust.states(_trust_item(one, self._root) for one in brought.hooks)

    def _own(self) -> HookEntries:
        settings = self._settings()
        by_event = {event: getattr(settings, _setting(event)) for event in HOOK_EVENTS}
        return read_entries(by_event, OWN_PLACE, "user")

    async def _brought(self) -> HookEntries:
        if not self._settings().project_hooks:
            return HookEntries()
        return await asyncio.to_thread(project_hooks, self._root)


def _setting(event: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in event).strip("_")


def _trust_item(hook: Hook, root: Path) -> TrustItem:
    """Blocking."""
    tools = hook.matcher or "*"
    shown = [f"At {hook.event} (tools: {tools}) it runs, for {hook.timeout_seconds:g} s at most:"]
    shown.append(code_block(hook.command))
    for script in scripts(hook, root):
        shown += [f"Its file {script.path}:", code_block(script.text)]
    return TrustItem(
        hook.id,
        f"hook at {hook.event} of {tools}: {one_line(hook.command, COMMAND_CHARS_MAX)}",
        "\n\n".join(shown),
        hook.fingerprint,
    )
