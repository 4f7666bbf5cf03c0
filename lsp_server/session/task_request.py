"""This module makes a Task of what a person points at: words, a goal, code, problems.

Every front door turns its own way of pointing into a `TaskRequest` of plain values
and lets `make_task` decide what is to be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lsp_server.domain.edits import Lines, Range
from lsp_server.domain.errors import HoldfastError, ToolError
from lsp_server.domain.goals import Finding, Goal
from lsp_server.domain.images import LoadedImage, described
from lsp_server.domain.tasks import AgentProfile, Attempts, Mode, Sampling, Selection, Task
from lsp_server.session.command_names import refuse_unknown_command
from lsp_server.session.session import Session
from lsp_server.session.skills import agent_named
from lsp_server.text.count import count_of
from lsp_server.wording.run_texts import work_until
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.images import given_image

SELECTION_CHARS_MAX = 20_000
"""A larger selection is cut; the agent can read the file."""
IMAGES_MAX = 10
IMAGES_BYTES_MAX = 20_000_000
"""Of one task or message; models are shown as many bytes at once, and twice as many images."""

WORK_ON_SELECTION = (
    "Work on the selected code: do what its comments and TODOs ask for, complete what is "
    "unfinished, and fix what is wrong. Leave the rest of the file alone."
)
FIX_FINDINGS = "Fix the cause of these problems, and nothing else."


class NothingToDo(HoldfastError):
    """A request has neither words nor a goal nor a place, and no goal is open.

    The message says no more than that: each front door knows how its own requests
    are made.
    """


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A `TaskRequest` is a wish for a run; an empty one means the first open goal.

    `prompt` is what the person wrote, which may begin with the name of a custom command. `goal_id` names a goal or one condition. `path` is
    a file of the workspace, absolute, that the task is about, and `selected` a stretch of
    it, in code points. `findings` are problems to fix. `samples` None takes the setting.
    `agent` names a custom agent, as which the run works. `images` are paths, which
    may begin in the workspace, or `data:` URLs. `attempts` is the number of whole runs of
    which one is taken.
    """

    prompt: str = ""
    goal_id: str | None = None
    path: Path | None = None
    selected: Range | None = None
    findings: tuple[Finding, ...] = ()
    mode: Mode = "build"
    max_mode: bool = False
    samples: int | None = None
    agent: str | None = None
    images: tuple[str, ...] = ()
    attempts: int = 1


class NothingToCompare(HoldfastError):
    """Several attempts were asked for where no file may be changed."""


async def make_task(request: TaskRequest, session: Session, documents: Documents) -> Task:
    """Makes the task that is wished for, with the limits of the session's settings.

    `documents` are the texts of the session's workspace, unsaved ones included.

    A prompt that begins with `/name` is that custom command. Raises NothingToDo, HoldfastError
    if there is no such goal or agent, or nobody trusts it or the command, ToolError if the
    file or an image cannot be read.
    """
    prompt, mode = await expand_command(request.prompt, request.mode, session)
    agent, mode = await find_agent(request.agent, mode, session)
    request = replace(request, prompt=prompt, mode=mode)
    selection = await _selection(request, session, documents)
    goal = _goal(request, selection, session)
    instruction = _instruction(request, selection, goal)
    if request.path is not None and selection is None and request.goal_id is None:
        instruction += f"\n\nIt is about the file {_relative(request.path, session)}."
    images = await given_images(request.images, session.root)
    settings = session.settings
    return Task(
        instruction=described(instruction, images),
        goal=goal,
        mode=request.mode,
        sampling=Sampling(request.max_mode or settings.max_mode.enabled, request.samples),
        budget=settings.run.budget,
        selection=selection,
        findings=request.findings,
        attempts=attempts_of(request.attempts, request.mode),
        agent=agent,
        images=images,
    )


async def find_agent(
    name: str | None, mode: Mode, session: Session
) -> tuple[AgentProfile | None, Mode]:
    """Returns the custom agent of that name, and the mode of a task that it works on.

    An agent that only plans makes it `plan`. Raises HoldfastError if there is no such agent
    or nobody trusts it.
    """
    if name is None:
        return None, mode
    agent = await agent_named(session.skills, name)
    return agent.profile, "plan" if agent.mode == "plan" else mode


