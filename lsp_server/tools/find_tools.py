"""The tool `find_tools` finds tools of MCP servers that are not in the request, by what they do.

What it finds can be called at once: the answer has their arguments. They enter the
request itself with the next cycle, behind all others. Endpoints render tools before the
conversation, so that one more tool in the middle of a cycle, even at the end of the list,
would make all messages be read anew; a new cycle reads them anew as it is. A tool that was
found and is asked for by its name is listed at once, at the end, for endpoints that let a
model call nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from lsp_server.domain.tools import Needs, NeedsNothing, ToolResult, ToolSpec
from lsp_server.text.bm25 import bm25_scores, stems
from lsp_server.text.tokenizer import tokenize
from lsp_server.text.truncate import one_line
from lsp_server.tools.arguments import ToolArguments, describe, spec, validate

LISTED_TOOLS_MAX = 30
LISTED_CHARS_MAX = 10_000
"""With more tools in all, or more text of servers' tools, these are found instead of listed."""
RESULTS_MAX = 8
SENTENCE_CHARS_MAX = 200
ARGUMENTS_CHARS_MAX = 1_500
"""Of a tool with a longer schema only the names of its arguments are given."""
NAMES_CHARS_MAX = 400

_LEAD = "Call them by these names. If you cannot call one, look for it once more by its name alone."
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


class FindToolsArguments(ToolArguments):
    """These are the arguments of `find_tools`."""

    query: str = Field(description="What the tool should do, in a few words.", max_length=1_000)


class FindTools:
    """A `FindTools` finds among `tools`, which are not listed in the request.

    Example::

        found = await FindTools(specs).call({"query": "create an issue"})
        found.found_tools  # ("mcp__tracker__create_issue",)
    """

    spec = spec(
        "find_tools",
        FindToolsArguments,
        "Find further tools, of connected servers. What it names can be called at once.",
        kind="recall",
    )

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._tools = tools
        self._documents = [tokenize(f"{tool.name} {tool.description}") for tool in tools]

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call as in `find_tools create an issue`."""
        return describe(self.spec.name, arguments.get("query"))

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Needs nothing: it looks at what servers said already; each call of theirs asks."""
        del arguments
        return NeedsNothing()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Names up to RESULTS_MAX tools, the best first. Raises ToolError for wrong arguments."""
        found = self._best(validate(FindToolsArguments, arguments).query)
        if not found:
            return ToolResult(f"no tool fits these words; {self._overview()}")
        lines = "\n".join(map(_line, found))
        return ToolResult(f"{_LEAD}\n{lines}", found_tools=tuple(one.name for one in found))

    def _best(self, query: str) -> list[ToolSpec]:
        if named := [tool for tool in self._tools if tool.name == query.strip()]:
            return named
        scores = bm25_scores(stems(query), self._documents)
        ranked = sorted(zip(scores, self._tools, strict=True), key=lambda pair: -pair[0])
        return [tool for score, tool in ranked if score > 0][:RESULTS_MAX]

    def _overview(self) -> str:
        names = ", ".join(tool.name for tool in self._tools)
        return f"there are {len(self._tools)}: {one_line(names, NAMES_CHARS_MAX)}"


def can_be_listed(tools: Sequence[ToolSpec], beside: int) -> bool:
    """Says whether a request has room for the tools of servers; `beside` counts its others."""
    chars = sum(len(one.name) + len(one.description) + len(_schema(one)) for one in tools)
    return beside + len(tools) <= LISTED_TOOLS_MAX and chars <= LISTED_CHARS_MAX


def first_sentence(text: str) -> str:
    """Returns the first sentence of a description, on one line.

    >>> first_sentence("(of the server docs) Search pages. It takes words.")
    '(of the server docs) Search pages.'
    """
    flat = one_line(text, SENTENCE_CHARS_MAX)
    return _SENTENCE_END.split(flat, maxsplit=1)[0]


def _line(tool: ToolSpec) -> str:
    return f"- {tool.name}: {first_sentence(tool.description)}\n  arguments: {_arguments(tool)}"


def _arguments(tool: ToolSpec) -> str:
    """Returns the schema of the arguments; their names where that would be long."""
    schema = _schema(tool)
    if len(schema) <= ARGUMENTS_CHARS_MAX:
        return schema
    properties = tool.parameters.get("properties")
    names = ", ".join(map(str, properties)) if isinstance(properties, Mapping) else "any"
    return one_line(names, NAMES_CHARS_MAX)


def _schema(tool: ToolSpec) -> str:
    return json.dumps(dict(tool.parameters), ensure_ascii=False, default=str)
