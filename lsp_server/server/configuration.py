"""This module knows what the editor says about settings, as one layer for `settings.load`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsp_server.server.client import Client
from lsp_server.server.folders import Folder
from lsp_server.server.protocol import SOURCE

_NO_SETTINGS = ("clientCapabilities", "token")
"""Keys of `initializationOptions` that say something else."""


class EditorConfiguration:
    """An `EditorConfiguration` takes settings in the three ways in which editors send them.

    `initializationOptions` count least, then what a notification pushed, then the answers
    to `workspace/configuration`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._options: dict[str, Any] = {}
        self._pushed: dict[str, Any] = {}

    def initialize(self, options: object) -> None:
        """Takes the options of `initialize`."""
        self._options = section(options)

    def change(self, settings: object) -> None:
        """Takes the settings of a notification; one without our section only says "ask again"."""
        if isinstance(settings, Mapping) and SOURCE in settings:
            self._pushed = section(settings)

    async def layers(self, folders: Sequence[Folder]) -> list[dict[str, Any]]:
        """Asks the editor and returns the settings for each folder, in the same order."""
        pulled = await self._client.configuration([folder.uri for folder in folders])
        sent = layer_over(self._options, self._pushed)
        return [layer_over(sent, section(value)) for value in pulled]


def section(value: object) -> dict[str, Any]:
    """Returns the settings in what an editor sends: the section, or an object that holds it.

    >>> section({"holdfast": {"model": {"name": "m"}}})
    {'model': {'name': 'm'}}
    """
    if not isinstance(value, Mapping):
        return {}
    # `workspace/configuration` answers with the section, a notification with what holds it.
    inner = value.get(SOURCE)
    own = inner if isinstance(inner, Mapping) else value
    return {key: own[key] for key in own if key not in _NO_SETTINGS}


def layer_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `above` over `below`, key by key within each section.

    >>> layer_over({"run": {"steps_max": 5}}, {"run": {"transcript": False, "steps_max": None}})
    {'run': {'steps_max': 5, 'transcript': False}}
    """
    merged = dict(below)
    for name, values in above.items():
        lower = merged.get(name)
        if isinstance(values, Mapping) and isinstance(lower, Mapping):
            merged[name] = {**lower, **_without_nulls(values)}
        elif values is not None:
            merged[name] = values
    return merged


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """Editors send null for settings that nobody touched."""
    return {key: value for key, value in values.items() if value is not None}
