"""This module learns what helped when a check failed, without a change of the code."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.domain.ids import Id
from lsp_server.evolution.lesson import Lesson, distinct, plain_command, subject
from lsp_server.evolution.past_run import PastCommand, PastRun
from lsp_server.tools.check_commands import is_check
from lsp_server.tools.read_only import is_read_only

RUNS_MIN = 2

_ERROR_NAME = re.compile(r"\b([A-Z][A-Za-z]{2,30}(?:Error|Exception|NotFound))\b")
"""Of an output only the name of an error is kept: it cannot say anything."""


@dataclass(frozen=True, slots=True)
class _Fix:
    """A check failed, one command ran, and the check passed."""

    failed: PastCommand
    helped: PastCommand
    check: tuple[str, ...]
    error: str


def fix_lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    """Yields a lesson for each command that helped in several runs, and did not fail to in more."""
    helped: dict[tuple[str, ...], dict[Id, _Fix]] = defaultdict(dict)
    for run in runs:
        for fix in _fixes(run):
            helped[(fix.helped.line, *fix.check[:1], fix.error)].setdefault(run.id, fix)
    for fixes in helped.values():
        if len(fixes) < RUNS_MIN:
            continue
        last = list(fixes.values())[-1]
        why = f" with {last.error}" if last.error else ""
        yield Lesson(
            "fix",
            f"When `{last.failed.line}` fails{why}, `{last.helped.line}` helps.",
            distinct(one for fix in fixes.values() for one in (fix.failed.id, fix.helped.id)),
            runs=len(fixes),
            held=len(fixes),
        )


def _fixes(run: PastRun) -> Iterator[_Fix]:
    for place, failed in enumerate(run.commands):
        script = plain_command(failed.line)
        if failed.passed or script is None or not is_check(failed.line):
            continue
        about = subject(script)
        for passed in run.commands[place + 1 :]:
            if not _is_about(passed, about):
                continue
            helped = _only_command_between(run, failed, passed)
            if passed.passed and helped is not None:
                yield _Fix(failed, helped, about, _error_name(failed.output))
            break


def _is_about(use: PastCommand, about: tuple[str, ...]) -> bool:
    script = plain_command(use.line)
    return script is not None and subject(script) == about


def _only_command_between(
    run: PastRun, failed: PastCommand, passed: PastCommand
) -> PastCommand | None:
    """The one command between two that may have helped; None if there is none, or several."""
    between = range(failed.position + 1, passed.position)
    commands = {use.position: use for use in run.commands if use.position in between}
    if any(run.actions[at].files for at in between if at not in commands):
        return None  # An edit may have helped as well.
    others = [use for use in commands.values() if not _only_looks(use.line)]
    if len(others) != 1 or not others[0].passed or plain_command(others[0].line) is None:
        return None
    return others[0]


def _only_looks(line: str) -> bool:
    script = plain_command(line)
    return script is not None and (is_read_only(script) or is_check(line))


def _error_name(output: str) -> str:
    found = _ERROR_NAME.search(output)
    return found[1] if found else ""
