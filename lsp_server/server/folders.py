"""This module keeps the workspace folders of the editor, and the session of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.domain.errors import ConfigurationError
from lsp_server.server import from_lsp
from lsp_server.workspace.files.documents import Documents

if TYPE_CHECKING:
    from lsp_server.session.session import Session


@dataclass(eq=False, slots=True)
class Folder:
    """A `Folder` has a `session` once it is open; until then `problem` may say why not."""

    uri: str
    root: Path
    documents: Documents
    session: Session | None = None
    problem: str = ""

    def require_session(self) -> Session:
        """Returns the folder's session. Raises ConfigurationError while there is none."""
        if self.session is None:
            raise ConfigurationError(self.problem or f"{self.root.name} is still being opened")
        return self.session

    def relative(self, path: Path) -> str:
        """Returns the path from the root with slashes; absolute if it lies outside."""
        inside = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if inside else path).as_posix()


class Folders:
    """`Folders` keeps all workspace folders and knows which one a person used last."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Folder] = {}
        self._current: Folder | None = None

    def __iter__(self) -> Iterator[Folder]:
        return iter(tuple(self._by_root.values()))

    def opened(self) -> list[tuple[Folder, Session]]:
        """Returns the folders that have a session, each with it."""
        return [(folder, folder.session) for folder in self if folder.session is not None]

    def sessions(self) -> list[Session]:
        """Returns the sessions that are open."""
        return [session for _, session in self.opened()]

    @property
    def current(self) -> Folder | None:
        """Returns the folder meant by a command that names none; None if no folder is open."""
        return self._current or next(iter(self), None)

    def in_order(self) -> tuple[Folder, ...]:
        """Returns all folders, the current one first."""
        current = self.current
        return tuple(sorted(self, key=lambda folder: folder is not current))

    def add(self, uri: str) -> Folder | None:
        """Adds a folder; returns None if it is none on this machine, or is here already."""
        root = from_lsp.path(uri)
        if root is None or root in self._by_root or not root.is_dir():
            return None
        folder = Folder(uri, root, Documents())
        self._by_root[root] = folder
        return folder

    def remove(self, uri: str) -> Folder | None:
        """Takes a folder out and returns it; None if it is unknown."""
        root = from_lsp.path(uri)
        folder = self._by_root.pop(root, None) if root else None
        if folder is self._current:
            self._current = None
        return folder

    def of(self, path: Path) -> Folder | None:
        """Returns the innermost folder that holds a canonical path."""
        holding = [folder for folder in self if path.is_relative_to(folder.root)]
        return max(holding, key=lambda folder: len(folder.root.parts), default=None)

    def locate(self, uri: str) -> tuple[Folder, Path] | None:
        """Returns the folder and the path of a document; None if it is no file below a folder."""
        path = from_lsp.path(uri)
        folder = self.of(path) if path is not None else None
        return (folder, path) if folder is not None and path is not None else None

    def name_among_several(self, root: Path) -> str | None:
        """Returns the name of a folder, for texts; None if it is the only one."""
        return root.name if len(self._by_root) > 1 else None

    def use(self, folder: Folder) -> None:
        """Makes it the current folder: a person works here now."""
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
