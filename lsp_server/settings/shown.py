"""This module masks in settings what a report may not show."""

from __future__ import annotations

from typing import Any

from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import Settings


def mask(settings: Settings) -> dict[str, Any]:
    """Returns the effective settings as JSON types, with whatever could hold a secret masked."""
    dump = settings.model_dump(mode="json")
    for name in ("model", "judge", "cheap"):
        if dump[name].get("api_key_command"):
            dump[name]["api_key_command"] = "(set)"
        if dump[name].get("extra_body"):
            dump[name]["extra_body"] = dict.fromkeys(dump[name]["extra_body"], "(set)")
        if dump[name].get("base_url"):
            dump[name]["base_url"] = without_credentials(dump[name]["base_url"])
    for key in ("uri", "embedding_base_url"):
        if dump["memory"].get(key):
            dump["memory"][key] = without_credentials(dump["memory"][key])
    return dump
