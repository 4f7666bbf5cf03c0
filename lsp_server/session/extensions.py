"""This module holds together what people bring along, and what of it is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.session.envrc import SessionEnvrc
from lsp_server.session.hooks import SessionHooks
from lsp_server.session.mcp_servers import SessionServers
from lsp_server.session.memory.project_facts import ProjectFacts
from lsp_server.session.skills import SessionSkills
from lsp_server.session.trust import ProjectTrust
from lsp_server.session.workflows.session_workflows import SessionWorkflows


@dataclass(frozen=True, slots=True)
class Extensions:
    """`Extensions` are the skills and commands, the MCP servers, the hooks, the workflows, the facts, the `.envrc`, and a person's trust in them."""

    skills: SessionSkills
    servers: SessionServers
    hooks: SessionHooks
    workflows: SessionWorkflows
    facts: ProjectFacts
    envrc: SessionEnvrc
    trust: ProjectTrust
