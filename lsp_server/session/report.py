"""The doctor's report: everything that a question about a set-up needs answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence

from lsp_server.agent.transcript import tokens
from lsp_server.domain.errors import HoldfastError
from lsp_server.session.session import Session
from lsp_server.settings import config_folder, data_folder, masked

RUNS_SHOWN_MAX = 10


async def report(
    versions: str, session: Session | None, extra: Sequence[tuple[str, str]] = ()
) -> str:
    """Markdown, with secrets masked. Asks the model endpoint, and nothing else, anything."""
    sections = [("Versions", versions), ("Programs", _programs())]
    if session is not None:
        sections += [
            ("Workspace", f"`{session.root}`"),
            ("Model endpoint", await _endpoint(session)),
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


def _settings(session: Session) -> str:
    return f"```json\n{json.dumps(masked(session.settings), indent=2)}\n```"
