"""Letters to the process that writes, from those that may not.

One file for each, staged and renamed, so that a letter is whole or not there.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.memories import ActionRecord, Fact
from lsp_server.system.private_folder import make_private

LETTERS_MAX = 10_000
SUFFIX = ".json"


class WriteQueue:
    """A folder of letters. Blocking; call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, records: Sequence[ActionRecord | Fact]) -> None:
        """Raises OSError, also when nobody empties the box."""
        make_private(self._folder)
        if len(self._entries()) >= LETTERS_MAX:
            raise OSError(f"{LETTERS_MAX} letters wait for a process that writes")
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        draft = self._folder / f"{name}.draft"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps([asdict(record) for record in records]), "utf-8")
        draft.rename(draft.with_suffix(SUFFIX))

    def read(self) -> tuple[list[Path], list[ActionRecord | Fact]]:
        """All letters, oldest first, and what they say; unreadable ones say nothing."""
        entries = self._entries()
        records: list[ActionRecord | Fact] = []
        if not entries:
            return entries, records
        letter_type = TypeAdapter(list[ActionRecord | Fact])
        for letter in entries:
            with suppress(OSError, ValidationError):
                records += letter_type.validate_json(letter.read_bytes())
        return entries, records

    def remove(self, entries: Sequence[Path]) -> None:
        """What was read and written."""
        for letter in entries:
            letter.unlink(missing_ok=True)

    def _entries(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))
