"""The tools of one run."""

from __future__ import annotations

from lsp_server.agent.archive import JournalArchive
from lsp_server.assemble.site import Site
from lsp_server.domain.events import Emit
from lsp_server.domain.ports import Tool
from lsp_server.session.runs import Launch
from lsp_server.tools.approval import Approval
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.saving import Saving
from lsp_server.tools.search import Search
from lsp_server.tools.secrets import Discreet
from lsp_server.tools.shell import Shell
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write


def run_toolbox(site: Site, launch: Launch, approval: Approval) -> Toolbox:
    """In plan mode there is no tool that could change anything."""
    tools = _reading(site, launch, approval)
    if launch.task.mode == "build":
        tools += _changing(site, launch.record.emit)
    ask = site.asking(launch.run_id, launch.record.emit, launch.settings)
    return Toolbox(tools, approval, ask)


def _reading(site: Site, launch: Launch, approval: Approval) -> list[Tool]:
    workspace, chars_max, visible = site.workspace, launch.result_chars_max, approval.visible
    return [
        Discreet(Read(workspace, site.editor, chars_max=chars_max), site.secrets),
        List(workspace, site.ignore, visible=visible),
        Discreet(Search(workspace, site.ignore, site.documents, visible=visible), site.secrets),
        Discreet(Diagnostics(workspace, site.editor), site.secrets),
        Discreet(Recall(JournalArchive(launch.journal_path), chars_max=chars_max), site.secrets),
        Plan(launch.record.emit),
        Finish(),
    ]


def _changing(site: Site, emit: Emit) -> list[Tool]:
    workspace, editor = site.workspace, site.checkpoints.recording(site.editor, emit)
    shell = Saving(Shell(workspace, site.checkpoints, emit), workspace, site.documents)
    return [Edit(workspace, editor), Write(workspace, editor), Discreet(shell, site.secrets)]
