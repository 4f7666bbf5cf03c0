"""This module is `holdfast runs` and `holdfast show`: what ran in a folder, and one run in full."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import FAILED, run_command
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.run_summary import RunSummary
from lsp_server.text.count import count_of

NONE_YET = 'there are no runs in this folder yet; begin one with: holdfast run "what to do"'
WIDE_COLUMNS = 90
"""On a narrower terminal a run takes two lines."""
_WITHOUT_MEMORY = {"memory": {"enabled": False}}


def list_runs(workspace: Path, *, limit: int, as_json: bool) -> int:
    """Lists the newest runs of a folder, the newest first; 0 when that can be done."""
    return run_command(_list(workspace, limit, as_json), failed=FAILED)


def show_run(run_id: str | None, workspace: Path) -> int:
    """Shows a run in full, by default the newest: rendered on a terminal, else as Markdown."""
    return run_command(
        _show(RunId(run_id) if run_id is not None else None, workspace), failed=FAILED
    )


async def _list(workspace: Path, limit: int, as_json: bool) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load_settings(folder, _WITHOUT_MEMORY)) as session:
        found = await asyncio.to_thread(session.runs.list)
    runs = [run for run in found if run.parent_id is None][:limit]
    if as_json:
        sys.stdout.writelines(f"{json.dumps(_value(run))}\n" for run in runs)
    elif runs:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        sys.stdout.writelines(f"{visible(line)}\n" for line in run_lines(runs, columns))
    else:
        sys.stdout.write(f"{NONE_YET}\n")
    return 0


def run_lines(runs: Sequence[RunSummary], columns: int | None) -> Iterator[str]:
    """Yields the lines of a list of runs; with `columns` none is longer."""
    for run in runs:
        spent = count_of(run.step, "step")
        spent += f"  ${run.cost_usd:.2f}" if run.cost_usd else ""
        if columns is None or columns >= WIDE_COLUMNS:
            lines = [f"{run.run_id}  {_when(run)}  {run.state:<11}  {spent:<9}  {run.title}"]
        else:
            lines = [f"{run.state}: {run.title}", f"  {run.run_id}  {spent}"]
        yield from (line if columns is None else line[:columns] for line in lines)


def _when(run: RunSummary) -> str:
    return f"{datetime.fromisoformat(run.started_at).astimezone():%Y-%m-%d %H:%M}"


def _value(run: RunSummary) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "title": run.title,
        "state": run.state,
        "steps": run.step,
        "started_at": run.started_at,
        "cost_usd": run.cost_usd,
        "message": run.message,
    }


async def _show(run_id: RunId | None, workspace: Path) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load_settings(folder, _WITHOUT_MEMORY)) as session:
        path = await asyncio.to_thread(session.transcript, run_id)
        text = await asyncio.to_thread(path.read_text, "utf-8", "replace")
    if sys.stdout.isatty():
        from lsp_server.cli.rich_views import print_text

        print_text(text)
    else:
        sys.stdout.write(visible(text))
    return 0
