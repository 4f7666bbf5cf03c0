"""This module makes the tools of a run. To add one: make it in the list that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lsp_server.agent.recall.journal_search import JournalSearch
from lsp_server.agent.run_hooks import RunHooks
from lsp_server.assemble.run_processes import RunProcesses
from lsp_server.assemble.sandboxes import Sandboxes
from lsp_server.assemble.server_tools import ServerTools
from lsp_server.assemble.workspace_services import WorkspaceServices
from lsp_server.domain.events import Event, FileChanged
from lsp_server.domain.ports import Tool
from lsp_server.session.memory import SessionMemory
from lsp_server.session.memory.run_memory import RunHistory, SemanticSearch
from lsp_server.session.run_context import RunContext
from lsp_server.settings.sandbox_settings import SandboxSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.fetch import Fetch
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.output import Output
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.remember import Remember
from lsp_server.tools.save_first import SaveFirst
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell, sandbox_text
from lsp_server.tools.stop import StopTool
from lsp_server.tools.team_search import TeamSearch
from lsp_server.tools.tool_bound import ToolBound, tool_bound
from lsp_server.tools.tool_list import MoreTools, ToolList
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write
from lsp_server.tools.write_turns import CommandInTurn, EditInTurn


async def run_toolbox(
    services: WorkspaceServices,
    memory: SessionMemory,
    run_context: RunContext,
    approval: Approval,
    run_processes: RunProcesses,
    hooks: RunHooks,
    more: Sequence[Tool] = (),
) -> Toolbox:
    """Makes the Toolbox of one run: the tools that come with Holdfast, `more`, and those of servers.

    Their order is part of the prompt's cached start: it is the same in each run.
    """
    tools = _make_looking_tools(services, memory, run_context, approval)
    tools += _make_changing_tools(services, run_processes, run_context)
    if run_context.task.mode == "build":
        tools.append(Output(run_processes.background))
        tools.append(Remember(lambda text: memory.facts.claim(run_context.run_id, text)))
    tools += more
    ask = services.asker(
        run_context.run_id,
        run_context.event_log.emit,
        run_context.settings,
        subagent=run_context.title if run_context.is_subagent else "",
        grant=run_context.top.event_log.emit if run_context.top is not None else None,
    )
    describe = partial(describe_sandbox, services.sandboxes, run_context.settings.sandbox)
    bound = tool_bound(run_context.task.agent)
    own = [tool for tool in tools if bound.allows(tool.spec.name)]
    offered = await _offer_tools(services, run_context, own, bound)
    return Toolbox(
        offered,
        approval,
        hooks.notifications.around(ask),
        describe_sandbox=describe,
        editor=services.editor,
    )


async def _offer_tools(
    services: WorkspaceServices, run_context: RunContext, own: Sequence[Tool], bound: ToolBound
) -> ToolList:
    servers = ServerTools(services.extensions.servers, run_context.event_log, bound)
    look_for_more = partial(servers.offer, len(own))
    conversation = run_context.event_log.state.conversation
    return ToolList(
        own,
        run_context.task.mode,
        # No tool of a server is known to change nothing, so plan mode asks none.
        await look_for_more() if run_context.task.mode == "build" else MoreTools(),
        look_for_more if run_context.task.mode == "build" else None,
        lambda: conversation.listed_tools,
    )


async def describe_sandbox(sandboxes: Sandboxes, sandbox: SandboxSettings) -> str:
    """Says to the model what the sandbox of commands means for it; "" where none holds."""
    return sandbox_text(sandbox.network) if await sandboxes.holds(sandbox) else ""


def _make_looking_tools(
    services: WorkspaceServices, memory: SessionMemory, run_context: RunContext, approval: Approval
) -> list[Tool]:
    workspace, chars_max, visible = (
        services.workspace,
        run_context.result_chars_max,
        approval.visible,
    )
    by_meaning = SemanticSearch(workspace, memory, lambda path: visible(workspace.root / path))
    search = Search(
        workspace,
        services.ignore,
        services.documents,
        redactor=services.redactor,
        by_meaning=by_meaning,
        visible=visible,
        commands=services.own_programs,
    )
    shared = run_context.settings.memory
    has_base = shared.enabled and shared.base_uri is not None
    return [
        Read(workspace, services.editor, services.redactor, chars_max=chars_max),
        List(workspace, services.ignore, visible=visible),
        # The argument takes a place in each prompt, which is for those who have other repositories.
        TeamSearch(search, by_meaning.in_repository) if has_base else search,
        Diagnostics(workspace, services.editor),
        Fetch(run_context.settings.fetch, services.redactor),
        Recall(
            RunHistory(JournalSearch(run_context.journal_path, services.journal_indexes), memory),
            chars_max=chars_max,
        ),
        Plan(run_context.event_log.emit),
        Finish(),
    ]


def _make_changing_tools(
    services: WorkspaceServices, run_processes: RunProcesses, run_context: RunContext
) -> list[Tool]:
    workspace, background = services.workspace, run_processes.background
    emit, turns, run_id = run_context.event_log.emit, services.write_turns, run_context.run_id

    def emit_edit(event: Event) -> None:
        if isinstance(event, FileChanged):
            background.note_edit(event)
        emit(event)

    editor = services.checkpoints.recording(services.editor, emit_edit)
    edit, write = (tool(workspace, editor, services.redactor) for tool in (Edit, Write))
    shell = Shell(
        workspace,
        services.checkpoints,
        emit,
        run_processes.confined,
        run_processes.unconfined,
        background,
    )
    return [
        EditInTurn(edit, turns, run_id, whole=False),
        EditInTurn(write, turns, run_id, whole=True),
        # Commands read the disk, so what runs left in open buffers is saved before.
        CommandInTurn(SaveFirst(shell, workspace, services.documents), turns, run_id),
        StopTool(background),
    ]
