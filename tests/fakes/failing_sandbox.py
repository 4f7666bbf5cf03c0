"""This module is a sandbox that fails at its first start, as bubblewrap does by chance."""

from __future__ import annotations

from dataclasses import replace

from lsp_server.sandbox.limits import Limits
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess
from lsp_server.sandbox.unconfined import Unconfined


class FailingOnce(Unconfined):
    """It prints `says` and fails at its first start; `starts` counts them."""

    name = "failing"

    def __init__(self, says: str) -> None:
        super().__init__()
        self.starts = 0
        self._says = says

    def start(
        self, spec: ProcessSpec, policy: Policy, limits: Limits = Limits()
    ) -> SandboxedProcess:
        self.starts += 1
        if self.starts == 1:
            spec = replace(spec, argv=("sh", "-c", f'echo "{self._says}"; exit 1'))
        return super().start(spec, policy, limits)
