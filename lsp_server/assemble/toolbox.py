"""The tools of one run."""

from __future__ import annotations

from lsp_server.agent.archive import JournalArchive
from lsp_server.assemble.recollection import MeaningSearch, MemoryArchive
from lsp_server.assemble.site import Site
from lsp_server.domain.events import Emit
from lsp_server.domain.ports import Tool
from lsp_server.session.launch import Launch
from lsp_server.session.memory import SessionMemory
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.remember import Remember
from lsp_server.tools.saving import Saving
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write


def run_toolbox(site: Site, memory: SessionMemory, launch: Launch, approval: Approval) -> Toolbox:
    """In plan mode there is no tool that could change anything."""
    tools = _reading(site, memory, launch, approval)
    if launch.task.mode == "build":
        tools += _changing(site, launch.record.emit)
        tools.append(Remember(lambda text: memory.claim(launch.run_id, text)))
    ask = site.asking(launch.run_id, launch.record.emit, launch.settings)
    return Toolbox(tools, approval, ask)


def _reading(site: Site, memory: SessionMemory, launch: Launch, approval: Approval) -> list[Tool]:
    workspace, chars_max, visible = site.workspace, launch.result_chars_max, approval.visible
    return [
        Read(workspace, site.editor, site.discretion, chars_max=chars_max),
        List(workspace, site.ignore, visible=visible),
        Search(
            workspace,
            site.ignore,
            site.documents,
            discretion=site.discretion,
            by_meaning=MeaningSearch(
                workspace, memory, lambda path: visible(workspace.root / path)
            ),
            visible=visible,
        ),
        Diagnostics(workspace, site.editor),
        Recall(
            MemoryArchive(JournalArchive(launch.journal_path, site.digests), memory),
            chars_max=chars_max,
        ),
        Plan(launch.record.emit),
        Finish(),
    ]


def _changing(site: Site, emit: Emit) -> list[Tool]:
    workspace, editor = site.workspace, site.checkpoints.recording(site.editor, emit)
    return [
        Edit(workspace, editor, site.discretion),
        Write(workspace, editor, site.discretion),
        Saving(Shell(workspace, site.checkpoints, emit), workspace, site.documents),
    ]
