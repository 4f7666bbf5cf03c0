"""This module finds the folder whose runs are meant by a command that is typed somewhere in a project."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from lsp_server.assemble.session import run_store
from lsp_server.cli.error_output import print_error
from lsp_server.cli.exit_status import workspace_folder

REPOSITORY = ".git"


def runs_folder(path: Path) -> Path:
    """Returns the folder that `--workspace` names; where it names none, the nearest with runs.

    That is the current folder, or one above it in which something ran, up to the repository's
    root and below the home folder; then standard error says which. Raises UsageError.
    """
    here = workspace_folder(path)
    if path != Path():
        return here
    found = next((each for each in _upwards(here) if run_store(each).ids()), here)
    if found != here:
        print_error(f"the runs of {found} are meant, as nothing ran in this folder")
    return found


def _upwards(folder: Path) -> Iterator[Path]:
    # Runs of a home folder, or of the whole disk, are about no project in it.
    border = {Path("~").expanduser().resolve(), Path(folder.anchor)}
    yield folder
    for below, each in pairwise((folder, *folder.parents)):
        if (below / REPOSITORY).exists() or each in border:
            return
        yield each
