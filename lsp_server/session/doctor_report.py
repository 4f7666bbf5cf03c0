"""This module writes the doctor's report: everything that a question about a set-up needs."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from lsp_server.agent.journal_format import JournalDamaged
from lsp_server.domain.candidates import DrawStrategy
from lsp_server.domain.errors import ConfigurationError, HoldfastError, MemoryUnavailable
from lsp_server.domain.goals import GOALS_FILE
from lsp_server.mcp_client.server import STATE_WORDS
from lsp_server.session.goals import ConditionStatus, Goals
from lsp_server.session.max_mode_stats import max_mode_stats
from lsp_server.session.memory.hit_format import memory_text
from lsp_server.session.sandbox_report import sandbox_text
from lsp_server.session.session import Session
from lsp_server.settings.address import without_credentials
from lsp_server.settings.folders import config_folder, data_folder
from lsp_server.settings.sections import RoleSettings, Settings
from lsp_server.settings.shown import mask
from lsp_server.text.count import count_of
from lsp_server.text.markdown import code_block, code_span
from lsp_server.text.truncate import one_line
from lsp_server.tools.rules import parse_rule
from lsp_server.wording.run_texts import usage_text
from lsp_server.workspace.commands.project_environment import find_environment

RUNS_SHOWN_MAX = 10
SKILLS_SHOWN_MAX = 50
CONDITIONS_SHOWN_MAX = 50
COMMAND_CHARS_MAX = 100
PROBLEM = "**Problem:**"
SETTINGS_PROBLEMS = "Problems with the settings"


async def doctor_report(
    versions: str,
    session: Session | None,
    extra: Sequence[tuple[str, str]] = (),
    settings_problems: Sequence[str] | None = None,
) -> str:
    """Writes the report as Markdown, with secrets masked.

    `extra` are further sections, title and body, and `settings_problems` what is wrong with the
    settings, None where that is said elsewhere. Only the model endpoint is asked something;
    without a session nothing is.
    """
    sections = [("Versions", versions), ("Programs", _programs())]
    if session is not None:
        with suppress(MemoryUnavailable):
            # Sizes on disk are not known before somebody asks for them.
            await (await session.memory.ready()).measure()
        sections += [
            ("Workspace", f"`{session.root}`"),
            ("Environment of commands", await _environment(session)),
            ("Model endpoint", await _endpoint(session)),
            ("Memory", _memory(session)),
            ("Goals", await _goals(session)),
            ("Permissions", _permissions(session)),
            ("Sandbox", await asyncio.to_thread(sandbox_text, session.settings)),
            ("Skills, commands and agents", await _skills(session)),
            ("Workflows", await _workflows(session)),
            ("MCP servers", await _servers(session)),
            ("Hooks", await _hooks(session)),
            ("Runs", _runs(session)),
            ("Max Mode", await asyncio.to_thread(_max_mode, session)),
            ("Settings", _settings(session)),
        ]
    sections += [
        ("Folders", f"settings: `{config_folder()}`\n\ndata: `{data_folder()}`"),
        *extra,
    ]
    wrong = _wrong(sections)
    if settings_problems is not None:
        lines = [f"- {problem}" for problem in settings_problems]
        sections.append((SETTINGS_PROBLEMS, "\n".join(lines) or "none"))
        wrong += [f"- {SETTINGS_PROBLEMS}: {problem}" for problem in settings_problems]
    sections.append(("What is wrong", "\n".join(wrong) or "nothing that is looked at here"))
    return "# Holdfast doctor\n" + "".join(
        f"\n## {title}\n\n{body.strip()}\n" for title, body in sections
    )


def _wrong(sections: Sequence[tuple[str, str]]) -> list[str]:
    """Returns again, for the end that a terminal shows, each problem that a section names."""
    return [
        f"- {title}: {line.replace(f'{PROBLEM} ', '').removeprefix('- ').strip()}"
        for title, body in sections
        for line in body.splitlines()
        if PROBLEM in line
    ]


def _permissions(session: Session) -> str:
    rules = session.settings.permissions
    try:
        for key, texts in (("allow", rules.allow), ("deny", rules.deny)):
            for text in texts:
                parse_rule(text, key=f"permissions.{key}")
    except ConfigurationError as error:
        return f"{PROBLEM} {error}; until it is fixed no run can start"
    count = f"{len(rules.allow)} allow and {len(rules.deny)} deny rules"
    lines = [f"- mode `{rules.mode}`, {count}, all of them readable"]
    if granted := session.granted_rules.rules:
        names = ", ".join(f"`{rule}`" for rule in granted)
        lines.append(f"- allowed in this project: {names} (in `{session.granted_rules.path}`)")
    return "\n".join(lines)


async def _environment(session: Session) -> str:
    python = session.settings.run.python or ""
    used = await asyncio.to_thread(find_environment, session.root, python)
    lines = [f"- first on the PATH: `{folder}`" for folder in used.folders]
    envrc = await session.envrc.described()
    lines += [f"- {envrc}"] if envrc else []
    return "\n".join([f"- {used.described}", *lines])


def _programs() -> str:
    found = {name: shutil.which(name) for name in ("git", "rg", "bash")}
    return "\n".join(
        f"- {name}: {path or 'not found (works without, only slower or less exact)'}"
        for name, path in found.items()
    )


async def _endpoint(session: Session) -> str:
    settings = session.settings
    try:
        worker = await session.model.examine()
    except HoldfastError as error:
        worker = f"{PROBLEM} {error}"
    cheap = _model_of("cheap", settings)
    return f"{worker}\n\nwire: `{settings.model.wire}`; judging: {_judge(session)}; briefs: {cheap}"


async def _goals(session: Session) -> str:
    goals, settings = session.goals, session.settings.goal
    spent = usage_text(goals.checks.billed, goals.checks.cost_usd)
    if goals.statuses.goals():
        await goals.refresh()
    on_save = "and quick ones again on save" if settings.check_on_save else "not on save"
    return "\n".join(
        [
            *_known(goals),
            f"- checks run for {settings.check_timeout_seconds:g} s at most, {on_save}",
            f"- what no check covers is judged by {_judge(session)}",
            f"- judging outside of runs since the start: {spent}",
            f"- commands approved as checks: {len(goals.check_approvals.approved)}",
        ]
    )


def _known(goals: Goals) -> list[str]:
    conditions, counts = goals.statuses.conditions(), goals.statuses.counts()
    if not conditions:
        return [f"- there are none; write some into `{GOALS_FILE}`", *_problems(goals)]
    found = f"{counts.met} met, {counts.unmet} unmet, {counts.blocked} blocked"
    more = len(conditions) - CONDITIONS_SHOWN_MAX
    return [
        f"- goals: {counts.total} ({found}); conditions: {len(conditions)}",
        *map(_line, conditions[:CONDITIONS_SHOWN_MAX]),
        *([f"  - and {more} more"] if more > 0 else []),
        *_problems(goals),
    ]


def _line(status: ConditionStatus) -> str:
    evidence = status.report.evidence if status.report is not None else ()
    shown = [f"{e.check}: {e.ending} at {e.where} on {e.at[:10]}" for e in evidence[-1:]]
    known = ": ".join(filter(None, [status.verdict, status.missing or "".join(shown)]))
    line = status.location.range.start.line + 1
    return f"  - {status.condition.text} (`{status.location.path}`, line {line}): {known}"


def _problems(goals: Goals) -> list[str]:
    return [
        f"- {PROBLEM} `{GOALS_FILE}`, line {problem.range.start.line + 1}: {problem.message}"
        for problem in goals.statuses.problems()
    ]


async def _skills(session: Session) -> str:
    found = await session.skills.found()
    lines = [
        f"- {one.item.noun} `{one.item.name}` ({one.state}): `{one.item.path}`"
        for one in found[:SKILLS_SHOWN_MAX]
    ]
    lines += (
        [f"- and {len(found) - SKILLS_SHOWN_MAX} more"] if len(found) > SKILLS_SHOWN_MAX else []
    )
    lines += [
        f"- {PROBLEM} `{one.path}`, line {one.line + 1}: {one.message}"
        for one in session.skills.problems
    ]
    return "\n".join(lines) or "none"


async def _workflows(session: Session) -> str:
    lines = [
        f"- `{one.written.name}` ({one.state}, "
        f"{count_of(len(one.written.workflow.nodes), 'node')}): `{one.written.path}`"
        for one in await session.workflows.found()
    ]
    lines += [
        f"- {PROBLEM} `{one.path}`, line {one.line + 1}: {one.message}"
        for one in session.workflows.problems
    ]
    return "\n".join(lines) or "none"


async def _servers(session: Session) -> str:
    lines = [
        f"- `{one.spec.name}` ({one.trust}, {STATE_WORDS[one.state]}"
        f"{', ' + one.version if one.version else ''}): {code_span(one.spec.place)}"
        + (f"; {PROBLEM} it {one.problem}" * bool(one.problem))
        for one in await session.servers.found()
    ]
    lines += [f"- {PROBLEM} {problem}" for problem in session.servers.problems]
    return "\n".join(lines) or "none"


async def _hooks(session: Session) -> str:
    lines = [
        f"- {one.hook.event} of {code_span(one.hook.matcher or '*')} ({one.trust}, "
        f"{one.hook.place}): {code_span(one_line(one.hook.command, COMMAND_CHARS_MAX))}"
        for one in await session.hooks.found()
    ]
    lines += [f"- {PROBLEM} {problem}" for problem in session.hooks.problems]
    return "\n".join(lines) or "none"


def _runs(session: Session) -> str:
    lines = [
        f"- `{run.run_id}` {run.state}, {count_of(run.step, 'step')}, "
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
        lines += [
            f"- not searched, {count_of(n, 'file')}: {why}"
            for why, n in state.status.skipped.items()
        ]
    return "\n".join(lines)


def _max_mode(session: Session) -> str:
    """Says how Max Mode is set, what it learned about endpoints, and what it did. Blocking."""
    wanted = session.settings.max_mode
    state = "on for every run" if wanted.enabled else "off unless a run asks for it"
    samples = count_of(wanted.samples, "candidate")
    how = f"{samples}, strategy {wanted.strategy}, judged by {_judge(session)}"
    lines = [
        f"- {state}; {how}",
        *(
            f"- {name}: {stats.describe()}{_drawn(stats.strategy(wanted.strategy))}"
            for name, stats in session.endpoint_stats.items()
        ),
    ]
    for run in session.runs.list()[:RUNS_SHOWN_MAX]:
        # A damaged journal is what somebody may have called the doctor for.
        try:
            did = max_mode_stats(session.runs.store.events(run.run_id)).describe()
        except (JournalDamaged, OSError) as error:
            did = f"{PROBLEM} {error}"
        lines += [f"- `{run.run_id}`: {did}"] if did else []
    return "\n".join(lines)


def _drawn(strategy: DrawStrategy | None) -> str:
    return f"; {strategy} there" if strategy else ""


def _judge(session: Session) -> str:
    return _model_of("judge", session.settings)


def _model_of(role: Literal["judge", "cheap"], settings: Settings) -> str:
    """Says which model plays a role."""
    section: RoleSettings = getattr(settings, role)
    wanted = section.over(settings.model, role)
    if wanted == settings.model:
        return "the worker's model"
    place = without_credentials(wanted.base_url) if wanted.base_url else "the worker's endpoint"
    keyless = wanted.key_setting is not None and wanted.api_key_command is None
    key = f" (not with the worker's key; its own is {wanted.key_setting})" if keyless else ""
    return f"{wanted.name or 'the first model'} at {place}{key}"


def _settings(session: Session) -> str:
    return code_block(json.dumps(mask(session.settings), indent=2), "json")
