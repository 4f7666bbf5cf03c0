"""This script writes what the server sends for an Event of each kind, for the extension's tests.

    python -m scripts.client_events [--check]

A line of `editor-client/test/unit/events.jsonl` is one `holdfast/event`. With `--check` nothing
is written: exit status 1 says that the file is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lsp_server.domain.events import RecordedEvent, Streamed
from lsp_server.domain.tasks import RunId
from lsp_server.server.views.event_notice import event_notice
from tests.data.events import ONE_OF_EACH

FILE = Path(__file__).parents[1] / "editor-client" / "test" / "unit" / "events.jsonl"


def text() -> str:
    """Returns what the file has to say."""
    lines: list[str] = []
    seq = 0
    for event in ONE_OF_EACH:
        recorded = RecordedEvent(seq, f"2026-01-01T00:00:{seq:02}Z", event)
        lines.append(json.dumps(event_notice(RunId("r1"), recorded).wire(), ensure_ascii=False))
        # A piece of an answer has the number of the next Event that is kept.
        seq += not isinstance(event, Streamed)
    return "\n".join([*lines, ""])


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(text() != FILE.read_text("utf-8"))
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
