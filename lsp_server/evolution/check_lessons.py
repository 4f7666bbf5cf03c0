"""This module learns which commands check the work, from those that did so in several runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lsp_server.evolution.lesson import Lesson, distinct, plain_command, subject
from lsp_server.evolution.past_run import PastCommand, PastRun
from lsp_server.tools.check_commands import is_check
from lsp_server.tools.shell_syntax import ShellScript

RUNS_MIN = 2
"""In so many runs a command has to pass: once may be chance."""
FAILED_LAST_MIN = 2
"""After so many last runs in which it never passed, it is no knowledge any more."""

_NARROWING = ("-k", "--lf", "--last-failed", "--only", "--grep", "-t")
"""With one of these a command checks what one task was about."""


@dataclass(slots=True)
class _Uses:
    """The uses of all commands about one thing, run by run."""

    runs: dict[str, list[PastCommand]] = field(default_factory=lambda: defaultdict(list))

    def passed_runs(self) -> list[str]:
        return [run for run, uses in self.runs.items() if any(use.passed for use in uses)]

    def failed_last(self) -> int:
        """In how many runs, counted from the last, it never passed."""
        count = 0
        for uses in reversed(self.runs.values()):
            if any(use.passed for use in uses):
                break
            count += 1
        return count

    def best_line(self) -> str:
        """The way that passed most often, of those the shortest."""
        counts: dict[str, int] = defaultdict(int)
        for uses in self.runs.values():
            for line in {use.line for use in uses if use.passed}:
                counts[line] += 1
        return min(counts, key=lambda line: (-counts[line], len(line), line))


def check_lessons(runs: Sequence[PastRun]) -> Iterator[Lesson]:
    """Yields a lesson for each check that passed in several runs; `runs` begin with the oldest."""
    found: dict[tuple[str, ...], _Uses] = defaultdict(_Uses)
    for run in runs:
        for use in run.commands:
            if (script := general_check(use.line)) is not None:
                found[subject(script)].runs[run.id].append(use)
    for uses in found.values():
        passed = uses.passed_runs()
        if len(passed) < RUNS_MIN or uses.failed_last() >= FAILED_LAST_MIN:
            continue
        line = uses.best_line()
        shown = [use.id for each in uses.runs.values() for use in each if use.passed]
        yield Lesson(
            "check",
            f"`{line}` checks the work in this project.",
            distinct(reversed(shown)),
            runs=len(uses.runs),
            held=len(passed),
            command=line,
        )


def general_check(line: str) -> ShellScript | None:
    """Returns a check of the work as a whole; None for another command, or one of a single test.

    >>> general_check("pytest -q") is None, general_check("pytest tests/test_a.py::test_b") is None
    (False, True)
    """
    script = plain_command(line)
    if script is None or not is_check(line):
        return None
    words = [word for command in script.commands for word in command.texts]
    narrows = any("::" in word or word.partition("=")[0] in _NARROWING for word in words)
    return None if narrows else script
