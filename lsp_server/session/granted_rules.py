"""This module keeps the allow rules that a person granted for one workspace.

They lie in the person's own data, in the folder of this workspace, so that no checkout
can bring one and none holds in another checkout.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from lsp_server.domain.errors import ConfigurationError
from lsp_server.settings import toml
from lsp_server.settings.regular_files import read_whole
from lsp_server.settings.sections import Settings
from lsp_server.settings.user_file import allow_always
from lsp_server.system.private_folder import make_private
from lsp_server.tools.rules import parse_rule

FILE_BYTES_MAX = 100_000

_log = logging.getLogger(__name__)


class GrantedRules:
    """`GrantedRules` are the allow rules of one workspace, kept in the file `path`.

    The file has the form of the settings: `[permissions]` with `allow`. What is no rule
    in it allows nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rules = _read(path)
        """The rules as they were last read, oldest first."""

    def refresh(self) -> None:
        """Reads what another session granted, or a person took out of the file. Blocking."""
        self.rules = _read(self.path)

    def add(self, rule: str, *, everywhere: bool = False) -> str:
        """Keeps a rule, with `everywhere` in the user's settings; says where, or why it could not."""
        try:
            if everywhere:
                return f"the rule {rule} was added to {allow_always(rule)}, for all projects"
            with suppress(OSError):
                make_private(self.path.parent)
            kept = allow_always(rule, self.path)
            self.refresh()
            return f"the rule {rule} was added to {kept}, for this project"
        except ConfigurationError as error:
            return str(error)

    def added_to(self, settings: Settings) -> Settings:
        """Returns the settings with these rules among those that allow."""
        permissions = settings.permissions
        allowing = permissions.model_copy(update={"allow": (*permissions.allow, *self.rules)})
        return settings.model_copy(update={"permissions": allowing})


def _read(path: Path) -> tuple[str, ...]:
    try:
        match toml.loads(read_whole(path, FILE_BYTES_MAX).decode()):
            case {"permissions": {"allow": list(found)}}:
                return tuple(each for each in found if _is_rule(each))
            case _:
                return ()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be read, so it allows nothing: %s", path, error)
        return ()


def _is_rule(text: object) -> bool:
    try:
        return isinstance(text, str) and parse_rule(text, key="permissions.allow") is not None
    except ConfigurationError as error:
        _log.warning("%s", error)
        return False
