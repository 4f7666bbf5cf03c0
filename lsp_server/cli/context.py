"""This module is `holdfast context`: of what the prompt of a run is made, and what the run will cost."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import FAILED, run_command
from lsp_server.cli.runs_folder import runs_folder
from lsp_server.domain.messages import Usage
from lsp_server.domain.permissions import visible
from lsp_server.domain.tasks import RunId
from lsp_server.session.prompt_report import PromptReport, prompt_report, report_markdown

_WITHOUT_MEMORY = {"memory": {"enabled": False}}


def show_context(run_id: str | None, workspace: Path, *, as_json: bool) -> int:
    """Shows the prompt of a run by its parts, by default of the newest; Markdown in a pipe."""
    return run_command(
        _show(RunId(run_id) if run_id is not None else None, workspace, as_json), failed=FAILED
    )


async def _show(run_id: RunId | None, workspace: Path, as_json: bool) -> int:
    folder = runs_folder(workspace)
    async with command_session(folder, load_settings(folder, _WITHOUT_MEMORY)) as session:
        run = await asyncio.to_thread(session.runs.choose, run_id, "look at")
        report = await asyncio.to_thread(prompt_report, session.runs.store, run, session.settings)
    if as_json:
        sys.stdout.write(f"{json.dumps(_value(report))}\n")
    elif sys.stdout.isatty():
        from lsp_server.cli.rich_views import print_text

        print_text(report_markdown(report))
    else:
        sys.stdout.write(visible(report_markdown(report)))
    return 0


def _value(report: PromptReport) -> dict[str, object]:
    run, makeup = report.run, report.makeup
    return {
        "run_id": run.run_id,
        "cycle": makeup.cycle,
        "tokens": makeup.tokens,
        "limit_tokens": makeup.limit_tokens,
        "parts": dict(makeup.parts),
        "recalled": [section.id for section in makeup.recalled],
        "left_out": makeup.left_out,
        "steps": [_counts(step.billed) for step in makeup.steps],
        "usage": _counts(run.usage),
        "cost_usd": run.cost_usd,
        "forecast": [
            {
                "steps": one.steps,
                **_counts(one.usage),
                "cost_usd": one.cost_usd,
                "cycles": one.cycles,
            }
            for one in report.forecasts
        ],
    }


def _counts(usage: Usage) -> dict[str, object]:
    return {
        "input": usage.prompt_tokens,
        "cached": usage.cached_tokens,
        "output": usage.completion_tokens,
        "cache_hit_rate": usage.cache_hit_rate,
    }
