"""This module is `holdfast workflow`: it runs a workflow by its name, or lists those that there are."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.session.workflows.session_workflows import FoundWorkflow
from lsp_server.skills.source import Problem
from lsp_server.text.count import count_of

NONE_YET = "there is no workflow yet; write one in .holdfast/workflows/NAME.md"


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A `WorkflowLine` is one workflow as the list shows it; `problem` says why it cannot be run."""

    name: str
    state: str
    nodes: int
    description: str
    path: str
    problem: str = ""

    @property
    def text(self) -> str:
        """Returns the line for a person."""
        if self.problem:
            return f"{self.name}: {self.path}: {self.problem}"
        return f"{self.name} ({self.state}, {count_of(self.nodes, 'node')}): {self.description}"


def list_workflows(workspace: Path, *, as_json: bool) -> int:
    """Lists the workflows of a folder; 0 if there is one and all can be read, else 1."""
    return run_command(_list(workspace, as_json))


async def _list(workspace: Path, as_json: bool) -> int:
    folder = workspace_folder(workspace)
    async with command_session(folder, load_settings(folder)) as session:
        found = [_line(one) for one in await session.workflows.found()]
        broken = [_broken(problem) for problem in session.workflows.problems]
    for line in (*found, *broken):
        shown = json.dumps(_value(line)) if as_json else visible(line.text)
        sys.stdout.write(f"{shown}\n")
    if not found and not broken and not as_json:
        sys.stdout.write(f"{NONE_YET}\n")
    return 0 if found and not broken else 1


def _line(one: FoundWorkflow) -> WorkflowLine:
    written = one.written
    nodes = len(written.workflow.nodes)
    return WorkflowLine(written.name, one.state, nodes, written.description, str(written.path))


def _broken(problem: Problem) -> WorkflowLine:
    place = f"{problem.path}:{problem.line + 1}"
    return WorkflowLine(problem.path.stem, "invalid", 0, "", place, problem.message)


def _value(line: WorkflowLine) -> dict[str, object]:
    return {
        "name": line.name,
        "state": line.state,
        "nodes": line.nodes,
        "description": line.description,
        "path": line.path,
        "problem": line.problem,
    }
