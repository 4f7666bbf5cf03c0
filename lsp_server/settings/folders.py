"""This module names the folders in which a user's settings and data lie."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs


def config_folder() -> Path:
    """Returns the folder of the user's own settings."""
    return Path(platformdirs.user_config_dir("holdfast", appauthor=False))


def data_folder() -> Path:
    """Returns the folder of runs, checkpoints and memory."""
    return Path(platformdirs.user_data_dir("holdfast", appauthor=False))


def workspace_folder(data: Path, root: Path) -> Path:
    """Returns the folder below `data` for one workspace: readable by name, unique by path.

    >>> workspace_folder(Path("/data"), Path("/src/engine")).as_posix()
    '/data/workspaces/engine-576b1993bee7'
    """
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return data / "workspaces" / f"{root.name or 'root'}-{digest}"
