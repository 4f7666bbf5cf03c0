"""The doctor's report: everything that a question about a set-up needs answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress

from lsp_server.agent.transcript import tokens
from lsp_server.domain.errors import HoldfastError, MemoryUnavailable
from lsp_server.session.found import describe
from lsp_server.session.session import Session
from lsp_server.settings import config_folder, data_folder, masked

RUNS_SHOWN_MAX = 10


async def report(
    versions: str, session: Session | None, extra: Sequence[tuple[str, str]] = ()
) -> str:
    """Markdown, with secrets masked. Asks the model endpoint, and nothing else, anything."""
    sections = [("Versions", versions), ("Programs", _programs())]
    if session is not None:
        with suppress(MemoryUnavailable):
            await session.memory.ready()
        sections += [
            ("Workspace", f"`{session.root}`"),
            ("Model endpoint", await _endpoint(session)),
            ("Memory", _memory(session)),
            ("Runs", _runs(session)),
            ("Settings", _settings(session)),
        ]
    sections += [
        ("Folders", f"settings: `{config_folder()}`\n\ndata: `{data_folder()}`"),
        *extra,
    ]
    return "# Holdfast doctor\n" + "".join(
        f"\n## {title}\n\n{body.strip()}\n" for title, body in sections
    )


def _programs() -> str:
    found = {name: shutil.which(name) for name in ("git", "rg", "bash")}
    return "\n".join(
        f"- {name}: {path or 'not found (works without, only slower or less exact)'}"
        for name, path in found.items()
    )


async def _endpoint(session: Session) -> str:
    try:
        return await session.endpoint()
    except HoldfastError as error:
        return f"**Problem:** {error}"


def _runs(session: Session) -> str:
    lines = [
        f"- `{run.run_id}` {run.state}, {run.step} steps, "
        f"{tokens(run.usage, run.cost_usd)}: {run.title}"
        for run in session.runs.list()[:RUNS_SHOWN_MAX]
    ]
    return "\n".join(lines) or "none yet"


def _memory(session: Session) -> str:
    state = session.memory.state()
    lines = [describe(state)]
    if state.status is not None:
        if state.status.failed_optimizes:
            lines.append(f"- upkeep failed {state.status.failed_optimizes} times in a row")
        lines += [f"- not searched, {n} files: {why}" for why, n in state.status.skipped.items()]
    return "\n".join(lines)


def _settings(session: Session) -> str:
    return f"```json\n{json.dumps(masked(session.settings), indent=2)}\n```"
