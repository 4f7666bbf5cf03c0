"""The doctor's report: everything that a question about a set-up needs answered."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress

from lsp_server.agent.journal import JournalDamaged
from lsp_server.domain.errors import HoldfastError, MemoryUnavailable
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.session.goals import ConditionStatus, Goals
from lsp_server.session.max_mode_stats import max_mode_stats
from lsp_server.session.memory.hit_format import memory_text
from lsp_server.session.session import Session
from lsp_server.settings.folders import config_folder, data_folder
from lsp_server.settings.shown import masked, without_credentials
from lsp_server.wording.run_texts import usage_text

RUNS_SHOWN_MAX = 10
CONDITIONS_SHOWN_MAX = 50


async def doctor_report(
    versions: str, session: Session | None, extra: Sequence[tuple[str, str]] = ()
) -> str:
    """Markdown, with secrets masked. Asks the model endpoint, and nothing else, anything."""
    sections = [("Versions", versions), ("Programs", _programs())]
    if session is not None:
        with suppress(MemoryUnavailable):
            await (await session.memory.ready()).measured()
        sections += [
            ("Workspace", f"`{session.root}`"),
            ("Model endpoint", await _endpoint(session)),
            ("Memory", _memory(session)),
            ("Goals", await _goals(session)),
            ("Runs", _runs(session)),
            ("Max Mode", await asyncio.to_thread(_max_mode, session)),
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


async def _goals(session: Session) -> str:
    """What is wanted, what is known of it, and how it is looked at."""
    goals, settings = session.goals, session.settings.goal
    if goals.statuses.goals():
        await goals.look()
    on_save = "and quick ones again on save" if settings.check_on_save else "not on save"
    return "\n".join(
        [
            *_known(goals),
            f"- checks run for {settings.check_timeout_seconds:g} s at most, {on_save}",
            f"- what no check covers is judged by {_judge(session)}",
            f"- judging outside of runs since the start: {usage_text(goals.billed, goals.cost_usd)}",
            f"- commands approved as checks: {len(session.check_approvals.approved)}",
        ]
    )


def _known(goals: Goals) -> list[str]:
    places, counts = goals.statuses.places(), goals.statuses.counts()
    if not places:
        return [f"- there are none; write some into `{GOALS_FILE}`", *_problems(goals)]
    found = f"{counts.met} met, {counts.unmet} unmet, {counts.blocked} blocked"
    more = len(places) - CONDITIONS_SHOWN_MAX
    return [
        f"- goals: {counts.total} ({found}); conditions: {len(places)}",
        *map(_line, places[:CONDITIONS_SHOWN_MAX]),
        *([f"  - and {more} more"] if more > 0 else []),
        *_problems(goals),
    ]


def _line(place: ConditionStatus) -> str:
    shown = place.report.evidence if place.report is not None else ()
    seen = [f"{e.check}: {e.ending} at {e.where} on {e.at[:10]}" for e in shown[-1:]]
    known = ": ".join(filter(None, [place.verdict, place.missing or "".join(seen)]))
    line = place.spot.range.start.line + 1
    return f"  - {place.condition.text} (`{place.spot.path}`, line {line}): {known}"


def _problems(goals: Goals) -> list[str]:
    return [
        f"- **Problem:** `{GOALS_FILE}`, line {problem.range.start.line + 1}: {problem.message}"
        for problem in goals.statuses.problems()
    ]


def _runs(session: Session) -> str:
    lines = [
        f"- `{run.run_id}` {run.state}, {run.step} steps, "
        f"{usage_text(run.usage, run.cost_usd)}: {run.title}"
        for run in session.runs.list()[:RUNS_SHOWN_MAX]
    ]
    return "\n".join(lines) or "none yet"


def _memory(session: Session) -> str:
    state = session.memory.state()
    lines = [memory_text(state)]
    if state.status is not None:
        if state.status.failed_optimizes:
            lines.append(f"- upkeep failed {state.status.failed_optimizes} times in a row")
        lines += [f"- not searched, {n} files: {why}" for why, n in state.status.skipped.items()]
    return "\n".join(lines)


def _max_mode(session: Session) -> str:
    """How it is set, what was learned of endpoints, and what it did. Reads journals."""
    wanted = session.settings.max_mode
    state = "on for every run" if wanted.enabled else "off unless a run asks for it"
    how = f"{wanted.samples} candidates, strategy {wanted.strategy}, judged by {_judge(session)}"
    lines = [
        f"- {state}; {how}",
        *(
            f"- {name}: {endpoint_stats.describe()}"
            for name, endpoint_stats in session.endpoint_stats.items()
        ),
    ]
    for run in session.runs.list()[:RUNS_SHOWN_MAX]:
        try:
            did = max_mode_stats(session.runs.events(run.run_id)).describe()
        except (JournalDamaged, OSError) as error:
            did = f"**Problem:** {error}"
        lines += [f"- `{run.run_id}`: {did}"] if did else []
    return "\n".join(lines)


def _judge(session: Session) -> str:
    """Which model judges."""
    worker = session.settings.model
    judge = session.settings.judge.over(worker)
    if judge == worker:
        return "the worker's model"
    place = without_credentials(judge.base_url) if judge.base_url else "the worker's endpoint"
    return f"{judge.name or 'the first model'} at {place}"


def _settings(session: Session) -> str:
    return f"```json\n{json.dumps(masked(session.settings), indent=2)}\n```"
