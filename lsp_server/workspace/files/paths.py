"""This module turns paths that a model wrote into canonical ones.

Nothing here decides what may be touched; it says where a path really leads,
symbolic links followed, so that `tools/approval.py` can.
"""

from __future__ import annotations

import errno
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsp_server.domain.errors import ToolError


class Workspace:
    """A `Workspace` is the folder that an agent works in; it resolves paths from there.

    >>> import tempfile
    >>> workspace = Workspace(Path(tempfile.mkdtemp()))
    >>> path = workspace.resolve("src/../a.py")
    >>> path == workspace.root / "a.py", workspace.relative(path)
    (True, 'a.py')
    >>> workspace.inside(workspace.locate("../b.py"))
    False
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def locate(self, text: str) -> Path:
        """The canonical path, wherever it leads.

        `text` is relative to the root, absolute, or a `file:` URI; `~` stands for
        itself. Raises ToolError for what cannot be a path.
        """
        written = _from_uri(text) if text.startswith("file:") else text
        if not written or any(mark in written for mark in "\0\n\r"):
            raise ToolError(f"{text!r} is not a path", "send one path relative to the workspace")
        # Half of a surrogate pair: a model can write it, no file name can have it.
        if any("\ud800" <= char <= "\udfff" for char in written):
            raise ToolError(f"{text!r} is not a path: it has characters that no file name can have")
        try:
            path = (self.root / written).resolve()
        except (OSError, RuntimeError):
            path = None
        if path is None or _leads_in_circles(path):
            raise ToolError(f"{text!r} leads nowhere: its symbolic links form a loop")
        return path

    def resolve(self, text: str) -> Path:
        """Returns the canonical path. Raises ToolError when it lies outside of the workspace."""
        path = self.locate(text)
        if not self.inside(path):
            raise ToolError(
                f"{text!r} lies outside of the workspace", f"use a path below {self.root.name}/"
            )
        return path

    def inside(self, path: Path) -> bool:
        """Returns whether a canonical path is the root or below it."""
        return path.is_relative_to(self.root)

    def relative(self, path: Path) -> str:
        """Returns the path as the model sees it: from the root with slashes, absolute outside of it."""
        return path.relative_to(self.root).as_posix() if self.inside(path) else path.as_posix()


def _leads_in_circles(path: Path) -> bool:
    """Returns whether a loop of links is left in the path: before Python 3.13 `resolve` raises instead."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _from_uri(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise ToolError(f"{uri!r} is not a file URI", "send a plain path") from error
    if parts.netloc not in ("", "localhost"):
        raise ToolError(f"{uri!r} is on another machine", "send a plain path")
    return unquote(parts.path)
