"""The values of `.env` and its like, so that they are recognised wherever they turn up."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lsp_server.domain.errors import ToolError
from lsp_server.domain.secrets import holds_secrets, values_in
from lsp_server.workspace.disk import read_text

FILE_BYTES_MAX = 100_000


class SecretFiles:
    """Those in one folder itself. `values` are as of the last look, the longest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.values: tuple[str, ...] = ()

    def look(self) -> None:
        """Reads them anew. Blocking; what cannot be read tells nothing."""
        found: set[str] = set()
        with suppress(OSError):
            for path in self._folder.iterdir():
                with suppress(OSError, ToolError):
                    if holds_secrets(path.name) and path.stat().st_size <= FILE_BYTES_MAX:
                        found.update(values_in(read_text(path).text))
        self.values = tuple(sorted(found, key=len, reverse=True))
