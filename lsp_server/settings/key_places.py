"""This module holds each key to the address that it was set for.

Who names another address, in a layer above or for a role, leaves the key behind: what listens
there is not whom it was given to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsp_server.settings.address import is_same_origin
from lsp_server.settings.sections import Settings

_COMMAND = "api_key_command"


def without_keys_of_others(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the layers below without the commands for keys whose address `above` replaces.

    >>> below = {"model": {"base_url": "https://a.example/v1", "api_key_command": "pass show a"}}
    >>> without_keys_of_others(below, {"model": {"base_url": "https://b.example/v1"}})
    {'model': {'base_url': 'https://a.example/v1'}}
    """
    kept = dict(below)
    for name in ("model", "judge", "cheap"):
        before, after = _address(name, below), _address(name, above, below)
        if name in below and before and after and not is_same_origin(before, after):
            kept[name] = {key: below[name][key] for key in below[name] if key != _COMMAND}
    return kept


def with_keys_of_environment(settings: Settings, environment: Mapping[str, Any]) -> Settings:
    """Returns the settings such that keys in the environment go where the environment says.

    `environment` is its layer. A section for which another layer names another address gets
    no key from there.
    """
    marked = {}
    for name, address, key in (
        ("model", "base_url", f"model.{_COMMAND}"),
        ("memory", "embedding_base_url", "memory.embedding_base_url in the environment"),
    ):
        section, meant = getattr(settings, name), environment.get(name, {}).get(address)
        used = getattr(section, address)
        if meant and used and not is_same_origin(meant, used):
            marked[name] = section.with_own_key(key)
    return settings.model_copy(update=marked)


def _address(name: str, *layers: Mapping[str, Any]) -> str | None:
    """The address of a section in layers, the upper first; that of the worker where it has none."""
    found = (layer.get(each, {}).get("base_url") for each in (name, "model") for layer in layers)
    return next((str(address) for address in found if address), None)
