"""Doing the same looks the same, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.domain.messages import Message
from lsp_server.domain.tools import ToolCall, ToolSpec
from lsp_server.max_mode.normal_form import call_form, call_problem, normal_form, shell_form
from lsp_server.tools.builtin import BUILTIN_SPECS
from lsp_server.tools.dry_run import ToolDryRun
from tests.harness.tools import Bench


def form(root: Path, *calls: tuple[str, object], text: str = "") -> str:
    bench = Bench(root)
    dry_run_tools = ToolDryRun(bench.workspace, bench.toolbox)
    listed = tuple(
        ToolCall(str(n), name, arguments if isinstance(arguments, str) else json.dumps(arguments))
        for n, (name, arguments) in enumerate(calls)
    )
    message = Message("assistant", text, tool_calls=listed)
    return normal_form(message, BUILTIN_SPECS, dry_run_tools.locate, {})


READ_A, READ_B = ("read", {"path": "a"}), ("read", {"path": "b"})


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ([READ_A], [("read", {"path": "./x/../a"})], True),
        ([READ_A], [("read", {"path": "a", "start_line": None})], True),
        ([READ_A], [READ_B], False),
        ([READ_A], [("read", {"path": "a", "start_line": 2})], False),
        ([READ_A, READ_B], [READ_B, READ_A], True),
        ([READ_A, READ_A], [READ_A], True),
        ([("search", {"query": "q"})], [("search", {"limit": 50, "query": "q"})], True),
        ([("search", {"query": "q"})], [("search", {"query": "q", "limit": 5})], False),
        ([("shell", {"command": "ls  -l"})], [("shell", {"command": " ls -l"})], True),
        (
            [("shell", {"command": "ls"})],
            [("shell", {"command": "ls", "timeout_seconds": 9})],
            True,
        ),
        ([("shell", {"command": "ls 'a  b'"})], [("shell", {"command": "ls 'a b'"})], False),
        ([("shell", {"command": "ls"}), READ_A], [READ_A, ("shell", {"command": "ls"})], False),
        ([("finish", {"summary": "a"})], [("finish", {"summary": "b"})], True),
        ([("read", "{broken")], [("read", "{broken too")], False),
        ([("remember", {"text": "a  b"})], [("remember", {"text": "a b"})], True),
    ],
)
def test_proposals_are_the_same_when_they_do_the_same(
    project: Path, left: list[tuple[str, object]], right: list[tuple[str, object]], same: bool
) -> None:
    assert (form(project, *left) == form(project, *right)) is same


def test_answers_without_calls_are_their_text(project: Path) -> None:
    assert form(project, text="It is\n done.") == form(project, text="It is done.")
    assert form(project, text="It is done.") != form(project, text="It is not.")
    assert form(project, text="done") != form(project, ("finish", {"summary": "done"}))


@pytest.mark.parametrize(
    ("command", "plain"),
    [
        ("  git   log -n 1 ", "git log -n 1"),
        ("a|b", "a | b"),
        ('grep "two  blanks" f', 'grep "two  blanks" f'),
        ("echo a\necho b", "echo a\necho b"),
        ("echo a\\  b", "echo a\\  b"),
        ("cat <<E\nx  y\nE", "cat <<E\nx  y\nE"),
        ("echo 'open", "echo 'open"),
        ("echo a # b", "echo a # b"),
        ("", ""),
    ],
)
def test_blanks_between_shell_words_do_not_count(command: str, plain: str) -> None:
    assert shell_form(command) == plain


@given(st.text(alphabet="ab '\"\\|;&#\n$(<>", max_size=30))
def test_a_shell_form_is_its_own_form_and_keeps_every_other_character(command: str) -> None:
    once = shell_form(command)
    assert shell_form(once) == once
    assert once.replace(" ", "") == command.strip().replace(" ", "")


@pytest.mark.parametrize(
    ("name", "arguments", "wrong"),
    [
        ("bash", "{}", "there is no tool"),
        ("read", '{"path": ', "no JSON object"),
        ("read", "[1]", "no JSON object"),
        ("read", "{}", "lacks path"),
        ("read", '{"path": 1}', "wrong kind"),
        ("read", '{"path": "a", "line": 1}', "no argument 'line'"),
        ("read", '{"path": "a", "start_line": true}', "wrong kind"),
        ("read", '{"path": "a", "start_line": null}', ""),
        ("search", '{"query": "q", "mode": "fuzzy"}', "wrong kind"),
        ("search", '{"query": "q", "limit": 3}', ""),
        ("finish", '{"summary": "done"}', ""),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_seen(
    project: Path, name: str, arguments: str, wrong: str
) -> None:
    found = call_problem(ToolCall("1", name, arguments), Bench(project).toolbox.specs)
    assert found == "" if not wrong else wrong in found


@pytest.mark.parametrize("arguments", ['{"a": "x"}', '{"a": [1], "b": null}', "{}"])
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {"properties": {"a": True}},
        {"properties": ["a"]},
        {"properties": None, "required": None},
        {"properties": {"a": {"enum": "x"}}, "required": [["a"]]},
    ],
)
def test_what_a_tool_from_elsewhere_takes_is_left_to_it(
    schema: Mapping[str, object], arguments: str
) -> None:
    tool, made = ToolSpec("mcp__s__t", "", schema), ToolCall("1", "mcp__s__t", arguments)
    assert call_problem(made, [tool]) == ""
    assert json.loads(call_form(made, tool, lambda path: path))[0] == tool.name
