"""This module lets a project set the little that it may.

A project's file comes with a checkout, so it cannot name endpoints, executables, keys or allow
rules, nor what makes a run cost more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.sandbox_settings import NETWORKS
from lsp_server.settings.sections import PERMISSION_MODES, Settings
from lsp_server.settings.user_file import default_user_file

SETS = {
    "model": ("temperature",),
    "judge": ("temperature",),
    "cheap": ("temperature",),
    "max_mode": ("temperature", "judge_temperature", "quorum"),
    "context": ("rebuild_at",),
    "permissions": ("deny",),
    "sandbox": ("hide",),
}
"""Settings that cost nothing and free nothing."""

LOWERS = {
    "model": ("context_tokens", "output_tokens_max", "silence_timeout_seconds"),
    "max_mode": ("enabled", "samples", "strategy", "first_draw", "grace_seconds"),
    "goal": ("re_entries_max", "check_timeout_seconds", "check_on_save"),
    "context": ("budget_tokens", "brief", "result_chars_max"),
    "memory": ("enabled", "index_on_start", "file_bytes_max", "commits_max"),
    "permissions": ("mode", "answer_timeout_seconds"),
    "sandbox": ("network",),
    "fetch": ("page_bytes_max", "timeout_seconds"),
    "mcp": ("project_servers", "call_timeout_seconds"),
    "skills": ("enabled", "claude_folders"),
    "hooks": ("project_hooks",),
    "run": (
        "steps_max",
        "tokens_max",
        "cost_usd_max",
        "wall_seconds_max",
        "children_max",
        "transcript",
    ),
}
"""Settings of which a project may have less than the user, or which it may switch off.

All others are the user's alone.
"""

_CHOICES = (*PERMISSION_MODES, *NETWORKS, "gated", "auto", "adaptive", "always")
"""The names that a lowered setting can have, from the least to the most of each."""


def narrow(
    layer: Mapping[str, Any],
    wished: Settings,
    granted: Settings,
    source: str,
    problems: list[ConfigurationError],
) -> dict[str, Any]:
    """Leaves out of a project's layer what only the user may decide.

    `wished` are the settings with the layer, `granted` those without it. What is
    left out is named in `problems`, with `source`, the path of the project's file.
    """
    allowed: dict[str, Any] = {}
    for section, values in layer.items():
        allowed[section] = {}
        for key, value in values.items():
            # After validation, so that equal values look equal.
            pair = (getattr(getattr(each, section), key) for each in (wished, granted))
            if why := _too_wide(section, key, *pair):
                message = f"{section}.{key} in {source} is ignored: {why}"
                problems.append(ConfigurationError(message, key=f"{section}.{key}"))
            else:
                allowed[section][key] = value
    return allowed


def _too_wide(section: str, key: str, wished: Any, granted: Any) -> str:
    """The reason why a project may not set the key as it wished; empty when it may."""
    if key in SETS.get(section, ()):
        return ""
    if key not in LOWERS.get(section, ()):
        return f"a project may not set it; put it into {default_user_file()}"
    if granted is None or (wished is not None and _amount(wished) <= _amount(granted)):
        return ""
    if isinstance(granted, bool):
        return "a project may only switch it off"
    return f"a project may only lower it below {granted}, not set it to {wished}"


def _amount(value: bool | float | str) -> float:
    return _CHOICES.index(value) if isinstance(value, str) else float(value)
