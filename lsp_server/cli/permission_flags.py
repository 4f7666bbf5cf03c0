"""This module turns the flags about permission into settings: `--yes`, `--sandboxed`, `--sandbox`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import UsageError
from lsp_server.domain.permissions import PermissionMode
from lsp_server.sandbox.choice import SandboxMode, choose
from lsp_server.settings.layers import load
from lsp_server.settings.sections import Settings

CONTRADICTION = "--sandboxed needs a sandbox, and --sandbox off has none; give one of them"
SAY_IT_IN_FULL = (
    "to let edits and commands do anything without a sandbox, say it in full: --yes --sandbox off"
)
NONE_HOLDS = (
    "--yes works in a sandbox, and none holds on this machine; `holdfast doctor` says what would "
    f"help; {SAY_IT_IN_FULL}"
)
SWITCHED_OFF = (
    f"--yes works in a sandbox, and `sandbox.mode` is off in the settings; {SAY_IT_IN_FULL}"
)


@dataclass(frozen=True, slots=True)
class PermissionFlags:
    """`PermissionFlags` are what a command line says about permission.

    `yes` asks nothing that a sandbox bounds and needs one that holds; with `sandbox` off
    it frees everything. `sandboxed` is the same, but commands ask where none holds.
    `sandbox` names the mechanism; None leaves it to the settings.
    """

    yes: bool = False
    sandboxed: bool = False
    sandbox: SandboxMode | None = None

    async def settings(self, folder: Path, sections: Mapping[str, Any] | None = None) -> Settings:
        """Returns the settings for a folder with these flags above all others.

        `sections` are settings as an editor would send them. Raises UsageError where the
        flags contradict each other or no sandbox holds, ConfigurationError where the one
        that is named does not.
        """
        if self.sandboxed and self.sandbox == "off":
            raise UsageError(CONTRADICTION)
        above = dict(sections or {})
        if mode := self._mode(folder, above):
            above["permissions"] = {**above.get("permissions", {}), "mode": mode}
        if self.sandbox is not None:
            above["sandbox"] = {**above.get("sandbox", {}), "mode": self.sandbox}
        settings = load_settings(folder, above)
        if self.yes and settings.permissions.mode == "sandboxed":
            await _require_sandbox(settings.sandbox.mode)
        return settings

    def freed_by(self, settings: Settings) -> str:
        """Names the flag or the setting that frees what a sandbox bounds; "" where none does.

        >>> PermissionFlags(sandboxed=True).freed_by(Settings())
        '--sandboxed'
        """
        if self.yes:
            return "--yes"
        if self.sandboxed:
            return "--sandboxed"
        mode = settings.permissions.mode
        return f"permissions.mode {mode}" if mode in ("sandboxed", "full") else ""

    def _mode(self, folder: Path, sections: Mapping[str, Any]) -> PermissionMode | None:
        if self.yes and self.sandbox == "off":
            return "full"
        # Who set `full` has said it in full already, unless a sandbox is named here.
        if self.yes and not self.sandboxed and self.sandbox is None:
            is_full = load(folder, editor=sections).settings.permissions.mode == "full"
            return "full" if is_full else "sandboxed"
        return "sandboxed" if self.yes or self.sandboxed else None


async def _require_sandbox(mode: SandboxMode) -> None:
    if mode == "off":
        raise UsageError(SWITCHED_OFF)
    if not (await asyncio.to_thread(choose, mode)).holds:
        raise UsageError(NONE_HOLDS)
