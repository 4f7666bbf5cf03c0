"""A `WriteQueue` passes records from processes that may not write to the one that does.

Each entry is a file that is staged and renamed, so that it is whole or not there.
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
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

ENTRIES_MAX = 10_000
SUFFIX = ".json"


class WriteQueue:
    """A queue in a folder, which is made when it is missing. Blocking; call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, records: Sequence[ActionRecord | Fact]) -> None:
        """Adds an entry with the records.

        Raises OSError, also when ENTRIES_MAX entries wait already.
        """
        make_private(self._folder)
        if len(self._entries()) >= ENTRIES_MAX:
            raise OSError(f"{ENTRIES_MAX} entries wait for a process that writes")
        # The time comes first in the name, so that names sort by age.
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}{SUFFIX}"
        data = json.dumps([asdict(record) for record in records]).encode()
        replace_file(self._folder / name, data, private=True, durable=False)

    def read(self) -> tuple[list[Path], list[ActionRecord | Fact]]:
        """All entries, oldest first, and their records; a damaged entry has none."""
        entries = self._entries()
        records: list[ActionRecord | Fact] = []
        if not entries:
            return entries, records
        entry_type = TypeAdapter(list[ActionRecord | Fact])
        for entry in entries:
            with suppress(OSError, ValidationError):
                records += entry_type.validate_json(entry.read_bytes())
        return entries, records

    def remove(self, entries: Sequence[Path]) -> None:
        """Removes entries whose records are written."""
        for entry in entries:
            entry.unlink(missing_ok=True)

    def _entries(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))
