"""Runs one check and keeps what it showed as Evidence."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never
from uuid import uuid4

from lsp_server.domain.errors import ToolError
from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    DiagnosticsCheck,
    Evidence,
    FileCheck,
    Finding,
    describe,
)
from lsp_server.domain.ports import Editor
from lsp_server.goals.findings import findings, nothing_ran
from lsp_server.workspace.disk import FileMissing, read_text
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.process import CommandResult, run_command

OUTPUT_BYTES_MAX = 262_144
OUTPUT_TAIL_CHARS = 3000

PIPE_FAILURES = "(set -o pipefail) 2>/dev/null && set -o pipefail\n"
"""A pipe must not hide that its first command failed. Old shells cannot do it."""

BROKEN_PIPE = 141
"""The status of a command whose reader had enough, as in `… | head`: not a failure."""

Permit = Callable[[str], Awaitable[str | None]]
"""Whether a command may run: None, or why it may not."""


@dataclass(frozen=True, slots=True)
class CheckRefused:
    """A check that was not allowed to run, and why."""

    reason: str


class CheckRunner:
    """Runs the checks of one workspace.

    `mask` takes secrets out of what they print; `environment` says in which one a command
    runs.
    """

    def __init__(
        self,
        workspace: Workspace,
        editor: Editor,
        permit: Permit,
        timeout_seconds: float,
        mask: Callable[[str], str] = str,
        environment: Callable[[str], Mapping[str, str]] = lambda _: os.environ,
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._permit = permit
        self._timeout_seconds = timeout_seconds
        self._mask = mask
        self._environment = environment

    async def show(self, check: Check, tree: str) -> Evidence | CheckRefused | None:
        """What `check` says of the tree `tree`; None when nobody here can tell.

        A check that cannot run is one that did not pass.
        """
        started = time.monotonic()
        match check:
            case CommandCheck(command):
                refusal = await self._permit(command)
                if refusal is not None:
                    return CheckRefused(refusal)
                return await self._command(command, tree)
            case FileCheck():
                problem = await asyncio.to_thread(self._file_problem, check)
                found: tuple[Finding, ...] = ()
            case DiagnosticsCheck():
                reported = await self._reported(check)
                if reported is None:
                    return None
                found = tuple(reported)
                problem = f"{len(found)} of them" if found else ""
            case _:
                assert_never(check)
        return _evidence(check, tree, started, not problem, problem, findings=found)

    async def _command(self, command: str, tree: str) -> Evidence:
        started = time.monotonic()
        try:
            environment = await asyncio.to_thread(self._environment, command)
            done = await self._run(PIPE_FAILURES + command, environment)
            if done.exit_status == BROKEN_PIPE:
                done = await self._run(command, environment)
        except ToolError as error:
            return _evidence(CommandCheck(command), tree, started, False, str(error))
        passed, ending = _ending(done, self._timeout_seconds)
        places = () if passed else await asyncio.to_thread(self._findings, done.output)
        return _evidence(
            CommandCheck(command), tree, started, passed, ending,
            output=self._mask(done.output), exit_status=done.exit_status, findings=places,
        )  # fmt: skip

    async def _run(self, command: str, environment: Mapping[str, str]) -> CommandResult:
        return await run_command(
            command,
            self._workspace.root,
            timeout_seconds=self._timeout_seconds,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=environment,
        )

    def _findings(self, output: str) -> tuple[Finding, ...]:
        """Those whose file is there; other text only looks like a place."""
        root = self._workspace.root
        return tuple(f for f in findings(output, root) if f.path and (root / f.path).is_file())

    def _file_problem(self, check: FileCheck) -> str:
        try:
            text = read_text(self._workspace.resolve(check.path)).text
        except FileMissing:
            return f"{check.path} does not exist"
        except ToolError as error:
            return str(error)
        if check.contains is None or check.contains in text:
            return ""
        return f"{check.path} does not contain {check.contains!r}"

    async def _reported(self, check: DiagnosticsCheck) -> Sequence[Finding] | None:
        try:
            under = self._workspace.resolve(check.under) if check.under else self._workspace.root
        except ToolError:
            return None
        reported = await self._editor.diagnostics(under if under.is_file() else None)
        if reported is None:
            return None
        bad = ("error",) if check.worst == "error" else ("error", "warning")
        below = self._workspace.relative(under)
        return [
            finding
            for finding in reported
            if finding.severity in bad and (below == "." or _is_below(finding.path or "", below))
        ]


def _ending(done: CommandResult, timeout_seconds: float) -> tuple[bool, str]:
    """Whether it passed, and how it ended in words for a person."""
    if done.timed_out:
        return False, f"no end within {timeout_seconds:g} s, so it was stopped"
    if done.exit_status == 0 and nothing_ran(done.output):
        return False, "exit status 0, but it says that no test ran"
    if done.exit_status == 126:
        return False, "exit status 126: the program cannot be executed; see its permissions"
    if done.exit_status == 127:
        return False, "exit status 127: a program was not found; install it, or correct the check"
    return done.exit_status == 0, done.ending


def _evidence(
    check: Check,
    tree: str,
    started: float,
    passed: bool,
    ending: str,
    *,
    output: str = "",
    exit_status: int | None = None,
    findings: tuple[Finding, ...] = (),
) -> Evidence:
    return Evidence(
        id=f"e{uuid4().hex[:8]}",
        check=describe(check),
        passed=passed,
        output_tail=output[-OUTPUT_TAIL_CHARS:].strip(),
        seconds=round(time.monotonic() - started, 3),
        tree=tree,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        exit_status=exit_status,
        findings=findings,
        ending=ending or "it holds",
    )


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
