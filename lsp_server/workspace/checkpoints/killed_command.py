"""This module tells what a command had changed when it was killed from what came after.

Nobody saw the state of the files at that moment. There is the state before the
command, that of now, and for each file and folder the time of its last change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lsp_server.domain.events import FileChanged

ROOT = "./"
"""Stands for the workspace's own folder among those that changed."""


@dataclass(frozen=True, slots=True)
class KilledCommand:
    """A `KilledCommand` has the changes that can only be the command's.

    `kept` are files that were changed after it, `doubtful` those that are gone and, where
    nobody saw its end, may have been removed after it: they are among the changes, as what
    is back can be removed again.
    """

    changes: tuple[FileChanged, ...] = ()
    kept: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def tell_apart(
    changes: Sequence[FileChanged],
    later: Collection[str],
    now: Mapping[str, str],
    there: Collection[str] | None,
) -> KilledCommand:
    """Sorts changes; `later` are the paths that changed after the command had ended.

    `now` has all that is there, paths of folders ending with a slash; `there` all that was
    when the command had ended, without slashes, None where nobody saw it.
    """
    own: list[FileChanged] = []
    kept: list[str] = []
    doubtful: list[str] = []
    for change in changes:
        path = change.path
        if change.after is None:
            if there is not None and path.removesuffix("/") in there:
                continue  # It went later.
            own.append(change)
            if there is None and not change.is_folder and _nearest_folder(path, now) in later:
                doubtful.append(path)
        elif path not in later:
            own.append(change)
        elif change.before is not None and not change.is_folder:
            kept.append(path)
    # Something came into the folder later, perhaps, but the command made it.
    above = _folders_above(change.path for change in own if change.after is not None)
    own += [one for one in changes if one.path in later and one.path in above and not one.before]
    return KilledCommand(tuple(own), tuple(kept), tuple(doubtful))


def _nearest_folder(path: str, now: Mapping[str, str]) -> str:
    """The folder of those still there that the path was in: its time says when something went."""
    above = (f"{folder}/" for folder in PurePosixPath(path).parents)
    return next((folder for folder in above if folder in now), ROOT)


def _folders_above(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(f"{above}/" for path in paths for above in PurePosixPath(path).parents)
