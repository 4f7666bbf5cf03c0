"""This module has the settings of hooks, as people write them down for Claude Code too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import model_validator

from lsp_server.settings.section import Section

HookGroups: TypeAlias = tuple[dict[str, Any], ...]


class HookSettings(Section):
    """This section names commands that run at set moments of a run, and may refuse what happens.

    Each setting of an event is a list of groups: a `matcher` for the names of tools, and
    `hooks`, each with its `command`, and `timeout` in seconds or `outside` of the sandbox
    if it differs. The events may be written as Claude Code writes them, as in `PreToolUse`.
    """

    pre_tool_use: HookGroups = ()
    """Before a call: may deny it, ask about it, or change its arguments."""
    post_tool_use: HookGroups = ()
    """After a call: may add to what it gave."""
    user_prompt_submit: HookGroups = ()
    """At a task and at each message: may refuse it or add to it."""
    stop: HookGroups = ()
    """When a run wants to end: may send it back with a reason."""
    subagent_stop: HookGroups = ()
    """When a run that another run began wants to end: may send it back with a reason."""
    session_start: HookGroups = ()
    """When a run begins or goes on: may add to the prompt."""
    pre_compact: HookGroups = ()
    """Before the prompt is made anew."""
    notification: HookGroups = ()
    """When a person is asked something."""
    project_hooks: bool = True
    """Run those of `.holdfast/hooks.json`, `.claude/settings.json` and `.claude/settings.local.json` too, once a person trusted them."""

    @model_validator(mode="before")
    @classmethod
    def _events_as_elsewhere(cls, value: object) -> object:
        return in_one_spelling(value) if isinstance(value, dict) else value


EVENT_SETTINGS = tuple(name for name in HookSettings.model_fields if name != "project_hooks")
"""The settings that are lists of hooks."""


def in_one_spelling(section: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the section with each event as our settings spell it; lists of both spellings add up.

    >>> in_one_spelling({"PreToolUse": [{"hooks": []}], "stop": []})
    {'pre_tool_use': [{'hooks': []}], 'stop': []}
    """
    spelled: dict[str, Any] = {}
    for key, value in section.items():
        name = _snake_case(key)
        before = spelled.get(name)
        both_are_lists = isinstance(before, list | tuple) and isinstance(value, list | tuple)
        spelled[name] = [*before, *value] if before and both_are_lists else value
    return spelled


def spell_alike(layer: dict[str, Any]) -> None:
    """Spells the events of a layer as our settings do, so that layers add up."""
    if isinstance(section := layer.get("hooks"), dict):
        layer["hooks"] = in_one_spelling(section)


def _snake_case(name: Any) -> Any:
    # `PreToolUse`; a name that is none is left to be reported as it is.
    if not isinstance(name, str) or not name[:1].isupper():
        return name
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
