"""Programs that a benchmark drives: what their processes are told."""

from __future__ import annotations

import os
from pathlib import Path

ENDED = (0, 5)
"""The exit statuses of a client that came to its end; without a goal nothing shows that it is met."""


def environment(base_url: str, home: Path) -> dict[str, str]:
    """Of a process that asks the scripted model and keeps its data in `home`."""
    return {
        **os.environ,
        "XDG_DATA_HOME": str(home),
        "HOLDFAST_MODEL__BASE_URL": base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
        "HOLDFAST_RUN__STEPS_MAX": "10000",
        # What is measured is the work, so no judge comes after it.
        "HOLDFAST_GOAL__JUDGE_TASK": "false",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
