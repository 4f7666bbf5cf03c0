"""This module gathers what is secret by its value, and keeps the key of the markers for it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lsp_server.redaction.encodings import encodings_of
from lsp_server.redaction.secrets import Secrets, is_api_key, longest_first, secrets_in_environment
from lsp_server.system.atomic_file import create_file
from lsp_server.system.private_folder import make_private
from lsp_server.workspace.files.secret_files import SecretFiles

KEY_FILE = "marks.key"
KEY_BYTES = 32


class KnownSecrets:
    """A `KnownSecrets` gathers secrets from the environment, files for secrets, and endpoints' keys.

    `root` is the workspace, `data` the person's data folder; `api_keys` gives the
    endpoints' keys, as far as they are known, and `loaded` the secrets among what the project
    sets for its commands. Calling the object gives all.
    """

    def __init__(
        self,
        root: Path,
        data: Path,
        api_keys: Callable[[], Sequence[str]],
        loaded: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        # Read once: every text of every Event is looked through for these.
        self._environment = secrets_in_environment(os.environ)
        self._files = SecretFiles(root)
        self._api_keys = api_keys
        self._loaded = loaded
        self._mark_key = mark_key(data)
        self._looked = False
        self._made_of: tuple[tuple[str, ...], ...] = ()
        self._all = self._gather()

    def __call__(self) -> Secrets:
        """Gives all secrets, those in files as of the last look. The first call looks, and blocks."""
        if not self._looked:
            self.refresh()
        made_of = (tuple(self._api_keys()), self._files.values, tuple(self._loaded()))
        if made_of != self._made_of:
            self._made_of = made_of
            self._all = self._gather(made_of[0])
        return self._all

    def refresh(self) -> bool:
        """Reads the files anew; returns whether they hold something else now. Blocking."""
        before, self._looked = self._files.values, True
        self._files.look()
        return self._files.values != before

    def look(self) -> Secrets:
        """Reads the files anew; returns all but endpoints' keys, which come and go. Blocking."""
        self.refresh()
        return self._gather()

    def _gather(self, api_keys: Sequence[str] = ()) -> Secrets:
        given = {*self._environment, *self._files.values, *self._loaded()}
        values = {*given, *filter(is_api_key, api_keys)}
        spelled = {form for value in values for form in encodings_of(value)}
        return Secrets(longest_first(spelled), self._mark_key)


def mark_key(data: Path) -> bytes:
    """The key of a person's markers, made once and kept in their data folder `data`.

    Markers in a journal must mean the same tomorrow. Where the key cannot be kept,
    one is made for this process.
    """
    path, fresh = data / KEY_FILE, secrets.token_bytes(KEY_BYTES)
    with suppress(OSError):
        make_private(data)
        create_file(path, fresh, private=True)
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
    return fresh
