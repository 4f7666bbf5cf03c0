"""This module runs Holdfast as an agent of Harbor, inside of a task's container.

It needs `holdfast[harbor]`, with Python 3.12 or later. Harbor takes it by its import path::

    harbor run -d terminal-bench@2.0 -m openai/NAME \
        --agent lsp_server.evaluation.harbor_agent:HoldfastAgent

The container is the sandbox: in it Holdfast asks nobody. What the run said lies in the agent's
logs as one Event a line, and its last line has the tokens and the cost.
"""

from __future__ import annotations

import shlex
from typing import Any

from harbor.agents.installed.base import BaseInstalledAgent, with_prompt_template
from harbor.environments.base import BaseEnvironment
from harbor.models.agent.context import AgentContext

from lsp_server import __version__
from lsp_server.evaluation.harbor_command import EVENTS, INSTALL, PATH, read_usage, run_command

PASSED_ON = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


class HoldfastAgent(BaseInstalledAgent):
    """A `HoldfastAgent` installs Holdfast in a container and lets it work on the instruction.

    `package` is what `uv tool install` takes, as a path to a wheel; `flags` are further ones of
    `holdfast run`, as `--attempts 3`. The model is that of Harbor, `provider/name`; its endpoint
    and key come from `OPENAI_BASE_URL`, `OPENAI_API_KEY` and the variables `HOLDFAST_…`.
    """

    def __init__(self, *args: Any, package: str = "", flags: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package or f"holdfast=={__version__}"
        self._flags = flags

    @staticmethod
    def name() -> str:
        """Returns the name under which Harbor reports the agent."""
        return "holdfast"

    def get_version_command(self) -> str:
        """Returns the command that prints the version."""
        return f"{PATH}; holdfast --version"

    def parse_version(self, stdout: str) -> str:
        """Returns the number in what that command prints."""
        return stdout.strip().rpartition(" ")[2]

    async def install(self, environment: BaseEnvironment) -> None:
        """Installs Holdfast for the agent's user."""
        command = INSTALL.format(package=shlex.quote(self._package))
        await self.exec_as_agent(environment, command=command)

    @with_prompt_template
    async def run(
        self, instruction: str, environment: BaseEnvironment, context: AgentContext
    ) -> None:
        """Works on the instruction until Holdfast ends by itself."""
        del context  # It is filled in once the logs are here.
        command = run_command(instruction, self._flags)
        await self.exec_as_agent(environment, command=command, env=self._environment())

    def populate_context_post_run(self, context: AgentContext) -> None:
        """Takes tokens and cost from the last line of the run."""
        usage, cost_usd = read_usage(self.logs_dir / EVENTS)
        context.n_input_tokens = usage.get("input")
        context.n_cache_tokens = usage.get("cached")
        context.n_output_tokens = usage.get("output")
        context.cost_usd = cost_usd

    def _environment(self) -> dict[str, str]:
        """The variables that name the model, of those that Harbor was given."""
        found = {name: value for name in PASSED_ON if (value := self._get_env(name))}
        if base_url := found.pop("OPENAI_BASE_URL", None):
            found["HOLDFAST_MODEL__BASE_URL"] = base_url
        if self.model_name:
            found["HOLDFAST_MODEL__NAME"] = self.model_name.partition("/")[2] or self.model_name
        return found
