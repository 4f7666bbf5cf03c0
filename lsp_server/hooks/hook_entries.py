"""This module reads hooks as people write them down: by event, with a matcher, and their commands.

The shape is that of Claude Code's `settings.json`, in JSON or TOML. An entry that cannot
be read is named and left out, and the others hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsp_server.hooks.hook import HOOK_EVENTS, TIMEOUT_SECONDS, Hook, HookOrigin

COMMAND_CHARS_MAX = 10_000
MATCHER_CHARS_MAX = 500
TIMEOUT_SECONDS_MAX = 600.0
HOOKS_MAX = 100
"""The hooks of one file."""


class HookEntryError(ValueError):
    """An entry cannot be read as a hook; the text says why."""


@dataclass(frozen=True, slots=True)
class HookEntries:
    """`HookEntries` are the hooks of one place, and what is wrong with others of it."""

    hooks: tuple[Hook, ...] = ()
    problems: tuple[str, ...] = ()


def read_entries(
    value: object, place: str, origin: HookOrigin, *, claude: bool = False
) -> HookEntries:
    """Reads what stands under `hooks` in the file or the settings called `place`.

    >>> group = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}
    >>> entries = read_entries({"PreToolUse": [group]}, "settings", "user")
    >>> [(one.matcher, one.command) for one in entries.hooks], entries.problems
    ([('Bash', './check.sh')], ())
    """
    hooks: list[Hook] = []
    problems: list[str] = []
    for where, found in _found(value, place, origin, claude=claude):
        if isinstance(found, HookEntryError):
            problems.append(f"{place}: {where}: {found}")
        elif len(hooks) < HOOKS_MAX:
            hooks.append(found)
        else:
            problems.append(f"{place} has more than {HOOKS_MAX} hooks; the others are left out")
            break
    return HookEntries(tuple(hooks), tuple(problems))


def _found(
    value: object, place: str, origin: HookOrigin, *, claude: bool
) -> Iterator[tuple[str, Hook | HookEntryError]]:
    if not isinstance(value, Mapping):
        yield "hooks", HookEntryError("it must be an object with lists of hooks by event")
        return
    for event, groups in value.items():
        if event not in HOOK_EVENTS:
            known = ", ".join(HOOK_EVENTS)
            yield str(event), HookEntryError(f"there is no such event; there are: {known}")
            continue
        number = 0
        for matcher, entry in _entries(groups):
            number += 1
            where = f"{event} {number}"
            try:
                if isinstance(entry, HookEntryError):
                    raise entry
                hook = _hook(event, matcher, entry)
            except HookEntryError as error:
                yield where, error
                continue
            yield where, Hook(**hook, place=place, origin=origin, claude=claude, number=number)


def _entries(groups: object) -> Iterator[tuple[object, Any]]:
    """Returns the entries of one event, each with the matcher of its group."""
    if not isinstance(groups, list | tuple):
        yield "", HookEntryError("it must be a list of groups with `matcher` and `hooks`")
        return
    for group in groups:
        entries = group.get("hooks") if isinstance(group, Mapping) else None
        if not isinstance(entries, list | tuple):
            yield "", HookEntryError("a group must be an object with a list `hooks`")
            continue
        for entry in entries:
            yield group.get("matcher", ""), entry


def _hook(event: str, matcher: object, entry: object) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise HookEntryError("a hook must be an object with `type` and `command`")
    if (kind := entry.get("type", "command")) != "command":
        raise HookEntryError(f"hooks of the type {kind!r} are not known; only `command` is")
    return {
        "event": event,
        "matcher": _matcher(matcher),
        "command": _command(entry.get("command")),
        "timeout_seconds": _timeout(entry.get("timeout", TIMEOUT_SECONDS)),
        "outside": entry.get("outside") is True,
    }


def _command(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise HookEntryError("`command` must be a command of a shell")
    if len(value) > COMMAND_CHARS_MAX:
        raise HookEntryError(f"`command` has more than {COMMAND_CHARS_MAX:,} characters")
    return value


def _matcher(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MATCHER_CHARS_MAX:
        raise HookEntryError(
            f"`matcher` must be a name of a tool or a regular expression of at most "
            f"{MATCHER_CHARS_MAX} characters"
        )
    if value != "*":
        try:
            re.compile(value)
        except re.error as error:
            raise HookEntryError(f"`matcher` is no regular expression: {error}") from error
    return value


def _timeout(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < float(str(value)) <= TIMEOUT_SECONDS_MAX:
        raise HookEntryError(
            f"`timeout` must be seconds, above 0 and at most {TIMEOUT_SECONDS_MAX:g}, not {value!r}"
        )
    return float(str(value))
