"""This module finds the user's settings file, and adds to it what a person chose: a rule, a model."""

from __future__ import annotations

from collections.abc import Callable
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

    def add(document: Any) -> bool:
        rules: Any = _table(document, "permissions").setdefault("allow", [])
        if rule in rules:
            return False
        rules.append(rule)
        return True

    return _change(user_file, add, f"the rule {rule} could not be added", "permissions.allow")


def choose_model(base_url: str, name: str, user_file: Path | None = None) -> Path:
    """Names the model to ask in the user's file and returns its path.

    Everything else in it stays, comments too. Raises ConfigurationError when the file
    cannot be changed.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "config.toml"
    >>> print(choose_model("http://localhost:8000/v1", "qwen", path).read_text(), end="")
    [model]
    base_url = "http://localhost:8000/v1"
    name = "qwen"
    """

    def choose(document: Any) -> bool:
        _table(document, "model").update({"base_url": base_url, "name": name})
        return True

    return _change(user_file, choose, "the model could not be written", "model.base_url")


def _table(document: Any, name: str) -> Any:
    import tomlkit  # noqa: PLC0415 - rarely needed, and takes a while to load

    return document.setdefault(name, tomlkit.table())


def _change(user_file: Path | None, change: Callable[[Any], bool], failure: str, key: str) -> Path:
    """Changes the user's file as a whole, unless `change` says that it is as wished."""
    import tomlkit  # noqa: PLC0415 - as above
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    path = user_file or default_user_file()
    try:
        text = toml.decoded(path.read_bytes()) if path.exists() else ""
        document = tomlkit.parse(text)
        if change(document):
            # A link is followed: dotfiles are often kept elsewhere.
            replace_file(path.resolve(), tomlkit.dumps(document).encode("utf-8"))
    except (OSError, ValueError, TypeError, AttributeError, TOMLKitError) as error:
        raise ConfigurationError(f"{failure} to {path}: {error}", key=key) from error
    return path
