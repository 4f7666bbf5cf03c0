"""This module says how a test command ended, from its output, for the common runners.

To add a runner: its name in `_RUNNER`, and how it names a failing test in `_FAILING`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FAILING_MAX = 20
NAME_CHARS_MAX = 160
COMMAND_CHARS_MAX = 2000

_RUNNER = re.compile(
    r"\b(?:pytest|unittest|nose2|tox|nox|jest|vitest|mocha|ava|rspec|phpunit|ctest|bats|"
    r"(?:npm|pnpm|yarn|bun|deno|cargo|go|mix|swift|dotnet|make|gradle|gradlew|mvn|sbt|rake)"
    r"(?: run)?(?: -\S+)* (?:test|check|verify)\w*)\b"
)
_FAILING = re.compile(
    r"^[^\S\n]*(?:"
    r"(?:FAILED|ERROR) (?P<pytest>\S+::\S+)"
    r"|(?:FAIL|ERROR): (?P<unittest>.+)"
    r"|--- FAIL: (?P<go>\S+)"
    r"|test (?P<cargo>\S+) \.\.\. FAILED"
    r"|(?:[\u2715\u2717\u00d7\u2718]|not ok \d+ -?) *(?P<node>.+)"
    r")",
    re.MULTILINE,
)
_SUMMARY = re.compile(
    r"^.*\b\d+ (?:passed|failed|passing|failing|errors?|tests?|examples?)\b.*$"
    r"|^(?:OK|FAILED|ok|FAIL)\b.*$|^test result: .*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """A `SuiteResult` is how a test command ended.

    `summary` is the runner's own line; `failing` are names as the runner writes them, the
    first FAILING_MAX.
    """

    passed: bool
    summary: str
    failing: tuple[str, ...]
    step: int


def suite_result(command: str, output: str, step: int, *, succeeded: bool) -> SuiteResult | None:
    """Reads how tests ended from a command and its output; None when it ran none.

    `succeeded` says whether the command ended with status 0. A command may end well all
    the same: `pytest | tail` has the status of `tail`.

    >>> output = "FAILED tests/a.py::test_b - assert\\n1 failed, 2 passed"
    >>> suite_result("pytest -q", output, step=4, succeeded=False)
    SuiteResult(passed=False, summary='1 failed, 2 passed', failing=('tests/a.py::test_b',), step=4)
    """
    if not _RUNNER.search(command[:COMMAND_CHARS_MAX]):
        return None
    names = [
        next(filter(None, match.groups())).strip()[:NAME_CHARS_MAX]
        for match in _FAILING.finditer(output)
    ]
    failing = tuple(dict.fromkeys(names))[:FAILING_MAX]
    # pytest frames its summary with `=`.
    summaries = [match.group().strip(" =") for match in _SUMMARY.finditer(output)]
    passed = succeeded and not failing
    return SuiteResult(passed, summaries[-1][:NAME_CHARS_MAX] if summaries else "", failing, step)
