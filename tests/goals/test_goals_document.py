"""The goals file is read, with the place of everything in it."""

from __future__ import annotations

import pytest

from lsp_server.domain.edits import Lines, Position
from lsp_server.domain.goals import (
    Check,
    CommandCheck,
    DiagnosticsCheck,
    FileCheck,
)
from lsp_server.goals.goals_document import parse_goals

FILE = """\
# Plan

Words of a person.

## Retry on 429 🙂
- [ ] The client retries with backoff and honours Retry-After
  - check: `pytest -q tests/test_retry.py`
  - file: `src/client.py` contains `Retry-After`
  - a note: keep it simple
- [x] The public API of `Client` is unchanged
  even in 漢字
  - evidence: judged from 2 pieces of evidence at 1f3c9a2 on 2026-01-01

```markdown
- [ ] not a condition
```

## No errors
* [ ] Clean
    - diagnostics: no warnings in `src/`
    - waived: on 2026-01-02
"""


def shapes(text: str) -> list[tuple[str, list[tuple[str, tuple[Check, ...]]]]]:
    return [(g.title, [(c.text, c.checks) for c in g.conditions]) for g in parse_goals(text).goals]


def test_headings_are_goals_and_items_are_conditions() -> None:
    assert shapes(FILE) == [
        (
            "Retry on 429 🙂",
            [
                (
                    "The client retries with backoff and honours Retry-After",
                    (
                        CommandCheck("pytest -q tests/test_retry.py"),
                        FileCheck("src/client.py", "Retry-After"),
                    ),
                ),
                ("The public API of `Client` is unchanged even in 漢字", ()),
            ],
        ),
        ("No errors", [("Clean", (DiagnosticsCheck("src/", "warning"),))]),
    ]
    document = parse_goals(FILE)
    assert not document.problems
    assert [goal.id for goal in document.goals] == ["retry-on-429", "no-errors"]
    assert [entry.ticked for entry in document.entries] == [False, True, False]
    assert [entry.condition.waived for entry in document.entries] == [False, False, True]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "🙂🙂 漢字\n\n", "\ufeff", "a\u2028b\x0b\n"])
def test_places_are_exact_whatever_stands_before(before: str, newline: str) -> None:
    text = (before + FILE).replace("\n", newline)
    document, lines = parse_goals(text), Lines(text)
    for entry in document.entries:
        start, end = lines.offset(entry.range.start), lines.offset(entry.range.end)
        assert entry.condition.text.startswith(text[start:end])
        assert text[entry.box - 1 : entry.box + 2] in ("[ ]", "[x]")
    for section in document.sections:
        assert lines.line(section.range.start.line)[section.range.start.column :] == (
            section.goal.title
        )


@pytest.mark.parametrize(
    ("written", "check"),
    [
        ("check: `a b`", CommandCheck("a b")),
        ("check: a b", CommandCheck("a b")),
        ("Check: ``echo `x` ``", CommandCheck("echo `x` ")),
        ("check: `` `x` ``", CommandCheck("`x`")),
        ("file: `a.py`", FileCheck("a.py")),
        ("file: `a.py` exists", FileCheck("a.py")),
        ("file: a.py", FileCheck("a.py")),
        ("file: `a b.py` contains `x  y`", FileCheck("a b.py", "x  y")),
        ("diagnostics: no errors", DiagnosticsCheck("", "error")),
        ("diagnostics: no errors in `src/`", DiagnosticsCheck("src/", "error")),
        ("diagnostics: no warnings in src", DiagnosticsCheck("src", "warning")),
    ],
)
def test_checks_are_read(written: str, check: Check) -> None:
    document = parse_goals(f"## G\n- [ ] c\n  - {written}\n")
    assert not document.problems
    assert document.goals[0].conditions[0].checks == (check,)


@pytest.mark.parametrize(
    ("line", "column", "how"),
    [
        ("- [] text", 0, "write a condition as"),
        ("- [ ]text", 0, "write a condition as"),
        ("-[ ] text", 0, "write a condition as"),
        ("  - [y] text", 2, "write a condition as"),
        ("- [ ]", 0, "says nothing"),
        ("- check: `x`", 0, "belongs to no condition"),
        ("- [ ] c\n  - check:", 2, "the command is missing"),
        ("- [ ] c\n  - check: ``", 2, "the command is missing"),
        ("- [ ] c\n  - check: `x` and more", 2, "does not end"),
        ("- [ ] c\n  - check: `x", 2, "does not end"),
        ("- [ ] c\n  - file: `x` has `y`", 2, "means nothing"),
        ("- [ ] c\n  - file:", 2, "means nothing"),
        ("- [ ] c\n  - diagnostics: fine", 2, "no errors"),
        ("- [ ] c\n  - chek: `x`", 2, "did you mean `check:`"),
        ("- [ ] c\n  - files: `x`", 2, "did you mean `file:`"),
    ],
)
def test_what_means_nothing_is_told_with_how_to_write_it(line: str, column: int, how: str) -> None:
    document = parse_goals(f"## 🙂\n{line}\n")
    (problem,) = document.problems
    assert how in problem.message
    assert problem.range.start == Position(1 + line.count("\n"), column)


@pytest.mark.parametrize(
    "line",
    [
        "- a plain bullet",
        "- [link](http://x)",
        "- [ref]: x",
        "- [1]: x",
        "  - remark: this and that",
        "  - command: run it by hand",
        "prose [ ] here",
        "<!--\n- [] hidden\n-->",
        "~~~\n- [] hidden\n~~~",
    ],
)
def test_what_is_not_ours_is_left_alone(line: str) -> None:
    document = parse_goals(f"## G\n- [ ] c\n{line}\n")
    assert not document.problems
    assert len(list(document.entries)) == 1
