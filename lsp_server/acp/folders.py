"""This module reads the folders that a client names."""

from __future__ import annotations

from pathlib import Path

from lsp_server.acp.errors import WrongRequest

SHOWN_CHARS_MAX = 200


def existing_folder(cwd: str) -> Path:
    """Returns a folder, with its links followed. Raises WrongRequest where there is none."""
    folder = absolute_folder(cwd)
    if not folder.is_dir():
        raise WrongRequest(f"there is no folder {cwd}")
    return folder.resolve()


def absolute_folder(cwd: str) -> Path:
    """Returns a folder, which may be gone. Raises WrongRequest for what none can be called."""
    folder = Path(cwd)
    shown = cwd[:SHOWN_CHARS_MAX]
    if "\0" in cwd or not folder.is_absolute():
        raise WrongRequest(f"the folder {shown!r} is not absolute")
    try:
        folder.exists()
    except OSError as error:
        raise WrongRequest(f"the folder {shown!r}: {error.strerror or error}") from error
    return folder
