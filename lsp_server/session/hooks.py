"""This module has the hooks of one session: the user's, and a project's once they are trusted.

One of the user's that runs a file of the project is trusted with that file, as what it runs
is what the checkout brings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.hooks.hook import HOOK_EVENTS, Hook
from lsp_server.hooks.hook_entries import HookEntries, read_entries
from lsp_server.hooks.project_files import project_hooks, with_fingerprint
from lsp_server.hooks.scripts import runs_files_of, scripts
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
        found = await self.found()
        # One that is the user's wish and may not be run has failed, so that a guard lets nothing pass.
        wanted = [one for one in found if one.trust == "trusted" or one.hook.origin == "user"]
        return tuple(replace(one.hook, trusted=one.trust == "trusted") for one in wanted)

    async def found(self) -> tuple[FoundHook, ...]:
        """Returns all that are named, the user's first, whether they may be run or not."""
        own, brought = await asyncio.to_thread(self._read)
        self.problems = (*own.problems, *brought.problems)
        hooks = (*own.hooks, *brought.hooks)
        states = await asyncio.to_thread(self._states, hooks)
        return tuple(FoundHook(hook, states.get(hook.id, "trusted")) for hook in hooks)

    async def brought(self) -> tuple[TrustItem, ...]:
        """Returns what a person has to look at, trusted or not."""
        own, brought = await asyncio.to_thread(self._read)
        return await asyncio.to_thread(self._items, (*own.hooks, *brought.hooks))

    def _items(self, hooks: Iterable[Hook]) -> tuple[TrustItem, ...]:
        return tuple(_trust_item(one, self._root) for one in hooks if one.fingerprint)

    def _states(self, hooks: Iterable[Hook]) -> dict[str, TrustState]:
        items = self._items(hooks)
        return self._trust.states(items) if items else {}

    def _read(self) -> tuple[HookEntries, HookEntries]:
        """Returns the user's and the project's, those with a fingerprint that wait for trust. Blocking."""
        own = self._own()
        hooks = tuple(
            with_fingerprint(one, self._root) if runs_files_of(one.command, self._root) else one
            for one in own.hooks
        )
        with_project = self._settings().project_hooks
        brought = project_hooks(self._root) if with_project else HookEntries()
        return replace(own, hooks=hooks), brought

    def _own(self) -> HookEntries:
        settings = self._settings()
        by_event = {event: getattr(settings, _setting(event)) for event in HOOK_EVENTS}
        return read_entries(by_event, OWN_PLACE, "user")


def _setting(event: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in event).strip("_")


def _trust_item(hook: Hook, root: Path) -> TrustItem:
    """Blocking."""
    tools = hook.matcher or "*"
    shown = [f"At {hook.event} (tools: {tools}) it runs, for {hook.timeout_seconds:g} s at most:"]
    shown.append(code_block(hook.command))
    for script in scripts(hook.command, root):
        shown += [f"Its file {script.path}:", code_block(script.text)]
    return TrustItem(
        hook.id,
        f"hook at {hook.event} of {tools}: {one_line(hook.command, COMMAND_CHARS_MAX)}",
        "\n\n".join(shown),
        hook.fingerprint,
    )
