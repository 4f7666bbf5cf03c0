"""Programs that a benchmark drives: what their processes are told."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

ENDED = (0, 5)
"""The exit statuses of a client that came to its end; without a goal nothing shows that it is met."""
OURS = Path(__file__).parents[1]
"""The checkout that is measured; another one to compare it with has the same folders."""


def environment(base_url: str, home: Path, tree: Path = OURS) -> dict[str, str]:
    """Of a process of `tree` that asks the scripted model and keeps its data in `home`."""
    return {
        **compiled(tree),
        "XDG_DATA_HOME": str(home),
        "HOLDFAST_MODEL__BASE_URL": base_url,
        "HOLDFAST_MODEL__NAME": "scripted",
        "HOLDFAST_RUN__STEPS_MAX": "10000",
        # What is measured is the work, so no judge comes after it.
        "HOLDFAST_GOAL__JUDGE_TASK": "false",
    }


def compiled(tree: Path = OURS) -> dict[str, str]:
    """Of a process of `tree` that finds its modules compiled, as an installation has them.

    Where Python may write no bytecode, each start would compile them all again: a second that
    nobody pays who installed a package.
    """
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(user_cache_path("holdfast-benchmarks") / "bytecode")
    return environment
