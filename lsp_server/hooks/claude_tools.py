"""This module says how Claude Code calls our tools and their arguments, for hooks written for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lsp_server.tools.edit import Edit
from lsp_server.tools.fetch import Fetch
from lsp_server.tools.list import List
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.tools.task import TaskTool
from lsp_server.tools.write import Write


@dataclass(frozen=True, slots=True)
class ClaudeTool:
    """A `ClaudeTool` is one of our tools as Claude Code has it.

    `arguments` has the names of ours and what they are called there.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


CLAUDE_TOOLS: Mapping[str, ClaudeTool] = MappingProxyType(
    {
        Shell.spec.name: ClaudeTool("Bash"),
        Read.spec.name: ClaudeTool("Read", {"path": "file_path"}),
        Edit.spec.name: ClaudeTool(
            "Edit", {"path": "file_path", "old_text": "old_string", "new_text": "new_string"}
        ),
        Write.spec.name: ClaudeTool("Write", {"path": "file_path", "text": "content"}),
        Search.spec.name: ClaudeTool("Grep", {"query": "pattern"}),
        List.spec.name: ClaudeTool("Glob"),
        Fetch.spec.name: ClaudeTool("WebFetch"),
        Plan.spec.name: ClaudeTool("TodoWrite"),
        TaskTool.spec.name: ClaudeTool("Task", {"agent": "subagent_type"}),
    }
)
"""Tools of servers have one name in both."""

FILE_PATH = "file_path"


def names_of(tool: str) -> tuple[str, ...]:
    """Returns all names of a tool, ours first.

    >>> names_of("shell"), names_of("mcp__docs__find")
    (('shell', 'Bash'), ('mcp__docs__find',))
    """
    known = CLAUDE_TOOLS.get(tool)
    return (tool,) if known is None else (tool, known.name)


def claude_call(
    tool: str, arguments: Mapping[str, object], root: Path
) -> tuple[str, dict[str, object]]:
    """Returns name and arguments of a call as Claude Code has them: paths are absolute there.

    >>> claude_call("read", {"path": "a.py"}, Path("/project"))
    ('Read', {'file_path': '/project/a.py'})
    """
    known = CLAUDE_TOOLS.get(tool)
    if known is None:
        return tool, dict(arguments)
    renamed = {known.arguments.get(name, name): value for name, value in arguments.items()}
    if isinstance(path := renamed.get(FILE_PATH), str):
        renamed[FILE_PATH] = str(root / path)
    return known.name, renamed


def own_arguments(tool: str, arguments: Mapping[str, object], root: Path) -> dict[str, object]:
    """Returns arguments that were written in the words of either as ours.

    >>> own_arguments("write", {"file_path": "/project/a.py", "content": "x"}, Path("/project"))
    {'path': 'a.py', 'text': 'x'}
    """
    known = CLAUDE_TOOLS.get(tool, ClaudeTool(tool))
    if isinstance(path := arguments.get(FILE_PATH), str) and Path(path).is_relative_to(root):
        arguments = {**arguments, FILE_PATH: Path(path).relative_to(root).as_posix()}
    ours = {theirs: own for own, theirs in known.arguments.items()}
    return {ours.get(name, name): value for name, value in arguments.items()}
