"""This module keeps the title that a person gave a run, in a file beside its journal."""

from __future__ import annotations

from pathlib import Path

from lsp_server.system.atomic_file import replace_file
from lsp_server.text.truncate import one_line

TITLE = "title.txt"
TITLE_CHARS_MAX = 120


def given_title(folder: Path) -> str:
    """Returns the title that was given to the run in `folder`, empty if there is none. Blocking."""
    try:
        text = (folder / TITLE).read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return one_line(text, TITLE_CHARS_MAX)


def give_title(folder: Path, title: str) -> str:
    """Keeps another title for the run in `folder`, and returns it as it is shown. Blocking.

    A blank one brings back the first line of the task. Raises OSError.
    """
    shown = one_line(title, TITLE_CHARS_MAX)
    if shown:
        replace_file(folder / TITLE, shown.encode("utf-8", "replace"), private=True)
    else:
        (folder / TITLE).unlink(missing_ok=True)
    return shown
