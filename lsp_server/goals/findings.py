"""This module reads the output of a check: places to look at, and whether any test ran.

Compilers, linters and test runners are recognised by their lines; the output of
others is read as `path:line`. To read another tool: a pattern in `_PATTERNS`,
which are tried in their order on each line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lsp_server.domain.goals import Finding
from lsp_server.text.excerpt import split_lines
from lsp_server.text.terminal import terminal_text

FINDINGS_MAX = 50
OUTPUT_CHARS_MAX = 400_000
MESSAGE_CHARS_MAX = 300

_PATH = r"(?P<path>(?:[A-Za-z]:)?[^\s:(){}\[\]\"'<>|]+(?: [^\s:(){}\[\]\"'<>|]+)*?)"
_FILE = r"(?P<path>[\w@.~+/\\-]*[\w-]\.[A-Za-z][\w+]{0,9}|[\w@.~+/\\-]*/(?:Makefile|Dockerfile))"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (source, re.compile(pattern))
    for source, pattern in (
        # mypy: src/a.py:3:5: error: Incompatible types  [arg-type]
        ("mypy", r"(?P<path>[^\s:][^:]*\.pyi?):(?P<line>\d+)(?::\d+)?: (?P<severity>error|warning|note): (?P<message>.+)$"),
        # pyright: /src/a.py:3:5 - error: "x" is not defined (reportUndefinedVariable)
        ("pyright", rf"\s*{_PATH}:(?P<line>\d+):\d+ - (?P<severity>error|warning|information): (?P<message>.+)$"),
        # tsc: src/a.ts(3,5): error TS2322: Type …, or with --pretty src/a.ts:3:5 - error TS2322: …
        ("tsc", rf"{_PATH}\((?P<line>\d+),\d+\): (?P<severity>error|warning) (?P<message>TS\d+: .+)$"),
        ("tsc", rf"{_PATH}:(?P<line>\d+):\d+ - (?P<severity>error|warning) (?P<message>TS\d+: .+)$"),
        # ruff, pycodestyle: src/a.py:1:8: F401 `os` imported but unused
        ("ruff", rf"{_PATH}:(?P<line>\d+):\d+: (?P<message>(?:[A-Z]+\d+|SyntaxError:|invalid-syntax:) .+)$"),
        # pytest: tests/test_a.py:12: AssertionError
        ("pytest", rf"{_PATH}:(?P<line>\d+): ?(?P<message>|(?:in \S+|[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)?))$"),
        # go test: indented a_test.go:12: got 1; go build and vet: ./a.go:3:5: undefined: x
        ("go", r"\s*(?:vet: )?(?P<path>[\w./-]+\.go):(?P<line>\d+)(?::\d+)?: (?P<message>.+)$"),
        # Tracebacks of unittest and of any Python program
        ("python", r'\s*File "(?P<path>[^"<]+)", line (?P<line>\d+)(?:, in (?P<message>.+))?$'),
        # gcc, clang and many more, and at last any file with a line
        ("", rf"\s*{_FILE}:(?P<line>\d+)(?::\d+)?:? *(?:(?P<severity>(?i:fatal error|error|warning|note)):? *)?(?P<message>.*)$"),
    )
)  # fmt: skip

_RUST_PLACE = re.compile(r"\s*--> (?P<path>[^\s:]+):(?P<line>\d+):\d+$")
_RUST_HEAD = re.compile(r"(?P<severity>error|warning)(?:\[\w+\])?: (?P<message>.+)$")
_RUST_PANIC = re.compile(
    r"thread '.*' (?:\(\d+\) )?panicked at (?P<path>[^\s:]+):(?P<line>\d+):\d+:?$"
)
_RUFF_HEAD = re.compile(r"(?P<message>(?:[A-Z]+\d+|invalid-syntax:) .+)$")
_ESLINT_FILE = re.compile(r"(?P<path>(?:/|\.{0,2}/|[A-Za-z]:\\|[\w@-]).*\.\w{1,5})$")
_ESLINT_LINE = re.compile(
    r"\s+(?P<line>\d+):\d+\s+(?P<severity>error|warning)\s+(?P<message>\S.*?)(?:\s{2,}\S+)?$"
)
_PYTEST_FAILED = re.compile(
    r"(?:FAILED|ERROR) (?P<path>[^\s:]+\.py)(?:::\S+)?(?: - (?P<message>.+))?$"
)
_PYTEST_ERROR = re.compile(r"E\s{3,}(?P<message>\S.*)$")


_RAN: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^Ran (?P<count>\d+) tests? in ",
        r"^running (?P<count>\d+) tests?$",
        r"^(?:=+ )?(?P<count>\d+) passed\b",
        r"^(?:collected|no tests ran)(?P<count>) 0 items",
        r"^(?:# tests|ℹ tests) (?P<count>\d+)$",  # noqa: RUF001 - as Node prints it
    )
)
_GO_RESULT = re.compile(r"^(?:ok|FAIL|---)\s+\S+", re.MULTILINE)
_GO_NOTHING = re.compile(
    r"^(?:\?\s+\S+\s+\[no test files\]|ok\s.*\[no tests to run\])", re.MULTILINE
)


def parse_findings(output: str, root: Path) -> tuple[Finding, ...]:
    """Returns the places inside of `root` that an output names, each once, errors first.

    Of a long output the end is read, and at most FINDINGS_MAX places are given.

    >>> found = parse_findings("src/a.py:3: error: Name is not defined", Path("/project"))
    >>> found[0].path, found[0].line, found[0].source
    ('src/a.py', 3, 'mypy')
    """
    found: dict[tuple[str, int | None], Finding] = {}
    for finding in _places(terminal_text(output[-OUTPUT_CHARS_MAX:])):
        path = _relative(finding.path or "", root)
        if path is None:
            continue
        known = found.get((path, finding.line))
        if known is None or (not known.message and finding.message):
            message = finding.message.strip()[:MESSAGE_CHARS_MAX]
            found[path, finding.line] = Finding(
                message, path, finding.line, finding.severity, finding.source
            )
    # A file without a line says nothing more where a line of it is known.
    placed = {path for path, line in found if line is not None}
    shown = [f for f in found.values() if f.line is not None or f.path not in placed]
    shown.sort(key=lambda finding: finding.severity != "error")
    return tuple(shown[:FINDINGS_MAX])


def ran_no_test(output: str) -> bool:
    """Returns whether a test runner says that it had no test to run.

    >>> ran_no_test("Ran 0 tests in 0.000s"), ran_no_test("2 passed in 0.1s")
    (True, False)
    """
    text = terminal_text(output[-OUTPUT_CHARS_MAX:])
    if _GO_NOTHING.search(text):
        tested = [m[0] for m in _GO_RESULT.finditer(text)]
        empty = [m[0] for m in _GO_NOTHING.finditer(text) if m[0].startswith("ok")]
        return len(tested) <= len(empty)
    counts = [int(m["count"] or 0) for pattern in _RAN for m in pattern.finditer(text)]
    return bool(counts) and sum(counts) == 0


def _places(text: str) -> Iterator[Finding]:
    """Reads the lines once; some tools write message and place on different ones."""
    message, severity, eslint_file = "", "error", ""
    for line in split_lines(text):
        if head := _RUST_HEAD.match(line) or _RUFF_HEAD.match(line):
            message, severity = head["message"], head.groupdict().get("severity") or "error"
        elif place := _RUST_PLACE.match(line):
            source = "cargo" if place["path"].endswith(".rs") else "ruff"
            yield _finding(place, source, message, severity)
        elif place := _RUST_PANIC.match(line):
            yield _finding(place, "cargo", "panicked")
        elif failed := _PYTEST_FAILED.match(line):
            yield Finding(failed["message"] or "failed", failed["path"], source="pytest")
        elif error := _PYTEST_ERROR.match(line):
            message = error["message"]
        elif eslint_file and (entry := _ESLINT_LINE.match(line)):
            yield Finding(
                entry["message"], eslint_file, int(entry["line"]),
                "warning" if entry["severity"] == "warning" else "error", "eslint",
            )  # fmt: skip
        else:
            own = next(_by_pattern(line, message), None)
            if own is not None:
                yield own
            file = _ESLINT_FILE.match(line)
            eslint_file = file["path"] if file else eslint_file if line.strip() else ""


def _by_pattern(line: str, before: str) -> Iterator[Finding]:
    for source, pattern in _PATTERNS:
        if match := pattern.match(line):
            message = match["message"] or ""
            if source == "pytest" and before:
                message = before
            severity = match.groupdict().get("severity") or "error"
            yield _finding(match, source, message, severity)


def _finding(match: re.Match[str], source: str, message: str, severity: str = "error") -> Finding:
    match severity.lower():
        case "warning":
            return Finding(message, match["path"], int(match["line"]), "warning", source)
        case "note" | "information":
            return Finding(message, match["path"], int(match["line"]), "information", source)
        case _:
            return Finding(message, match["path"], int(match["line"]), "error", source)


def _relative(written: str, root: Path) -> str | None:
    """The path from the root; None for one that lies elsewhere, or is no file of the project."""
    text = written.replace("\\", "/")
    path = PurePosixPath(text)
    if path.is_absolute():
        if not path.is_relative_to(root):
            return None
        path = path.relative_to(root)
    parts = [part for part in path.parts if part != "."]
    if not parts or ".." in parts or "site-packages" in parts or "node_modules" in parts:
        return None
    return "/".join(parts)
