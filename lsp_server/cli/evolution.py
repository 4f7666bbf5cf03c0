"""This module is `holdfast dream`, `distill`, `inbox` and `evolve status`: what is learned from past runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

from lsp_server.cli.command_session import command_session
from lsp_server.cli.command_settings import load_settings
from lsp_server.cli.exit_status import UsageError, run_command, workspace_folder
from lsp_server.domain.permissions import visible
from lsp_server.evolution.inbox_document import answer_lines, suggestion_reason, suggestion_title
from lsp_server.evolution.inbox_groups import InboxGroup, grouped
from lsp_server.evolution.suggestion import (
    FILE_KINDS,
    Suggestion,
    SuggestionKind,
    SuggestionState,
)
from lsp_server.session.evolution import DreamReport, Evolution
from lsp_server.session.evolution.evidence_links import EvidenceLinks
from lsp_server.session.evolution.evolution import uses
from lsp_server.text.diff import unified_diff
from lsp_server.text.truncate import one_line
from lsp_server.wording.evolution_texts import dream_text, model_text

ACTIONS = ("accept", "reject", "restore")
FACT_CHARS_MAX = 70
STATES: tuple[SuggestionState, ...] = ("open", "accepted", "rejected")
KINDS: tuple[tuple[SuggestionKind, str], ...] = (
    ("keep_fact", "facts"),
    ("retire_fact", "retirements"),
    ("review_fact", "yours to review"),
    ("keep_skill", "skills"),
    ("keep_command", "commands"),
    ("retire_skill", "skills to retire"),
    ("review_skill", "yours, unused"),
)

_Work: TypeAlias = Callable[[Evolution], Awaitable[int]]


def dream(workspace: Path, *, ask_model: bool, as_json: bool) -> int:
    """Looks at past runs and says what they gave; 0, whether that was something or not."""

    async def work(evolution: Evolution) -> int:
        report = await evolution.dream(ask_model=ask_model)
        if as_json:
            _print_json((*report.new, *report.applied))
            return 0
        seen = dream_text(report.dream.runs, len(report.new), len(report.applied), report.waiting)
        _print([seen, *_of_model(report)])
        await _print_groups(evolution, grouped(report.new))
        return 0

    return _run(workspace, work)


def _of_model(report: DreamReport) -> Sequence[str]:
    if not report.dream.runs:
        return ()
    look, added = report.model, [one for one in report.new if one.by_model]
    return [model_text(look.was_asked, len(added), len(look.judged.dropped), look.problem)]


def distill(
    workspace: Path, *, replay: bool, reword: bool, tokens: int | None, as_json: bool
) -> int:
    """Looks for procedures in past runs and says what they gave; 0, whether that was something or not."""

    async def work(evolution: Evolution) -> int:
        report = await evolution.distiller.distill(replay=replay, reword=reword, tokens=tokens)
        # Each as it is by now.
        told = {one.id: one for one in (*report.new, *report.worded, *report.tried)}.values()
        if as_json:
            _print_json(told)
            return 0
        await _print_groups(evolution, grouped(told))
        _print([*([""] if told else []), *report.lines])
        return 0

    return _run(workspace, work)


def inbox(
    workspace: Path, action: str | None, ids: Sequence[str], group: str | None, *, as_json: bool
) -> int:
    """Shows what waits for an answer, or answers it, by ids or a whole group; the exit status."""

    async def work(evolution: Evolution) -> int:
        if action is None:
            await _show_inbox(evolution, group, as_json=as_json)
            return 0
        if group and action == "restore":
            raise UsageError("name what to restore by its id; `evolve status --json` has them")
        if action not in ACTIONS or not (ids or group or action == "restore"):
            known = ", ".join(f"`inbox {one} ID`" for one in ACTIONS)
            raise UsageError(f"say one of {known}; `inbox` shows the ids")
        kept = evolution.inbox
        answer = {"accept": kept.accept, "reject": kept.reject, "restore": kept.restore}[action]
        of_group = await kept.ids_of(group, only_shown=False) if group else ()
        done = await answer(*ids, *of_group)
        if as_json:
            _print_json(done)
            return 0
        _print(answer_lines(done, taken_back=action == "restore"))
        if action == "reject" and done:
            _print(["a mistake? `holdfast inbox restore` takes the last answer back"])
        return 0

    return _run(workspace, work)


async def _show_inbox(evolution: Evolution, group: str | None, *, as_json: bool) -> None:
    waiting = await evolution.inbox.refresh()
    if group:
        wanted = await evolution.inbox.ids_of(group, only_shown=False)
        waiting = tuple(one for one in waiting if one.id in wanted)
    groups = grouped(waiting)
    if as_json:
        _print_json([one for each in groups for one in each.suggestions])
    elif waiting:
        await _print_groups(evolution, groups, whole=group is not None, changes=True)
    else:
        _print(["nothing waits; `holdfast dream` looks at past runs"])


def status(workspace: Path, *, as_json: bool) -> int:
    """Shows how many suggestions there were of each kind, and what became of them."""

    async def work(evolution: Evolution) -> int:
        found = await evolution.inbox.all()
        if as_json:
            _print_json(found)
            return 0
        learned = await evolution.learned_run()
        _print([f"newest run that was learned from: {learned or 'none yet'}", ""])
        counts = Counter((one.kind, one.state) for one in found)
        _print([f"{'':16}{'waiting':>9}{'accepted':>10}{'rejected':>10}"])
        for kind, title in KINDS:
            row = [counts[kind, state] for state in STATES]
            _print([f"{title:16}{row[0]:>9}{row[1]:>10}{row[2]:>10}"])
        _print(["", f"{'runs that were told':>20}{'used it':>9}{'well':>6}  fact or skill"])
        for text, usage in await uses(evolution):
            counts_of = f"{usage.told:>20}{usage.used:>9}{usage.went_well:>6}"
            _print([f"{counts_of}  {one_line(text, FACT_CHARS_MAX)}"])
        return 0

    return _run(workspace, work)


def _run(workspace: Path, work: _Work) -> int:
    async def in_session() -> int:
        folder = workspace_folder(workspace)
        settings = load_settings(folder, {"memory": {"index_on_start": False}})
        async with command_session(folder, settings) as session:
            return await work(session.evolution)

    return run_command(in_session(), stopped="stopped; what was done by then is kept")


async def _print_groups(
    evolution: Evolution,
    groups: Sequence[InboxGroup],
    *,
    whole: bool = False,
    changes: bool = False,
) -> None:
    shown = {group: group.suggestions if whole else group.shown for group in groups}
    newest = [one.evidence[0] for each in shown.values() for one in each if one.evidence]
    addresses = await asyncio.to_thread(EvidenceLinks(evolution.store).of, newest)
    for group, suggestions in shown.items():
        _print(["", f"{group.title} ({len(group.suggestions)})"])
        for one in suggestions:
            _print(
                [f"  {one.id}  {suggestion_title(one)}", f"            {suggestion_reason(one)}"]
            )
            if one.evidence:
                _print([f"            Evidence: {addresses.get(one.evidence[0], one.evidence[0])}"])
            _print(_change(one) if changes else ())
        if len(suggestions) < len(group.suggestions):
            _print([f"  and {group.more} more: `holdfast inbox --all {group.name}`"])


def _change(one: Suggestion) -> Sequence[str]:
    """What accepting it would change in a file, as a diff."""
    if one.kind not in (*FILE_KINDS, "retire_skill"):
        return ()
    diff = unified_diff(one.path, one.replaces, one.text)
    return [f"            {line}" for line in diff.splitlines()]


def _print_json(suggestions: Iterable[Suggestion]) -> None:
    sys.stdout.writelines(json.dumps(asdict(one)) + "\n" for one in suggestions)


def _print(lines: Sequence[str]) -> None:
    sys.stdout.writelines(visible(line) + "\n" for line in lines)
