"""The workspace folders of the editor, and what is open in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.server import from_lsp
from lsp_server.workspace.documents import Documents

if TYPE_CHECKING:
    from lsp_server.session.session import Session


@dataclass(eq=False, slots=True)
class Folder:
    """One folder; `session` is None until it is open, then `problem` may say why."""

    uri: str
    root: Path
    documents: Documents
    session: Session | None = None
    problem: str = ""

    def relative(self, path: Path) -> str:
        """The path from the root with slashes; absolute outside of it."""
        inside = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if inside else path).as_posix()


class Folders:
    """All folders by root. `current` is the one that a person used last."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Folder] = {}
        self._current: Folder | None = None

    def __iter__(self) -> Iterator[Folder]:
        return iter(tuple(self._by_root.values()))

    @property
    def current(self) -> Folder | None:
        """The folder meant by a command that names none."""
        return self._current or next(iter(self), None)

    def in_order(self) -> tuple[Folder, ...]:
        """All of them, the current one first."""
        current = self.current
        return tuple(sorted(self, key=lambda folder: folder is not current))

    def add(self, uri: str) -> Folder | None:
        """The new folder; None when it is no folder on this machine, or known already."""
        root = from_lsp.path(uri)
        if root is None or root in self._by_root or not root.is_dir():
            return None
        folder = Folder(uri, root, Documents())
        self._by_root[root] = folder
        return folder

    def remove(self, uri: str) -> Folder | None:
        """The folder that is gone now, None when it was unknown."""
        root = from_lsp.path(uri)
        folder = self._by_root.pop(root, None) if root else None
        if folder is self._current:
            self._current = None
        return folder

    def of(self, path: Path) -> Folder | None:
        """The innermost folder that holds a canonical path."""
        holding = [folder for folder in self if path.is_relative_to(folder.root)]
        return max(holding, key=lambda folder: len(folder.root.parts), default=None)

    def display_names(self, root: Path) -> str | None:
        """The name of a folder where several are open; None for the only one."""
        return root.name if len(self._by_root) > 1 else None

    def use(self, folder: Folder) -> None:
        """A person works here now."""
        self._current = folder


def uris_of(params: types.InitializeParams) -> list[str]:
    """The folders that `initialize` names, in whichever of three ways it does."""
    if params.workspace_folders:
        return [folder.uri for folder in params.workspace_folders]
    if params.root_uri:
        return [params.root_uri]
    if params.root_path:
        return [Path(params.root_path).absolute().as_uri()]
    return []
