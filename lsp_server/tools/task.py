"""The tool `task` gives a part of the work to a subagent: a run of its own, with a context of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pydantic import Field

from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import Needs, NeedsNothing, NeedsRun, ToolResult
from lsp_server.text.truncate import one_line
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate

AGENT_CHARS_MAX = 160
AGENTS_CHARS_MAX = 2_000
"""So much is said of one custom agent, and of all: it is part of every request."""


class TaskArguments(ToolArguments):
    """These are the arguments of `task`."""

    description: str = Field(
        description="What it is for, in a few words.", min_length=1, max_length=200
    )
    prompt: str = Field(
        description="All that it has to know: it sees nothing of this conversation.",
        min_length=1,
        max_length=50_000,
    )
    agent: str | None = Field(None, description="A custom agent to work as.")
    mode: Mode = Field("plan", description="`build` if it may change files; it looks otherwise.")


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """An `AgentChoice` is a custom agent that a subagent may work as."""

    name: str
    description: str


class Delegate(Protocol):
    """A `Delegate` lets subagents work, as `session.subagents.Subagents` does."""

    def has_begun(self, call_id: Id) -> bool:
        """Says whether a subagent works, or has worked, for the call."""
        ...

    async def work(self, call_id: Id, wish: TaskArguments) -> ToolResult:
        """Lets a subagent work, or go on, until it ends. Raises ToolError when it cannot begin."""
        ...


class TaskTool:
    """A `TaskTool` begins a subagent for a call, waits for it, and gives what it found.

    `agents` are the custom agents on offer. With `may_build` off subagents only look, as in
    plan mode.
    """

    spec = spec(
        "task",
        TaskArguments,
        "Give a part of the work to a subagent with a context of its own; you get its summary, "
        "what it changed and what it ran. For wide searching, and for parts that do not depend "
        "on each other: several calls in one answer work at the same time.",
        kind="task",
        forms={"description": "immaterial", "prompt": "prose"},
    )

    def __init__(
        self, delegate: Delegate, agents: Sequence[AgentChoice] = (), *, may_build: bool = True
    ) -> None:
        self._delegate = delegate
        parameters = _parameters(TaskTool.spec.parameters, agents, may_build=may_build)
        self.spec = replace(TaskTool.spec, parameters=parameters)

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `task find the port`."""
        return describe(self.spec.name, arguments.get("description"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing to look; to begin a run that changes files it says so."""
        wish = validate(TaskArguments, arguments)
        return NeedsRun(wish.description, wish.prompt) if wish.mode == "build" else NeedsNothing()

    def has_begun(self, call_id: Id) -> bool:
        """Says whether a subagent works, or has worked, for the call."""
        return self._delegate.has_begun(call_id)

    async def call_as(self, call_id: Id, arguments: Mapping[str, object]) -> ToolResult:
        """Lets a subagent work for the call of that id, or go on. Raises ToolError."""
        return await self._delegate.work(call_id, validate(TaskArguments, arguments))

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Lets a subagent work for a call that nobody can go on with. Raises ToolError."""
        return await self.call_as("", arguments)


def _parameters(
    schema: Mapping[str, object], agents: Sequence[AgentChoice], *, may_build: bool
) -> Mapping[str, object]:
    """Returns the schema without what is not on offer, and with what is said of agents."""
    whole: Any = schema["properties"]
    properties = dict(whole)
    if agents:
        said = f"{properties['agent']['description']} {_agents_text(agents)}"
        properties["agent"] = {**properties["agent"], "description": said}
    else:
        del properties["agent"]
    if not may_build:
        del properties["mode"]
    return {**schema, "properties": properties}


def _agents_text(agents: Sequence[AgentChoice]) -> str:
    lines, left = [], AGENTS_CHARS_MAX
    for agent in agents:
        line = f"{agent.name}: {one_line(agent.description, AGENT_CHARS_MAX)}"
        left -= len(line)
        lines.append(line if left > 0 else agent.name)
    return "\n".join(["There are:", *(f"- {line}" for line in lines)])
