"""What real editors declare, as data: one file per editor in `tests/server/clients`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "server" / "clients"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def snapshot(name: str) -> dict[str, Any]:
    """`initialize`: parameters that the editor sends; `expected`: what we make of them."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found