async def given_images(places: Sequence[str], folder: Path) -> tuple[LoadedImage, ...]:
    """Reads the images that a person gives, as `given_image` does; each one once.

    Raises ToolError, also for more or larger ones than go with one text.
    """
    if len(places) > IMAGES_MAX:
        raise ToolError(
            f"{count_of(len(places), 'image')} are too many", f"give at most {IMAGES_MAX}"
        )
    images = [await asyncio.to_thread(given_image, place, folder) for place in places]
    if (size := sum(image.size_bytes for image in images)) > IMAGES_BYTES_MAX:
        raise ToolError(
            f"the images have {size / 1e6:.0f} MB together",
            f"give at most {IMAGES_BYTES_MAX / 1e6:.0f} MB",
        )
    return tuple({image.digest: image for image in images}.values())


async def expand_command(prompt: str, mode: Mode, session: Session) -> tuple[str, Mode]:
    """Returns the text of the custom command that a prompt begins with, and its task's mode.

    A prompt of an MCP server is a command, too; any other text stays as it is. Raises
    HoldfastError if nobody trusts the command, or the server cannot give it, or there is none
    of that name.
    """
    invoked = await session.skills.invoked(prompt)
    if invoked is not None:
        return invoked.text, "plan" if invoked.command.mode == "plan" else mode
    of_server = await session.server_prompts.invoked(prompt)
    if of_server is None:
        await refuse_unknown_command(prompt, session)
    return (prompt if of_server is None else of_server), mode


def attempts_of(count: int, mode: Mode, *, takes_best: bool = False) -> Attempts:
    """Returns the wish for so many attempts. Raises NothingToCompare where nothing may be changed."""
    if count > 1 and mode == "plan":
        raise NothingToCompare("attempts change files, and plan mode changes none; leave one out")
    return Attempts(count, takes_best)


def find_session_with_goal(name: str, sessions: Iterable[Session]) -> Session | None:
    """Returns the first session that has a goal or a condition with that id."""
    return next((each for each in sessions if _has_goal(each, name)), None)


def find_session_with_open_goal(sessions: Iterable[Session]) -> Session | None:
    """The first session with a goal that is not shown to hold now. Raises HoldfastError."""
    return next((each for each in sessions if each.goals.statuses.first_open()), None)


def _has_goal(session: Session, name: str) -> bool:
    return any(
        goal.id == name or any(condition.id == name for condition in goal.conditions)
        for goal in session.goals.statuses.goals()
    )


def _goal(request: TaskRequest, selection: Selection | None, session: Session) -> Goal | None:
    """The goal that is named; the first open one if the request says nothing else."""
    if request.goal_id is not None:
        return session.goals.statuses.find(request.goal_id)
    if request.prompt.strip() or request.findings or selection is not None:
        return None
    return session.goals.statuses.first_open()


def _instruction(request: TaskRequest, selection: Selection | None, goal: Goal | None) -> str:
    if request.prompt.strip():
        return request.prompt.strip()
    if request.findings:
        return FIX_FINDINGS
    if selection is not None:
        return WORK_ON_SELECTION
    if goal is not None:
        return work_until(goal)
    raise NothingToDo("there is nothing to do: no words, no open goal, no selected code")


async def _selection(
    request: TaskRequest, session: Session, documents: Documents
) -> Selection | None:
    """The whole lines of what is selected."""
    if request.path is None or request.selected is None:
        return None
    lines = Lines((await documents.read(request.path)).text)
    # The text may be another one than the one that was pointed at.
    start, end = (
        lines.position(lines.offset(place))
        for place in (request.selected.start, request.selected.end)
    )
    # A selection that ends before the first character of a line does not mean that line.
    last = end.line - 1 if end.column == 0 and end.line > start.line else end.line
    text = "\n".join(lines.line(number) for number in range(start.line, last + 1))
    return Selection(
        path=_relative(request.path, session),
        start_line=start.line + 1,
        end_line=max(start.line, last) + 1,
        text=text[:SELECTION_CHARS_MAX],
    )


def _relative(path: Path, session: Session) -> str:
    inside = path.is_relative_to(session.root)
    return (path.relative_to(session.root) if inside else path).as_posix()
