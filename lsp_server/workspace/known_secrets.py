"""What is secret by its value, from wherever it is known, and the key of its marks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lsp_server.redaction.encodings import encodings_of
from lsp_server.redaction.secrets import Secrets, is_api_key, longest_first, secrets_in_environment
from lsp_server.workspace.blobs import make_private
from lsp_server.workspace.secret_files import SecretFiles

KEY_FILE = "marks.key"
KEY_BYTES = 32


class KnownSecrets:
    """Those of the environment, of files that are for secrets, and the endpoint's key."""

    def __init__(self, root: Path, data: Path, api_key: Callable[[], str | None]) -> None:
        # Read once: every text of every Event is looked through for these.
        self._environment = secrets_in_environment(os.environ)
        self._files = SecretFiles(root)
        self._api_key = api_key
        self._mark_key = mark_key(data)
        self._looked = False
        self._made_of: tuple[str | None, tuple[str, ...]] = (None, ())
        self._all = self._together()

    def __call__(self) -> Secrets:
        """All of them, files as of the last look. The first time it looks, which blocks."""
        if not self._looked:
            self.refresh()
        made_of = (self._api_key(), self._files.values)
        if made_of != self._made_of:
            self._made_of = made_of
            self._all = self._together(made_of[0])
        return self._all

    def refresh(self) -> bool:
        """Reads the files anew; whether they hold something else now. Blocking."""
        before, self._looked = self._files.values, True
        self._files.look()
        return self._files.values != before

    def look(self) -> Secrets:
        """Reads the files anew; all but the endpoint's key, which comes and goes. Blocking."""
        self.refresh()
        return self._together()

    def _together(self, api_key: str | None = None) -> Secrets:
        values = {*self._environment, *self._files.values}
        if api_key is not None and is_api_key(api_key):
            values.add(api_key)
        spelled = {form for value in values for form in encodings_of(value)}
        return Secrets(longest_first(spelled), self._mark_key)


def mark_key(data: Path) -> bytes:
    """The person's own, made once; where it cannot be kept, one for this process.

    `data` is their data folder. It is no secret of a project: marks in a journal must
    mean the same tomorrow.
    """
    path, fresh = data / KEY_FILE, secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
    with suppress(OSError):
        if not path.exists():
            make_private(data)
            draft.touch(mode=0o600)
            draft.write_bytes(fresh)
            with suppress(FileExistsError):  # Another process was quicker.
                os.link(draft, path)
            draft.unlink()
        kept = path.read_bytes()
        if len(kept) == KEY_BYTES:
            return kept
    return fresh
