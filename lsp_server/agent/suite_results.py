"""How test commands ended: read off their output, for the common runners."""

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
    """`summary` is the runner's own line; `failing` are names as the runner writes them."""

    passed: bool
    summary: str
    failing: tuple[str, ...]
    step: int


def suite_result(command: str, output: str, step: int) -> SuiteResult | None:
    """What a command's result says of tests; None when it ran none."""
    if not _RUNNER.search(command[:COMMAND_CHARS_MAX]):
        return None
    names = [
        next(filter(None, match.groups())).strip()[:NAME_CHARS_MAX]
        for match in _FAILING.finditer(output)
    ]
    failing = tuple(dict.fromkeys(names))[:FAILING_MAX]
    summaries = [match.group().strip(" =") for match in _SUMMARY.finditer(output)]
    passed = output.startswith("exit status 0") and not failing
    return SuiteResult(passed, summaries[-1][:NAME_CHARS_MAX] if summaries else "", failing, step)
