"""`holdfast goals`: which goals there are and what is known of them; `--check` looks now."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsp_server.assemble import open_session
from lsp_server.cli.error_output import print_error
from lsp_server.cli.terminal_prompt import TerminalPrompt
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.domain.permissions import visible
from lsp_server.session.goals import ConditionStatus
from lsp_server.session.session import Session
from lsp_server.settings.layers import load
from lsp_server.wording.run_texts import usage_text
from lsp_server.workspace.disk_editor import DiskEditor
from lsp_server.workspace.documents import Documents

USAGE_ERROR = 2
MISSING_CHARS_MAX = 200


def show(workspace: Path, *, check: bool, yes: bool, as_json: bool) -> int:
    """Prints the goals; 0 only when there are some and all are met, 2 when nobody can know."""
    if not workspace.is_dir():
        print_error(f"--workspace {workspace} is not a folder")
        return USAGE_ERROR
    try:
        return asyncio.run(_show(workspace.resolve(), check=check, yes=yes, as_json=as_json))
    except HoldfastError as error:
        print_error(str(error))
        return USAGE_ERROR


async def _show(workspace: Path, *, check: bool, yes: bool, as_json: bool) -> int:
    loaded = load(workspace, editor={"permissions": {"mode": "full"}} if yes else {})
    for wrong in loaded.problems:
        print_error(str(wrong))
    documents = Documents()
    editor = DiskEditor(documents, TerminalPrompt(lambda: None, yes=yes).confirm)
    session = open_session(workspace, loaded.settings, editor, documents, lambda *_: None)
    try:
        await session.goals.look()
        if check:
            await _check(session)
            if session.goals.billed.total_tokens:
                spent = usage_text(session.goals.billed, session.goals.cost_usd)
                sys.stderr.write(f"judging took {spent}\n")
        places = session.goals.statuses.places()
        for problem in session.goals.statuses.problems():
            line = problem.range.start.line + 1
            sys.stderr.write(visible(f"{GOALS_FILE}:{line}: {problem.message}\n"))
    finally:
        await session.close()
    is_known = not session.goals.statuses.contract().unreadable
    if places or is_known:
        _print(places, as_json=as_json)
    if not is_known:
        return USAGE_ERROR
    return 0 if places and all(p.verdict in ("met", "waived") for p in places) else 1


async def _check(session: Session) -> None:
    goals = session.goals.statuses.goals()
    for number, goal in enumerate(goals, start=1):
        if sys.stderr.isatty():
            title = visible(goal.title[:60])
            sys.stderr.write(f"\r\x1b[Kchecking {number} of {len(goals)}: {title}")
            sys.stderr.flush()
        await session.goals.check([goal])
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def _print(places: Sequence[ConditionStatus], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write("".join(json.dumps(_plain(place)) + "\n" for place in places))
    elif not places:
        sys.stdout.write(f"There are no goals. Write some into {GOALS_FILE}, as in:\n\n{EXAMPLE}")
    elif sys.stdout.isatty():
        _table(places)
    else:
        sys.stdout.write("".join(f"{visible(line)}\n" for line in _lines(places)))


def _lines(places: Sequence[ConditionStatus]) -> list[str]:
    lines = []
    for place in places:
        where = f"{place.spot.path}:{place.spot.range.start.line + 1}"
        missing = f": {_short(place.missing)}" if place.missing else ""
        lines.append(f"{where}: {place.verdict}: {place.condition.text}{missing}")
    met = sum(place.verdict in ("met", "waived") for place in places)
    lines.append(f"{met} of {len(places)} conditions met")
    return lines


def _table(places: Sequence[ConditionStatus]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    for column in ("", "condition", "what is known"):
        table.add_column(column, overflow="fold")
    title = None
    for place in places:
        if place.goal.title != title and place.spot.path == GOALS_FILE:
            title = place.goal.title
            table.add_row("", Text(visible(title), style="bold"), "")
        style = COLOURS.get(place.verdict, "yellow")
        known = visible(_short(place.missing) or _evidence(place))
        condition = visible(place.condition.text)
        table.add_row(Text(place.verdict, style=style), Text(condition), Text(known))
    console = Console(highlight=False)
    console.print(table)
    met = sum(place.verdict in ("met", "waived") for place in places)
    console.print(f"\n{met} of {len(places)} conditions met")


def _evidence(place: ConditionStatus) -> str:
    shown = place.report.evidence if place.report is not None else ()
    return "; ".join(f"{e.check}: {e.ending}, {e.seconds:.1f} s, at {e.where}" for e in shown[:3])


def _plain(place: ConditionStatus) -> dict[str, Any]:
    return {
        "goal": place.goal.title,
        "goal_id": place.goal.id,
        "condition": place.condition.text,
        "condition_id": place.condition.id,
        "path": place.spot.path,
        "line": place.spot.range.start.line + 1,
        "verdict": place.verdict,
        "missing": place.missing,
        "evidence": [asdict(e) for e in place.report.evidence] if place.report else [],
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MISSING_CHARS_MAX else f"{line[: MISSING_CHARS_MAX - 1]}…"


COLOURS = {"met": "green", "waived": "dim", "unmet": "red", "impossible": "red", "stale": "cyan"}
EXAMPLE = """\
## The tests pass
- [ ] All tests pass
  - check: `pytest -q`
"""
