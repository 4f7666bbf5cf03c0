"""This module has the commands about workflows: run one, list all."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.workflows import progress_text
from lsp_server.server import to_lsp
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import NoParams, Reply
from lsp_server.server.params.workflow_params import WorkflowEntry, WorkflowListReply, WorkflowRun
from lsp_server.server.protocol import CommandName
from lsp_server.session.begin_workflow import BegunWorkflow, begin_workflow
from lsp_server.session.extension_list import Extension
from lsp_server.session.run import Run
from lsp_server.session.workflows.session_workflows import FoundWorkflow
from lsp_server.text.count import count_of
from lsp_server.wording.workflow_texts import node_outline


class WorkflowCommands:
    """`WorkflowCommands` has the commands about workflows."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.WORKFLOW_RUN, WorkflowRun, self._run),
            ServerCommand(CommandName.WORKFLOW_LIST, NoParams, self._list),
        )

    async def _run(self, arguments: WorkflowRun) -> Reply:
        folder, _ = locate(None, self._context.folders)
        session = folder.require_session()
        if not arguments.name:
            found = [one.written.name for one in await session.workflows.found()]
            known = ", ".join(found) or "there are none"
            raise HoldfastError(f"pass the `name` of a workflow; known: {known}")
        begun = await begin_workflow(
            session, arguments.name, mode=arguments.mode, fresh=arguments.fresh
        )
        self._context.folders.use(folder)
        return begun_reply(begun)

    async def _list(self, _: NoParams) -> WorkflowListReply:
        session = locate(None, self._context.folders)[0].require_session()
        found = [_entry(one) for one in await session.workflows.found()]
        broken = [_broken(one) for one in await session.workflows.extensions() if one.problem]
        lines = [
            f"{one.name} ({one.state}, {count_of(one.nodes, 'node')}): {one.description}"
            for one in found
        ]
        lines += [f"{one.name}: {one.problem}" for one in broken]
        for run in session.runs.at_work.own:
            lines += _tree(run)
        message = "\n".join(lines) or "there are no workflows"
        self._context.show_message(message)
        return WorkflowListReply(
            state=self._context.state, message=message, workflows=(*found, *broken)
        )


def begun_reply(begun: BegunWorkflow) -> Reply:
    """Returns the reply to whoever asked for a workflow."""
    run = begun.run.summary()
    verb = "goes on" if begun.goes_on else "started"
    return Reply(state=run.state, message=f"{verb}: {run.title}", run_id=run.run_id)


def _tree(run: Run) -> Iterator[str]:
    """Yields lines about each workflow that the run works through now."""
    for workflow in run.context.event_log.state.workflows.by_call.values():
        if not all(node.is_over for node in workflow.nodes):
            yield f"{workflow.name}, {progress_text(workflow.nodes)}"
            yield from (f"  {line}" for line in node_outline(workflow.nodes))


def _entry(one: FoundWorkflow) -> WorkflowEntry:
    written = one.written
    return WorkflowEntry(
        name=written.name,
        description=written.description,
        origin=written.origin,
        state=one.state,
        nodes=len(written.workflow.nodes),
        uri=to_lsp.uri(written.path),
    )


def _broken(one: Extension) -> WorkflowEntry:
    return WorkflowEntry(
        name=one.name,
        description="",
        origin=one.origin,
        state=one.trust,
        nodes=0,
        uri=to_lsp.uri(one.path) if one.path is not None else "",
        problem=one.problem,
    )
