"""The user's folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def config_folder() -> Path:
    """Where the user's own settings live."""
    return Path(platformdirs.user_config_dir("holdfast", appauthor=False))


def data_folder() -> Path:
    """Where runs, checkpoints and memory live."""
    return Path(platformdirs.user_data_dir("holdfast", appauthor=False))
