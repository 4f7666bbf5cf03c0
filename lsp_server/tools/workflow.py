"""The tool `workflow` lets several subagents work through a plan whose parts need each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from pydantic import ConfigDict, Field

from lsp_server.domain.ids import Id
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import Needs, NeedsNothing, NeedsRun, ToolResult
from lsp_server.tools.arguments import ToolArguments, spec, validate

TASK_CHARS_MAX = 20_000
TITLES_SHOWN_MAX = 10


class NodeArguments(ToolArguments):
    """A node is one part of the plan."""

    # pydantic's own engine needs 7 MB for letters of all languages, so many times.
    model_config = ConfigDict(regex_engine="python-re")

    id: str = Field(pattern=r"^[\w.-]{1,64}$")
    task: str = Field(
        description="All that it has to know, but for what the nodes say that it needs.",
        min_length=1,
        max_length=TASK_CHARS_MAX,
    )
    needs: list[str] = Field([], description="Ids of nodes that must be done before.")
    agent: str | None = None
    mode: Mode = Field("plan", description="`build` if it may change files.")
    attempts: int = Field(1, ge=1, le=8)
    checks: list[str] = Field([], description="Commands that must exit 0 when it is done.")
    conditions: list[str] = Field([], description="What else must hold, in words.")
    rework: int = Field(1, ge=0, le=5, description="How often it is tried anew if it falls short.")


class WorkflowArguments(ToolArguments):
    """These are the arguments of `workflow`."""

    nodes: list[NodeArguments] = Field(min_length=1)


class WorkflowDelegate(Protocol):
    """A `WorkflowDelegate` works through workflows, as `session.workflows.WorkflowCalls` does."""

    def has_begun(self, call_id: Id) -> bool:
        """Says whether the workflow of the call is worked through, or was."""
        ...

    async def work(self, call_id: Id, wish: WorkflowArguments) -> ToolResult:
        """Works through a workflow, or goes on with it. Raises ToolError when it is none."""
        ...


class WorkflowTool:
    """A `WorkflowTool` works through a plan of several parts, each a subagent, and says how each ended."""

    # A part of each request: the shape in a line is a third of its schema, and errors say it too.
    spec = replace(
        spec(
            "workflow",
            WorkflowArguments,
            "Subagents for parts that need each other. Node: {id, task, needs?: [id], agent?, "
            "mode?: plan|build, attempts?, checks?: [command], conditions?: [text], rework?}",
            kind="task",
        ),
        parameters={
            "type": "object",
            "properties": {"nodes": {"type": "array", "items": {"type": "object"}}},
            "required": ["nodes"],
        },
    )

    def __init__(self, delegate: WorkflowDelegate) -> None:
        self._delegate = delegate

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `workflow parser, tests, docs`."""
        nodes = arguments.get("nodes")
        ids = (
            [str(one.get("id", "?")) for one in nodes if isinstance(one, Mapping)]
            if isinstance(nodes, list)
            else []
        )
        more = f" and {len(ids) - TITLES_SHOWN_MAX} more" if len(ids) > TITLES_SHOWN_MAX else ""
        return f"{self.spec.name} {', '.join(ids[:TITLES_SHOWN_MAX])}{more}".strip()

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing where all nodes look; to begin runs that change files or run checks it says so."""
        wish = validate(WorkflowArguments, arguments)
        building = [node for node in wish.nodes if node.mode == "build" or node.checks]
        if not building:
            return NeedsNothing()
        detail = "\n\n".join(_shown(node) for node in wish.nodes)
        return NeedsRun(", ".join(node.id for node in building), detail)

    def has_begun(self, call_id: Id) -> bool:
        """Says whether the workflow of the call is worked through, or was."""
        return self._delegate.has_begun(call_id)

    async def call_as(self, call_id: Id, arguments: Mapping[str, object]) -> ToolResult:
        """Works through the workflow of that call, or goes on with it. Raises ToolError."""
        return await self._delegate.work(call_id, validate(WorkflowArguments, arguments))

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Works through a workflow for a call that nobody can go on with. Raises ToolError."""
        return await self.call_as("", arguments)


def _shown(node: NodeArguments) -> str:
    """Says for a person what a node is to do, and what is run to check it."""
    checks = [f"check: {command}" for command in node.checks]
    conditions = [f"must hold: {text}" for text in node.conditions]
    needs = [f"needs: {', '.join(node.needs)}"] if node.needs else []
    return "\n".join([f"{node.id} ({node.mode})", *needs, node.task, *checks, *conditions])
