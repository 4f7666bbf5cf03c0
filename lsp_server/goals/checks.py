"""Runs one check and keeps what it showed as Evidence."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import assert_never
from uuid import uuid4

from lsp_server.domain.errors import ToolError
from lsp_server.domain.goals import Check, CommandCheck, Evidence, FileCheck
from lsp_server.workspace.paths import Workspace
from lsp_server.workspace.process import run

OUTPUT_BYTES_MAX = 65_536
OUTPUT_TAIL_CHARS = 3000


async def show(check: Check, workspace: Workspace, tree: str, timeout_seconds: float) -> Evidence:
    """What `check` says of the tree `tree`. A check that cannot run is one that did not pass."""
    started = time.monotonic()
    exit_status: int | None = None
    match check:
        case CommandCheck(command):
            done = await run(
                command,
                workspace.root,
                timeout_seconds=timeout_seconds,
                output_bytes_max=OUTPUT_BYTES_MAX,
            )
            exit_status, passed, output = done.exit_status, done.exit_status == 0, done.output
            if done.timed_out:
                output += f"\n(no end within {timeout_seconds:g} s)"
        case FileCheck():
            passed, output = await asyncio.to_thread(_file_holds, check, workspace)
        case _:
            assert_never(check)
    return Evidence(
        id=f"e{uuid4().hex[:8]}",
        check=describe(check),
        passed=passed,
        output_tail=output[-OUTPUT_TAIL_CHARS:].strip(),
        seconds=round(time.monotonic() - started, 3),
        tree=tree,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        exit_status=exit_status,
    )


def describe(check: Check) -> str:
    """The check as a person writes it."""
    match check:
        case CommandCheck(command):
            return command
        case FileCheck(path, None):
            return f"{path} exists"
        case FileCheck(path, contains):
            return f"{path} contains {contains}"
        case _:
            assert_never(check)


def _file_holds(check: FileCheck, workspace: Workspace) -> tuple[bool, str]:
    try:
        text = workspace.resolve(check.path).read_text("utf-8", errors="replace")
    except (OSError, ToolError) as error:
        return False, f"{check.path} cannot be read: {error}"
    if check.contains is None or check.contains in text:
        return True, f"{describe(check)}: yes"
    return False, f"{check.path} does not contain {check.contains!r}"
