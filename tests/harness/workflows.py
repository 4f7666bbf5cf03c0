"""Workflows of a project: written down, trusted, and run through a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsp_server.domain.tasks import Mode, Outcome, RunId
from lsp_server.domain.workflow_events import WorkflowChanged
from lsp_server.session.begin_workflow import begin_workflow
from lsp_server.session.child_runs import child_number
from tests.harness.workshop import Workshop


def written(project: Path, text: str, name: str = "plan") -> Path:
    """A workflow file of the project."""
    path = project / ".holdfast" / "workflows" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def trusted(shop: Workshop) -> None:
    """A person's yes to all that the project brings."""
    await shop.session.decide_trust(await shop.session.trust.waiting(), trusted=True)


async def worked(
    shop: Workshop, name: str = "plan", *, mode: Mode = "build", fresh: bool = False
) -> Outcome:
    """Trusts the workflows of the project and runs one to its end."""
    await trusted(shop)
    begun = await begin_workflow(shop.session, name, mode=mode, fresh=fresh)
    return await begun.run.wait()


def states(shop: Workshop) -> dict[str, str]:
    """How far each node is, as the last Event says."""
    return {node.id: node.state for node in shop.events(WorkflowChanged)[-1].nodes}


def asked(shop: Workshop) -> list[str]:
    """The first word of the task of each request that the model got, judges left out."""
    return [
        str(prompt[1]["content"]).split()[0].strip(".:")
        for prompt in shop.prompts()
        if len(prompt) > 1
    ]


def run_of(shop: Workshop, node: str) -> RunId:
    """The run that worked on a node last."""
    nodes: Any = shop.events(WorkflowChanged)[-1].nodes
    return RunId(next(one.run_id for one in nodes if one.id == node))


def number_of(run_id: RunId) -> int:
    """The number of a node's run among those of its workflow."""
    return child_number(run_id)
