"""What counts as judging a run, and what is the work itself."""

from __future__ import annotations

import hashlib

import pytest

from lsp_server.domain.events import FileChanged
from lsp_server.domain.goals import CommandCheck, Goal
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.guard import find_edited_judges
from lsp_server.goals.new_goal import make_goal


class Contents(dict[str, bytes]):
    """Texts by their names."""

    def name(self, text: str | None) -> str | None:
        if text is None:
            return None
        name = hashlib.sha256(text.encode()).hexdigest()
        self[name] = text.encode()
        return name


def goal(command: str) -> Goal:
    return make_goal("G", (("c", (CommandCheck(command),)),))


def flagged(command: str, path: str, before: str | None, after: str | None) -> bool:
    kept = Contents()
    change = FileChanged(path, kept.name(before), kept.name(after))
    return find_edited_judges(goal(command), StopAttempt({path: change}), kept.get) == (path,)


@pytest.mark.parametrize(
    ("command", "path", "is_judge"),
    [
        ("pytest -q tests/test_a.py", "tests/test_a.py", True),
        ("pytest -q tests/test_a.py::test_x", "tests/test_a.py", True),
        ("pytest -q tests/test_a.py", "tests/test_b.py", False),
        ("pytest -q tests/test_a.py", "tests/conftest.py", True),
        ("pytest -q", ".venv/bin/pytest", True),
        ("pytest -q", "venv/lib/python3.12/site-packages/sitecustomize.py", True),
        ("npm test", "web/node_modules/.bin/jest", True),
        ("grep -q x README.md", ".venv/bin/grep", False),
        ("pytest -q", "src/invenv/bin.py", False),
        ("pytest -q tests", "tests/unit/data/x.json", True),
        ("pytest -q", "tests/test_b.py", True),
        ("pytest -q", "src/client.py", False),
        ("pytest -q", "pytest.ini", True),
        ("python -m pytest", "conftest.py", True),
        ("python -m unittest tests.test_a", "tests/test_a.py", True),
        ("python -m unittest tests.test_a.TestX.test_y", "tests/test_a.py", True),
        ("cd sub && pytest -q", "sub/tests/test_b.py", True),
        ("npm test", "src/a.test.ts", True),
        ("npx jest", "jest.config.js", True),
        ("npm test", "src/__snapshots__/a.snap", True),
        ("go test ./...", "pkg/a_test.go", True),
        ("go test ./...", "pkg/a.go", False),
        ("cargo test", "tests/it.rs", True),
        ("cargo test", "src/lib.rs", False),
        ("make check", "Makefile", True),
        ("bash check.sh", "check.sh", True),
        ("bash -e scripts/verify.sh --fast", "scripts/verify.sh", True),
        ("./tools/lint-all", "tools/lint-all", True),
        ("python app.py | grep -q hello", "app.py", False),
        ("grep -q x README.md", "README.md", False),
        ("ruff check src", "src/a.py", False),
        ("ruff check src", "ruff.toml", True),
        ("mypy src", "mypy.ini", True),
        ("mypy src", "tests/test_a.py", False),
        ("tsc --noEmit", "tsconfig.json", True),
        ("eslint .", ".eslintrc.json", True),
        ("eslint .", "src/a.js", False),
        ("test -e made.txt", "made.txt", False),
        ("unbalanced 'quote", "x.py", False),
    ],
)
def test_what_judges(command: str, path: str, is_judge: bool) -> None:
    assert flagged(command, path, "before", "after") is is_judge
    assert not flagged(command, path, "same", "same"), "what is as it was is no change"


def test_new_tests_are_work_unless_the_check_names_them() -> None:
    assert not flagged("pytest -q", "tests/test_new.py", None, "x")
    assert flagged("pytest -q tests/test_new.py", "tests/test_new.py", None, "x")
    assert flagged("pytest -q", "tests/test_old.py", "x", None)


@pytest.mark.parametrize(
    ("path", "before", "after", "is_judge"),
    [
        ("pyproject.toml", "[project]\nname='a'", "[project]\nname='b'", False),
        ("pyproject.toml", "", "[tool.pytest.ini_options]\naddopts='--ignore=tests'", True),
        ("pyproject.toml", "", "not toml [", True),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "true"}}', True),
        ("package.json", '{"version": "1"}', '{"version": "2"}', False),
    ],
)
def test_of_shared_files_only_the_parts_about_checks(
    path: str, before: str, after: str, is_judge: bool
) -> None:
    assert flagged("pytest -q", path, before, after) is is_judge
    assert not flagged("test -e x", path, before, after), "no tool reads it"


@pytest.mark.parametrize(
    ("after", "is_judge"),
    [
        ("## G\n- [x] c\n  - check: `x`\n  - evidence: exit 0 in 1.0 s at a on b\n", False),
        ("words\n## G\n- [ ] c\n  - check: `x`\n", False),
        ("## G\n- [ ] c\n  - check: `true`\n", True),
        ("## G\n- [ ] c\n  - check: `x`\n  - waived: on 2026-01-01\n", True),
        ("", True),
    ],
)
def test_the_goals_file_judges_by_what_it_says(after: str, is_judge: bool) -> None:
    before = "## G\n- [ ] c\n  - check: `x`\n"
    assert flagged("true", ".holdfast/goals.md", before, after) is is_judge
