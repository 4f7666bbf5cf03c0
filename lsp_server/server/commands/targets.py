"""From what a person points at to a Task."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.domain.edits import Lines
from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.goals import Goal
from lsp_server.domain.tasks import Sampling, Selection, Task
from lsp_server.goals.new_goal import prompt_for_goal
from lsp_server.server import from_lsp
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.from_lsp import Encoding
from lsp_server.server.params import RunStart, WirePosition, WireRange
from lsp_server.session.session import Session
from lsp_server.settings.sections import Settings

SELECTION_CHARS_MAX = 20_000
"""A larger selection is cut; the agent can read the file."""

DIAGNOSTICS_MAX = 50

WORK_ON_SELECTION = (
    "Work on the selected code: do what its comments and TODOs ask for, complete what is "
    "unfinished, and mend what is wrong. Leave the rest of the file alone."
)
FIX_DIAGNOSTICS = "Mend the cause of these problems, and nothing else."
NOTHING_TO_DO = (
    "say what to do: pass `prompt`, write a goal, or select code and choose “Holdfast: Work on this…” "
    "from the code actions"
)


def place_of(uri: str | None, folders: Folders) -> tuple[Folder, Path | None]:
    """The folder that is meant, and the file in it when there is one.

    Raises JsonRpcInvalidParams for a document that is no file below a folder,
    ConfigurationError when no folder is open.
    """
    if uri is None:
        if folders.current is None:
            raise ConfigurationError("open a folder in the editor first; Holdfast works in folders")
        return folders.current, None
    path = from_lsp.path(uri)
    if path is None:
        raise JsonRpcInvalidParams(
            f"`uri` {uri!r} is no file on this machine; save it as one first"
        )
    folder = folders.of(path)
    if folder is None:
        raise JsonRpcInvalidParams(f"`uri` {uri!r} lies outside of the workspace folders")
    return folder, path


def folder_of_goal(name: str, uri: str | None, folders: Folders) -> Folder:
    """That of the document; without one that which has such a goal or condition.

    Two folders may have the same goal: then the current folder's is meant, and
    the current folder is meant as well when none has it. Raises as `place_of`.
    """
    folder, _ = place_of(uri, folders)
    if uri is not None:
        return folder
    having = (each for each in folders.in_order() if _has_goal(each, name))
    return next(having, folder)


def folder_to_work_in(start: RunStart, folders: Folders) -> tuple[Folder, Path | None]:
    """The folder of a run, and the file that it is about. Raises as `place_of`."""
    folder, path = place_of(start.uri, folders)
    if start.goal_id is not None:
        return folder_of_goal(start.goal_id, start.uri, folders), path
    if start.uri is not None or (start.prompt or "").strip() or start.diagnostics:
        return folder, path
    waiting = (each for each in folders.in_order() if _has_open_goal(each))
    return next(waiting, folder), None


async def task_of(
    start: RunStart, folder: Folder, path: Path | None, settings: Settings, encoding: Encoding
) -> Task:
    """The Task that a command asks for. Raises HoldfastError when there is nothing to do."""
    selection = None
    if path is not None and start.range is not None:
        selection = await _selection(folder, path, start.range, encoding)
    goal = _goal(start, folder, selection)
    instruction = _instruction(start, selection, goal)
    if path is not None and selection is None and start.goal_id is None:
        instruction += f"\n\nIt is about the file {folder.relative(path)}."
    return Task(
        instruction=instruction,
        goal=goal,
        mode=start.mode,
        sampling=Sampling(start.max_mode or settings.max_mode.enabled, start.samples),
        budget=settings.run.budget,
        selection=selection,
        findings=tuple(
            from_lsp.finding(
                folder.relative(path),
                diagnostic.range.start.line,
                diagnostic.message,
                diagnostic.severity,
                diagnostic.source,
            )
            for diagnostic in start.diagnostics[:DIAGNOSTICS_MAX]
            if path is not None
        ),
    )


def session_of(folder: Folder) -> Session:
    """The folder's session. Raises ConfigurationError while there is none."""
    if folder.session is None:
        raise ConfigurationError(folder.problem or f"{folder.root.name} is still being opened")
    return folder.session


def _has_goal(folder: Folder, name: str) -> bool:
    goals = folder.session.goals.statuses.goals() if folder.session is not None else ()
    return any(goal.id == name or any(c.id == name for c in goal.conditions) for goal in goals)


def _has_open_goal(folder: Folder) -> bool:
    return folder.session is not None and folder.session.goals.statuses.first_open() is not None


def _goal(start: RunStart, folder: Folder, selection: Selection | None) -> Goal | None:
    """The goal that is named; the first open one when nothing else is said."""
    if start.goal_id is not None:
        return session_of(folder).goals.statuses.find(start.goal_id)
    if (start.prompt or "").strip() or start.diagnostics or selection is not None:
        return None
    return session_of(folder).goals.statuses.first_open()


def _instruction(start: RunStart, selection: Selection | None, goal: Goal | None) -> str:
    if start.prompt is not None and start.prompt.strip():
        return start.prompt.strip()
    if start.diagnostics:
        return FIX_DIAGNOSTICS
    if selection is not None:
        return WORK_ON_SELECTION
    if goal is not None:
        return prompt_for_goal(goal)
    raise HoldfastError(NOTHING_TO_DO)


async def _selection(folder: Folder, path: Path, where: WireRange, encoding: Encoding) -> Selection:
    """The whole lines of a range. Raises ToolError when the file cannot be read."""
    lines = Lines((await folder.documents.read(path)).text)
    first = lines.position(offset_of(lines, where.start, encoding)).line
    end = lines.position(offset_of(lines, where.end, encoding))
    last = end.line - 1 if end.column == 0 and end.line > first else end.line
    text = "\n".join(lines.line(number) for number in range(first, last + 1))
    return Selection(
        path=folder.relative(path),
        start_line=first + 1,
        end_line=max(first, last) + 1,
        text=text[:SELECTION_CHARS_MAX],
    )


def offset_of(lines: Lines, position: WirePosition, encoding: Encoding) -> int:
    return from_lsp.offset(lines, types.Position(position.line, position.character), encoding)
