"""This module lists the tools that come with Holdfast, by what they say of themselves."""

from __future__ import annotations

from lsp_server.domain.tools import ToolSpec
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.fetch import Fetch
from lsp_server.tools.find_tools import FindTools
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.output import Output
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.remember import Remember
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.tools.skill import SkillTool
from lsp_server.tools.stop import StopTool
from lsp_server.tools.task import TaskTool
from lsp_server.tools.workflow import WorkflowTool
from lsp_server.tools.write import Write

BUILTIN_SPECS: tuple[ToolSpec, ...] = (
    Read.spec,
    List.spec,
    Search.spec,
    Edit.spec,
    Write.spec,
    Shell.spec,
    Output.spec,
    StopTool.spec,
    Diagnostics.spec,
    Fetch.spec,
    Plan.spec,
    Recall.spec,
    Remember.spec,
    SkillTool.spec,
    FindTools.spec,
    TaskTool.spec,
    WorkflowTool.spec,
    Finish.spec,
)

BUILTIN_NAMES = frozenset(spec.name for spec in BUILTIN_SPECS)
"""The names that a permission rule may begin with."""

COMMAND_NAMES = frozenset(spec.name for spec in BUILTIN_SPECS if "command" in spec.forms.values())
"""Tools whose rules are about commands."""

PATH_NAMES = frozenset(spec.name for spec in BUILTIN_SPECS if "path" in spec.forms.values())
"""Tools whose rules are about paths."""

HOST_NAMES = frozenset(spec.name for spec in BUILTIN_SPECS if spec.kind == "fetch")
"""Tools whose rules are about hosts."""
