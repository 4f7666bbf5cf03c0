"""This module runs one check and keeps the outcome as Evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, assert_never
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
from lsp_server.goals.findings import parse_findings, ran_no_test
from lsp_server.text.terminal import terminal_text
from lsp_server.workspace.commands.commands import CommandProfile, CommandResult, CommandRunner
from lsp_server.workspace.files.disk import FileMissing, read_text
from lsp_server.workspace.files.paths import Workspace

OUTPUT_BYTES_MAX = 262_144
OUTPUT_TAIL_CHARS = 3000

PIPE_FAILURES = "(set -o pipefail) 2>/dev/null && set -o pipefail\n"
"""A pipe must not hide that its first command failed. Old shells cannot do it."""

BROKEN_PIPE = 141
"""The status of a command whose reader had enough, as in `… | head`: not a failure."""

Permit: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Decides whether a command may run: None, or why it may not."""


@dataclass(frozen=True, slots=True)
class CheckRefused:
    """A `CheckRefused` says why a check was not allowed to run."""

    reason: str


class CheckRunner:
    """Runs the checks of one workspace.

    Commands run by `commands`; `permit` is asked before each, `mask` takes secrets out of
    what it prints, and `profile` says what is known of it, which may block. A command that takes longer than `timeout_seconds` has failed.
    """

    def __init__(
        self,
        workspace: Workspace,
        editor: Editor,
        permit: Permit,
        timeout_seconds: float,
        commands: CommandRunner,
        mask: Callable[[str], str] = str,
        profile: Callable[[str], CommandProfile] = lambda _: CommandProfile(),
    ) -> None:
        self._workspace = workspace
        self._editor = editor
        self._permit = permit
        self._timeout_seconds = timeout_seconds
        self._mask = mask
        self._commands = commands
        self._profile = profile

    async def run(self, check: Check, tree: str) -> Evidence | CheckRefused | None:
        """Runs a check on the tree with the hash `tree`; None when nobody here can tell.

        A check that cannot run is one that did not pass.
        """
        started = time.monotonic()
        match check:
            case CommandCheck(command):
                refusal = await self._permit(command)
                if refusal is not None:
                    return CheckRefused(refusal)
                return await self._run_command(command, tree)
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

    async def _run_command(self, command: str, tree: str) -> Evidence:
        started = time.monotonic()
        try:
            profile = await asyncio.to_thread(self._profile, command)
            done = await self._execute(PIPE_FAILURES + command, profile)
            # With pipefail a reader that had enough makes its writer fail; without, it counts alone.
            if done.exit_status == BROKEN_PIPE:
                done = await self._execute(command, profile)
        except ToolError as error:
            return _evidence(CommandCheck(command), tree, started, False, str(error))
        passed, ending = _ending(done, self._timeout_seconds)
        places = () if passed else await asyncio.to_thread(self._findings, done.output)
        return _evidence(
            CommandCheck(command), tree, started, passed, ending,
            output=self._mask(terminal_text(done.output)), exit_status=done.exit_status, findings=places,
        )  # fmt: skip

    async def _execute(self, command: str, profile: CommandProfile) -> CommandResult:
        return await self._commands.run(
            command,
            self._workspace.root,
            timeout_seconds=self._timeout_seconds,
            output_bytes_max=OUTPUT_BYTES_MAX,
            environment=profile.environment,
            reads_only=profile.reads_only,
            hidden=profile.hidden,
        )

    def _findings(self, output: str) -> tuple[Finding, ...]:
        root = self._workspace.root
        # Text that names no file of the project only looks like a place.
        return tuple(
            each
            for each in parse_findings(output, root)
            if each.path and (root / each.path).is_file()
        )

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
    """Returns whether a command passed, and its end in words for a person."""
    if done.timed_out:
        return False, f"no end within {timeout_seconds:g} s, so it was stopped"
    if done.exit_status == 0 and ran_no_test(done.output):
        return False, "exit status 0, but it says that no test ran"
    if done.exit_status == 126:
        return False, "exit status 126: the program cannot be executed; see its permissions"
    if done.exit_status == 127:
        why = done.hint or "a program was not found; install it, or correct the check"
        return False, f"exit status 127: {why}"
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
