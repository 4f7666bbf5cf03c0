"""A `ToolBound` says which tools a custom agent has, also where its author wrote for another agent.

Names of other agents are taken for ours where one is meant. What a run cannot do without
is always there: the tools that end it, plan it, and fetch what was cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from lsp_server.domain.tasks import AgentProfile
from lsp_server.tools.builtin import BUILTIN_NAMES
from lsp_server.tools.diagnostics import Diagnostics
from lsp_server.tools.edit import Edit
from lsp_server.tools.fetch import Fetch
from lsp_server.tools.finish import Finish
from lsp_server.tools.list import List
from lsp_server.tools.output import Output
from lsp_server.tools.plan import Plan
from lsp_server.tools.read import Read
from lsp_server.tools.recall import Recall
from lsp_server.tools.search import Search
from lsp_server.tools.shell import Shell
from lsp_server.tools.skill import SkillTool
from lsp_server.tools.stop import StopTool
from lsp_server.tools.task import TaskTool
from lsp_server.tools.write import Write

ALWAYS = frozenset(spec.name for spec in (Finish.spec, Plan.spec, Recall.spec))

_COMMANDS = (Shell.spec.name, Output.spec.name, StopTool.spec.name)
"""What runs commands, and what reads and ends those in the background."""

_FOREIGN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "view": (Read.spec.name,),
        "cat": (Read.spec.name,),
        "notebookread": (Read.spec.name,),
        "glob": (List.spec.name, Search.spec.name),
        "ls": (List.spec.name,),
        "grep": (Search.spec.name,),
        "codebase": (Search.spec.name,),
        "multiedit": (Edit.spec.name,),
        "notebookedit": (Edit.spec.name,),
        "create": (Write.spec.name,),
        "bash": _COMMANDS,
        "terminal": _COMMANDS,
        "execute": _COMMANDS,
        "webfetch": (Fetch.spec.name,),
        "bashoutput": (Output.spec.name,),
        "killshell": (StopTool.spec.name,),
        "todowrite": (Plan.spec.name,),
        "todoread": (Plan.spec.name,),
        "todo": (Plan.spec.name,),
        "lsp": (Diagnostics.spec.name,),
        "problems": (Diagnostics.spec.name,),
        "skills": (SkillTool.spec.name,),
        "agent": (TaskTool.spec.name,),
    }
)
"""What other agents call our tools, in lower case."""

_SERVER_TOOL = "mcp__"


@dataclass(frozen=True, slots=True)
class ToolBound:
    """A `ToolBound` has patterns of the tools that there are, and of those that there are not.

    >>> bound = tool_bound(AgentProfile("reviewer", "", ("Read", "Grep", "mcp__tracker")))
    >>> [bound.allows(name) for name in ("read", "search", "edit", "mcp__tracker__show")]
    [True, True, False, True]
    """

    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        """Says whether there is a tool of that name."""
        if name in ALWAYS:
            return True
        is_meant = self.only is None or _fits(name, self.only)
        return is_meant and not _fits(name, self.without)


def tool_bound(profile: AgentProfile | None) -> ToolBound:
    """Returns what bounds the tools of a run; nothing does for one without an agent."""
    if profile is None:
        return ToolBound()
    only = None if profile.tools is None else _patterns(profile.tools)
    # A call that a pattern forbids cannot be told from others here, so the whole tool goes.
    without = _patterns(word.partition("(")[0] for word in profile.without)
    return ToolBound(None if only is not None and "*" in only else only, without)


def unknown_tools(words: Iterable[str]) -> list[str]:
    """Returns those of an agent's words for tools that mean none here.

    >>> unknown_tools(["Read", "WebSearch", "Bash(git log:*)"])
    ['WebSearch', 'Bash(git log:*)']
    """
    return [word for word in words if not _own_names(word)]


def _patterns(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for word in words for name in _own_names(word))


def _own_names(word: str) -> tuple[str, ...]:
    if word == "*" or word.startswith(_SERVER_TOOL):
        # The name of a server stands for all its tools.
        return (word, f"{word}__*") if word.count("__") == 1 else (word,)
    name = word.lower()
    if name == Shell.spec.name:
        return _COMMANDS
    return (name,) if name in BUILTIN_NAMES else _FOREIGN.get(name, ())


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
