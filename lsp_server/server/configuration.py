"""What the editor says about settings, as one layer for `settings.load`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsp_server.server.protocol import SOURCE

_NO_SETTINGS = ("clientCapabilities", "token")
"""Keys of `initializationOptions` that say something else."""


def section(value: object) -> dict[str, Any]:
    """The settings in what an editor sends: the section, or an object that holds it."""
    if not isinstance(value, Mapping):
        return {}
    inner = value.get(SOURCE)
    own = inner if isinstance(inner, Mapping) else value
    return {key: own[key] for key in own if key not in _NO_SETTINGS}


def layer_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, key by key within each section."""
    merged = dict(below)
    for name, values in above.items():
        lower = merged.get(name)
        if isinstance(values, Mapping) and isinstance(lower, Mapping):
            merged[name] = {**lower, **_set(values)}
        elif values is not None:
            merged[name] = values
    return merged


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is null: editors send it for settings that nobody touched."""
    return {key: value for key, value in values.items() if value is not None}
