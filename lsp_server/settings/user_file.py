"""The user's own file, and the rules that are added to it when a person says “always”."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings.folders import config_folder


def default_user_file() -> Path:
    """Where it lies, whether there is one or not."""
    return config_folder() / "config.toml"


def allow_always(rule: str, user_file: Path | None = None) -> Path:
    """Adds an allow rule to the user's file, keeping all that stands there; returns its path.

    Raises ConfigurationError when the file cannot be changed.
    """
    import tomlkit  # noqa: PLC0415 - rarely needed, and half as dear as pydantic
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    path = user_file or default_user_file()
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        permissions: Any = document.setdefault("permissions", tomlkit.table())
        rules: Any = permissions.setdefault("allow", tomlkit.array())
        if rule in rules:
            return path
        rules.append(rule)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        draft.write_text(tomlkit.dumps(document), "utf-8")
        draft.replace(path)
    except (OSError, ValueError, TypeError, AttributeError, TOMLKitError) as error:
        raise ConfigurationError(
            f"the rule {rule} could not be added to {path}: {error}", key="permissions.allow"
        ) from error
    return path
