"""This module is `holdfast goals`: which goals there are and what is known of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsp_server.cli.command_session import command_session
from lsp_server.cli.exit_status import USAGE_ERROR, run_command, workspace_folder
from lsp_server.cli.permission_flags import PermissionFlags
from lsp_server.cli.terminal_prompt import TerminalPrompt
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.domain.permissions import visible
from lsp_server.session.goals import ConditionStatus
from lsp_server.session.session import Session
from lsp_server.text.count import count_of
from lsp_server.text.truncate import one_line
from lsp_server.wording.run_texts import usage_text

MISSING_CHARS_MAX = 200
TITLE_CHARS_MAX = 60
EVIDENCE_SHOWN_MAX = 3

COLOURS = {"met": "green", "waived": "dim", "unmet": "red", "impossible": "red", "stale": "cyan"}
EXAMPLE = """\
## The tests pass
- [ ] All tests pass
  - check: `pytest -q`
"""


def goals(workspace: Path, flags: PermissionFlags, *, check: bool, as_json: bool) -> int:
    """Prints the goals; with `check` their checks run first, with `flags.yes` without a question.

    Returns 0 only when there are goals and all are met, 2 when their file cannot be
    read, else 1.
    """
    return run_command(_goals(workspace, flags, check=check, as_json=as_json))


async def _goals(workspace: Path, flags: PermissionFlags, *, check: bool, as_json: bool) -> int:
    folder = workspace_folder(workspace)
    settings = await flags.settings(folder)
    confirm = TerminalPrompt(nullcontext, freed_by=flags.freed_by(settings)).confirm
    async with command_session(folder, settings, confirm=confirm) as session:
        await session.goals.refresh()
        if check:
            await _check(session, approves=settings.permissions.mode == "sandboxed" and flags.yes)
        statuses = session.goals.statuses
        conditions, document = statuses.conditions(), statuses.document()
    for problem in document.problems:
        line = problem.range.start.line + 1
        sys.stderr.write(visible(f"{GOALS_FILE}:{line}: {problem.message}\n"))
    if conditions or not document.unreadable:
        _print(conditions, as_json=as_json)
    # Comments may be met while nobody knows what the file says: that is no success.
    if document.unreadable:
        return USAGE_ERROR
    return 0 if conditions and all(map(_is_met, conditions)) else 1


async def _check(session: Session, *, approves: bool) -> None:
    goals = session.goals.statuses.goals()
    if approves:
        for goal in goals:
            session.goals.check_approvals.approve(goal.commands, lasting=False)
    checks = session.goals.checks
    for number, goal in enumerate(goals, start=1):
        if sys.stderr.isatty():
            title = visible(goal.title[:TITLE_CHARS_MAX])
            sys.stderr.write(f"\r\x1b[Kchecking {number} of {len(goals)}: {title}")
            sys.stderr.flush()
        await checks.run([goal])
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if checks.billed.total_tokens:
        sys.stderr.write(f"judging took {usage_text(checks.billed, checks.cost_usd)}\n")


def _print(conditions: Sequence[ConditionStatus], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write("".join(json.dumps(_plain(one)) + "\n" for one in conditions))
    elif not conditions:
        sys.stdout.write(f"There are no goals. Write some into {GOALS_FILE}, as in:\n\n{EXAMPLE}")
    elif sys.stdout.isatty():
        _print_table(conditions)
    else:
        sys.stdout.write("".join(f"{visible(line)}\n" for line in _lines(conditions)))


def _lines(conditions: Sequence[ConditionStatus]) -> list[str]:
    lines = []
    for one in conditions:
        where = f"{one.location.path}:{one.location.range.start.line + 1}"
        missing = f": {one_line(one.missing, MISSING_CHARS_MAX)}" if one.missing else ""
        lines.append(f"{where}: {one.verdict}: {one.condition.text}{missing}")
    return [*lines, _total(conditions)]


def _print_table(conditions: Sequence[ConditionStatus]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    for column in ("", "condition", "what is known"):
        table.add_column(column, overflow="fold")
    title = None
    for one in conditions:
        if one.goal.title != title and one.location.path == GOALS_FILE:
            title = one.goal.title
            table.add_row("", Text(visible(title), style="bold"), "")
        style = COLOURS.get(one.verdict, "yellow")
        known = visible(one_line(one.missing, MISSING_CHARS_MAX) or _evidence(one))
        table.add_row(
            Text(one.verdict, style=style), Text(visible(one.condition.text)), Text(known)
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\n{_total(conditions)}")


def _is_met(one: ConditionStatus) -> bool:
    return one.verdict in ("met", "waived")


def _total(conditions: Sequence[ConditionStatus]) -> str:
    return f"{sum(map(_is_met, conditions))} of {count_of(len(conditions), 'condition')} met"


def _evidence(one: ConditionStatus) -> str:
    shown = one.report.evidence[:EVIDENCE_SHOWN_MAX] if one.report is not None else ()
    return "; ".join(f"{e.check}: {e.ending}, {e.seconds:.1f} s, at {e.where}" for e in shown)


def _plain(one: ConditionStatus) -> dict[str, Any]:
    return {
        "goal": one.goal.title,
        "goal_id": one.goal.id,
        "condition": one.condition.text,
        "condition_id": one.condition.id,
        "path": one.location.path,
        "line": one.location.range.start.line + 1,
        "verdict": one.verdict,
        "missing": one.missing,
        "evidence": [asdict(e) for e in one.report.evidence] if one.report else [],
    }
