"""`Unconfined` starts processes without a sandbox, with the same limits and the same end."""

from __future__ import annotations

from functools import partial

from lsp_server.sandbox.launch import launch
from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.process_tree import own_trees, start_whole
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess


class Unconfined:
    """`Unconfined` confines nothing: what the user may do, the process may do."""

    name = "off"
    has_own_network = False
    holds_protected = False

    def start(
        self,
        spec: ProcessSpec,
        policy: Policy,  # noqa: ARG002 - the shape of a Sandbox
        limits: Limits = Limits(),
    ) -> SandboxedProcess:
        """Starts the process; of the policy nothing is held."""
        return launch(spec.argv, spec, limits=limits, mark=own_trees().new_mark())

    def gaps(self, policy: Policy) -> tuple[str, ...]:  # noqa: ARG002 - the shape of a Sandbox
        """Returns the one sentence that says it all."""
        return ("nothing is held: commands run without a sandbox",)


async def start_unconfined(spec: ProcessSpec) -> SandboxedProcess:
    """Starts a program without a sandbox, as a `StartProcess`. Raises OSError."""
    return await start_whole(partial(Unconfined().start, spec, Policy(())))
