"""This module finds the custom agents that the nodes of a workflow name."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.workflows import Workflow
from lsp_server.session.skills import SessionSkills, agent_named
from lsp_server.skills.custom_agent import CustomAgent


class UnusableNode(HoldfastError):
    """The agent that a node of a workflow names is none, or is not trusted."""


async def agents_of(workflow: Workflow, skills: SessionSkills) -> Mapping[str, CustomAgent]:
    """Returns the agents that nodes name, by their names.

    Raises UnusableNode for one that there is not, or that nobody trusts.
    """
    found: dict[str, CustomAgent] = {}
    for node in workflow.nodes:
        if node.agent and node.agent not in found:
            try:
                found[node.agent] = await agent_named(skills, node.agent)
            except HoldfastError as error:
                raise UnusableNode(f"the node {node.id}: {error}") from error
    return found
