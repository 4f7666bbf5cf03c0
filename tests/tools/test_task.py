"""The tool `task`: what it offers, and what beginning a run that may change files needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import NeedsNothing, NeedsRun, ToolResult
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Allow, Approval, Ask, Deny
from lsp_server.tools.task import AGENTS_CHARS_MAX, AgentChoice, TaskArguments, TaskTool
from lsp_server.workspace.files.paths import Workspace

WISH = {"description": "find the port", "prompt": "Look in src."}


class Nobody:
    """A Delegate whose subagents say what they were asked."""

    def has_begun(self, call_id: str) -> bool:
        return call_id == "begun"

    async def work(self, call_id: str, wish: TaskArguments) -> ToolResult:
        return ToolResult(f"{call_id}: {wish.prompt} ({wish.mode})")


def properties(tool: TaskTool) -> dict[str, Any]:
    found = tool.spec.parameters["properties"]
    assert isinstance(found, dict)
    return found


def test_without_agents_nothing_is_said_of_any() -> None:
    assert set(properties(TaskTool(Nobody()))) == {"description", "prompt", "mode"}
    assert set(properties(TaskTool(Nobody(), may_build=False))) == {"description", "prompt"}


def test_what_is_said_of_agents_has_a_bound() -> None:
    agents = [AgentChoice(f"agent-{n}", "It is good for much. " * 50) for n in range(40)]
    said = properties(TaskTool(Nobody(), agents))["agent"]["description"]
    assert len(said) < AGENTS_CHARS_MAX + 40 * 20
    assert all(agent.name in said for agent in agents), "each can be named"


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (WISH, NeedsNothing()),
        ({**WISH, "mode": "plan"}, NeedsNothing()),
        ({**WISH, "mode": "build"}, NeedsRun("find the port", "Look in src.")),
    ],
)
def test_only_a_run_that_may_change_files_needs_something(
    arguments: dict[str, Any], needs: object
) -> None:
    assert TaskTool(Nobody()).needs(arguments) == needs


@pytest.mark.parametrize(
    "wrong", [{}, {"description": "x"}, {**WISH, "mode": "full"}, {**WISH, "x": 1}]
)
async def test_wrong_arguments_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="expected"):
        await TaskTool(Nobody()).call_as("c1", wrong)


@pytest.mark.parametrize(
    ("mode", "task_mode", "rules", "decision"),
    [
        ("ask", "build", {}, Ask),
        ("ask", "build", {"allow": ("task",)}, Allow),
        ("auto-edit", "build", {}, Allow),
        ("sandboxed", "build", {}, Allow),
        ("full", "build", {}, Allow),
        ("full", "build", {"deny": ("task",)}, Deny),
        ("read-only", "build", {}, Deny),
        ("read-only", "build", {"allow": ("task",)}, Deny),
        ("full", "plan", {}, Deny),
    ],
)
def test_beginning_such_a_run_is_decided_by_the_mode(
    tmp_path: Path, mode: Any, task_mode: Mode, rules: dict[str, Any], decision: type
) -> None:
    approval = Approval(PermissionSettings(mode=mode, **rules), Workspace(tmp_path), task_mode)
    decided = approval.decide(TaskTool.spec, NeedsRun("find the port", "Look in src."))
    assert isinstance(decided, decision)
    if isinstance(decided, Ask):
        assert decided.question.detail == "Look in src."
        assert "sandboxed" in decided.question.freed_by
