"""What real tools print becomes places; what they do not say does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.goals.findings import parse_findings, ran_no_test

ROOT = Path("/project")

PYTEST = """\
F.                                                                       [100%]
=================================== FAILURES ===================================
____________________________________ test_x ____________________________________

    def test_x():
>       helper()

tests/test_a.py:6:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

    def helper():
>       raise ValueError("boom")
E       ValueError: boom

src/a.py:4: ValueError
=========================== short test summary info ============================
FAILED tests/test_a.py::test_x - ValueError: boom
1 failed, 1 passed in 1.28s
"""

UNITTEST = """\
FAIL: test_a (test_u.T.test_a)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/project/test_u.py", line 4, in test_a
    self.assertEqual(1, 2)
  File "/usr/lib/python3.11/unittest/case.py", line 873, in assertEqual
AssertionError: 1 != 2
"""

RUFF = """\
F401 [*] `os` imported but unused
 --> src/bad.py:1:8
  |
1 | import os
"""

TSC_PRETTY = (
    "\x1b[96msrc/a.ts\x1b[0m:\x1b[93m3\x1b[0m:\x1b[93m7\x1b[0m - \x1b[91merror\x1b[0m"
    "\x1b[90m TS2322: \x1b[0mType 'string' is not assignable to type 'number'."
)

ESLINT = """\

/project/src/a.js
  3:5  error    'x' is not defined  no-undef
  9:1  warning  Missing JSDoc       require-jsdoc

✖ 2 problems (1 error, 1 warning)
"""

CARGO = """\
error[E0308]: mismatched types
 --> src/main.rs:7:26
  |
"""

GO_TEST = """\
--- FAIL: TestA (0.00s)
    a_test.go:12: got 1, want 2
FAIL
"""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            PYTEST,
            [("tests/test_a.py", 6, "", "pytest"), ("src/a.py", 4, "ValueError: boom", "pytest")],
        ),
        (UNITTEST, [("test_u.py", 4, "test_a", "python")]),
        (
            "src/a.py:3: error: Incompatible return value type  [return-value]",
            [("src/a.py", 3, "Incompatible return value type  [return-value]", "mypy")],
        ),
        (
            '  /project/src/a.py:3:9 - error: "x" is not defined (reportUndefinedVariable)',
            [("src/a.py", 3, '"x" is not defined (reportUndefinedVariable)', "pyright")],
        ),
        (RUFF, [("src/bad.py", 1, "F401 [*] `os` imported but unused", "ruff")]),
        (
            "src/bad.py:1:8: F401 [*] `os` imported but unused",
            [("src/bad.py", 1, "F401 [*] `os` imported but unused", "ruff")],
        ),
        (
            "src/a.ts(3,7): error TS2322: Type 'string' …",
            [("src/a.ts", 3, "TS2322: Type 'string' …", "tsc")],
        ),
        (
            TSC_PRETTY,
            [
                (
                    "src/a.ts",
                    3,
                    "TS2322: Type 'string' is not assignable to type 'number'.",
                    "tsc",
                )
            ],
        ),
        (
            ESLINT,
            [
                ("src/a.js", 3, "'x' is not defined", "eslint"),
                ("src/a.js", 9, "Missing JSDoc", "eslint"),
            ],
        ),
        (CARGO, [("src/main.rs", 7, "mismatched types", "cargo")]),
        (
            "thread 't' (31882) panicked at src/lib.rs:2:18:",
            [("src/lib.rs", 2, "panicked", "cargo")],
        ),
        (GO_TEST, [("a_test.go", 12, "got 1, want 2", "go")]),
        ("./a.go:3:5: undefined: x", [("a.go", 3, "undefined: x", "go")]),
        ("vet: ./a.go:3:5: undefined: x", [("a.go", 3, "undefined: x", "go")]),
        (
            "src/a.c:3:5: error: expected ';' before '}' token",
            [("src/a.c", 3, "expected ';' before '}' token", "")],
        ),
        ("see 漢字/ä.txt:17 for more", []),
        ("lib/x.rb:17: undefined method `y'", [("lib/x.rb", 17, "undefined method `y'", "")]),
        ("12:30:05 started", []),
        ("http://localhost:8080 is up", []),
        ("../elsewhere/a.py:3: error: x", []),
        ("/usr/lib/a.py:3: error: x", []),
        ("node_modules/x/a.ts(3,7): error TS1: x", []),
    ],
)
def test_places_are_read(output: str, expected: list[tuple[str, int, str, str]]) -> None:
    found = parse_findings(output, ROOT)
    assert [(f.path, f.line, f.message, f.source) for f in found] == expected


def test_errors_come_before_warnings_and_their_number_is_bounded() -> None:
    lines = [f"a.py:{n}: {'error' if n % 2 else 'warning'}: x" for n in range(1, 200)]
    found = parse_findings("\n".join(lines), ROOT)
    assert len(found) == 50
    assert {f.severity for f in found} == {"error"}


@pytest.mark.parametrize(
    ("output", "nothing"),
    [
        ("Ran 0 tests in 0.000s\n\nOK", True),
        ("Ran 3 tests in 0.000s\n\nOK", False),
        ("running 0 tests\n\nrunning 2 tests\n", False),
        ("running 0 tests\n\ntest result: ok. 0 passed", True),
        ("?   \tm/a\t[no test files]\n", True),
        ("?   \tm/a\t[no test files]\nok  \tm/b\t0.1s\n", False),
        ("ok  \tm/b\t0.1s [no tests to run]\n", True),
        ("ℹ tests 0\n", True),  # noqa: RUF001 - as Node prints it
        ("5 passed in 0.1s", False),
        ("all good", False),
        ("", False),
    ],
)
def test_a_runner_that_ran_nothing_is_noticed(output: str, nothing: bool) -> None:
    assert ran_no_test(output) is nothing
