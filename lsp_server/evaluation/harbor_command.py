"""This module has the command that an adapter of Harbor runs, and reads what came of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

EVENTS = "holdfast.jsonl"
REMOTE_LOGS = "/logs/agent"
"""Where a container has the folder that Harbor knows as the agent's logs."""
PATH = 'export PATH="$HOME/.local/bin:$PATH"'
INSTALL = (
    f"set -e; {PATH}; command -v uv >/dev/null || python3 -m pip install --user -q uv; "
    "uv tool install -q --python 3.12 {package}; holdfast --version"
)
FINISHED_STATUSES = (0, 3, 4, 5)
"""A run that ended by itself; whether the task is solved is for Harbor's tests to say."""


def run_command(instruction: str, flags: str = "") -> str:
    """Returns the command that works on an instruction and keeps what it says.

    >>> "holdfast run --yes --sandbox off --json" in run_command("Fix it.")
    True
    """
    statuses = " ".join(f"[ $status = {status} ] ||" for status in FINISHED_STATUSES)
    return (
        f"{PATH}; holdfast run --yes --sandbox off --json {flags} -- {shlex.quote(instruction)} "
        f"> {REMOTE_LOGS}/{EVENTS} < /dev/null; status=$?; {statuses} exit $status"
    )


def read_usage(events: Path) -> tuple[Mapping[str, int], float | None]:
    """Returns the tokens and the cost of a run from its Events; nothing where it did not end."""
    for event in _last_first(events):
        if event.get("kind") == "run_ended":
            # Without prices a cost is unknown.
            return event.get("usage", {}), event.get("cost_usd") or None
    return {}, None


def _last_first(events: Path) -> Iterator[dict[str, Any]]:
    lines = events.read_text("utf-8", "replace").splitlines() if events.exists() else []
    for line in reversed(lines):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
