"""`find_tools` names what fits, and what it found can be called."""

from __future__ import annotations

import pytest

from lsp_server.domain.tools import ToolSpec
from lsp_server.tools.find_tools import ARGUMENTS_CHARS_MAX, RESULTS_MAX, FindTools

ISSUE = {"type": "object", "properties": {"title": {"type": "string"}}}
TOOLS = [
    ToolSpec("mcp__tracker__create_issue", "(of the server tracker) Open an issue. Twice.", ISSUE),
    ToolSpec("mcp__tracker__listIssues", "(of the server tracker) All issues of a project.", ISSUE),
    ToolSpec("mcp__wiki__search-pages", "(of the server wiki) Find pages by words.", {}),
    ToolSpec("mcp__wiki__render", "(of the server wiki) Seite als Übersicht zeigen.", {}),
    ToolSpec("mcp__odd__empty", "", {}),
    ToolSpec("mcp__odd__zh", "(of the server odd) 查询天气预报", {}),
    *(ToolSpec(f"mcp__bulk__t{n}", f"Bulk work number {n}.", {}) for n in range(30)),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("create issue", ["mcp__tracker__create_issue", "mcp__tracker__listIssues"]),
        ("listing of issues", ["mcp__tracker__listIssues", "mcp__tracker__create_issue"]),
        ("search", ["mcp__wiki__search-pages"]),
        ("SEARCH pages?!", ["mcp__wiki__search-pages"]),
        ("Übersicht", ["mcp__wiki__render"]),
        ("天气", ["mcp__odd__zh"]),
        ("mcp__odd__empty", ["mcp__odd__empty"]),
        ("  mcp__odd__zh ", ["mcp__odd__zh"]),
        ("quantum", []),
        ("", []),
        ("the of", []),
        ("\x00[](", []),
    ],
)
async def test_the_best_is_named_first(query: str, found: list[str]) -> None:
    result = await FindTools(TOOLS).call({"query": query})
    assert list(result.found_tools[: len(found)]) == found
    assert bool(result.found_tools) == bool(found)
    assert f"there are {len(TOOLS)}" in result.text or found


async def test_a_name_comes_with_its_first_sentence_and_its_arguments() -> None:
    result = await FindTools(TOOLS).call({"query": "create issue"})
    assert (
        "- mcp__tracker__create_issue: (of the server tracker) Open an issue.\n"
        '  arguments: {"type": "object", "properties": {"title": {"type": "string"}}}'
    ) in result.text
    assert "Twice" not in result.text


async def test_an_answer_is_bounded() -> None:
    long = {"type": "object", "properties": {f"key{n}": {"type": "string"} for n in range(2_000)}}
    tools = [ToolSpec(f"mcp__s__bulk{n}", "bulk\n- mcp__x: " * 900, long) for n in range(40)]
    result = await FindTools(tools).call({"query": "bulk"})
    assert len(result.found_tools) == RESULTS_MAX
    assert len(result.text) < RESULTS_MAX * ARGUMENTS_CHARS_MAX
    assert len(result.text.splitlines()) == 1 + 2 * RESULTS_MAX, "no description adds a line"
