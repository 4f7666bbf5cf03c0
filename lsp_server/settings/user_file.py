"""This module finds the user's settings file, and adds a rule to it when a person says “always”."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings import toml
from lsp_server.settings.folders import config_folder
from lsp_server.system.atomic_file import replace_file


def default_user_file() -> Path:
    """Returns the path of the user's settings file, whether there is one or not."""
    return config_folder() / "config.toml"


def allow_always(rule: str, user_file: Path | None = None) -> Path:
    """Adds an allow rule to the user's file and returns its path.

    Everything else in it stays, comments too. Raises ConfigurationError when the file
    cannot be changed.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "config.toml"
    >>> print(allow_always("shell(pytest *)", path).read_text(), end="")
    [permissions]
    allow = ["shell(pytest *)"]
    """
    import tomlkit  # noqa: PLC0415 - rarely needed, and takes a while to load
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    path = user_file or default_user_file()
    try:
        text = toml.decoded(path.read_bytes()) if path.exists() else ""
        document = tomlkit.parse(text)
        permissions: Any = document.setdefault("permissions", tomlkit.table())
        rules: Any = permissions.setdefault("allow", tomlkit.array())
        if rule in rules:
            return path
        rules.append(rule)
        # A link is followed: dotfiles are often kept elsewhere.
        replace_file(path.resolve(), tomlkit.dumps(document).encode("utf-8"))
    except (OSError, ValueError, TypeError, AttributeError, TOMLKitError) as error:
        raise ConfigurationError(
            f"the rule {rule} could not be added to {path}: {error}", key="permissions.allow"
        ) from error
    return path
