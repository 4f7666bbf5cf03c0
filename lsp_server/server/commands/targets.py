"""This module turns what a command points at, on the wire, into folders, files and Tasks.

What is to be done there is decided in `session.task_request`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types

from lsp_server.domain.edits import Lines, Range
from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.goals import Finding
from lsp_server.domain.tasks import Task
from lsp_server.server import from_lsp
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.from_lsp import Encoding
from lsp_server.server.params.base import WireDiagnostic, WirePosition, WireRange
from lsp_server.server.params.run_params import RunStart
from lsp_server.server.transport.errors import InvalidParams
from lsp_server.session.session import Session
from lsp_server.session.task_request import (
    NothingToDo,
    TaskRequest,
    find_session_with_goal,
    find_session_with_open_goal,
    make_task,
)

DIAGNOSTICS_MAX = 50

NOTHING_TO_DO = (
    "say what to do: pass `prompt`, write a goal, or select code and choose “Holdfast: Work on this…” "
    "from the code actions"
)


def locate(uri: str | None, folders: Folders) -> tuple[Folder, Path | None]:
    """Returns the folder that is meant, and the file in it if `uri` names one.

    Raises InvalidParams for a document that is no file below a folder, ConfigurationError
    if no folder is open.
    """
    if uri is None:
        if folders.current is None:
            raise ConfigurationError("open a folder in the editor first; Holdfast works in folders")
        return folders.current, None
    if from_lsp.path(uri) is None:
        raise InvalidParams(f"`uri` {uri!r} is no file on this machine; save it as one first")
    located = folders.locate(uri)
    if located is None:
        raise InvalidParams(f"`uri` {uri!r} lies outside of the workspace folders")
    return located


def folder_of_goal(name: str, uri: str | None, folders: Folders) -> Folder:
    """Returns the folder of the document `uri`, else one that has such a goal or condition.

    Two folders may have the same goal: then the current one is meant, as it is if none
    has the goal. Raises as `locate`.
    """
    folder, _ = locate(uri, folders)
    if uri is not None:
        return folder
    return _folder_of(find_session_with_goal(name, _current_first(folders)), folders) or folder


def folder_to_work_in(start: RunStart, folders: Folders) -> tuple[Folder, Path | None]:
    """Returns the folder of a run, and the file that it is about. Raises as `locate`."""
    folder, path = locate(start.uri, folders)
    if start.goal_id is not None:
        return folder_of_goal(start.goal_id, start.uri, folders), path
    if start.uri is not None or (start.prompt or "").strip() or start.diagnostics:
        return folder, path
    waiting = find_session_with_open_goal(_current_first(folders))
    return _folder_of(waiting, folders) or folder, None


async def task_of(start: RunStart, folder: Folder, path: Path | None, encoding: Encoding) -> Task:
    """Makes the Task that a command asks for. Raises HoldfastError if there is nothing to do."""
    selected = None
    if path is not None and start.range is not None:
        selected = await range_of(folder, path, start.range, encoding)
    request = TaskRequest(
        prompt=start.prompt or "",
        goal_id=start.goal_id,
        path=path,
        selected=selected,
        findings=tuple(
            _finding(folder.relative(path), diagnostic)
            for diagnostic in start.diagnostics[:DIAGNOSTICS_MAX]
            if path is not None
        ),
        mode=start.mode,
        max_mode=start.max_mode,
        samples=start.samples,
        agent=start.agent,
        images=image_places(start.images),
        attempts=start.attempts,
    )
    try:
        return await make_task(request, folder.require_session(), folder.documents)
    except NothingToDo:
        raise HoldfastError(NOTHING_TO_DO) from None


def image_places(values: Iterable[str]) -> tuple[str, ...]:
    """Returns images on the wire as places that the session knows: a `file:` URL is a path."""
    return tuple(
        str(path) if value.startswith("file:") and (path := from_lsp.path(value)) else value
        for value in values
    )


async def range_of(folder: Folder, path: Path, where: WireRange, encoding: Encoding) -> Range:
    """A range of a file in code points. Raises ToolError if the file cannot be read."""
    lines = Lines((await folder.documents.read(path)).text)
    start, end = (
        lines.position(offset_of(lines, place, encoding)) for place in (where.start, where.end)
    )
    return Range(start, end)


def offset_of(lines: Lines, position: WirePosition, encoding: Encoding) -> int:
    """Returns the code point offset of a position on the wire."""
    return from_lsp.offset(lines, types.Position(position.line, position.character), encoding)


def _finding(path: str, diagnostic: WireDiagnostic) -> Finding:
    return from_lsp.finding(
        path,
        diagnostic.range.start.line,
        diagnostic.message,
        diagnostic.severity,
        diagnostic.source,
    )


def _current_first(folders: Folders) -> list[Session]:
    return [folder.session for folder in folders.in_order() if folder.session is not None]


def _folder_of(session: Session | None, folders: Folders) -> Folder | None:
    return next((folder for folder, opened in folders.opened() if opened is session), None)
