"""What is read from outputs, files and models takes time in proportion to its length.

A megabyte of the shapes that patterns stumble over: long lines, blank lines, marks
that begin what never ends. Where the time grows with the square, a row does not
end within the time that a test has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.agent.state.literals import Literals
from lsp_server.agent.state.notes import notes_in
from lsp_server.agent.state.suite_results import suite_result
from lsp_server.domain.errors import ToolError
from lsp_server.domain.events import FileChanged
from lsp_server.domain.goals import CommandCheck, Condition, Goal
from lsp_server.goals.changes import StopAttempt
from lsp_server.goals.comment_goals import find_comment_goals
from lsp_server.goals.findings import parse_findings, ran_no_test
from lsp_server.goals.goals_document import parse_goals
from lsp_server.goals.guard import find_edited_judges
from lsp_server.max_mode.syntax import syntax_errors
from lsp_server.models.error_body import read_provider_error
from lsp_server.settings import toml
from lsp_server.text.terminal import terminal_text
from lsp_server.text.tokenizer import tokenize
from lsp_server.tools.edit import Edit
from lsp_server.tools.rules import ShellPattern, parse_rule
from lsp_server.tools.shell_syntax import CHARS_MAX, parse
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.documents import Documents
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.patterns import Patterns

CHARS = 1_000_000
ROOT = Path("/project")


def suite(text: str) -> None:
    suite_result("pytest", text, 1, succeeded=False)
    suite_result(text, "1 passed", 1, succeeded=True)


def refusals(text: str) -> None:
    read_provider_error({"error": {"message": text}})
    read_provider_error(text)


def denied(text: str) -> None:
    """What a deny rule looks at before any command may run."""
    pattern = parse_rule("shell(rm *)", key="permissions.deny").pattern
    assert isinstance(pattern, ShellPattern)
    for command in (text[: CHARS_MAX - 10], f"env {text[: CHARS_MAX - 10]}"):
        script = parse(command)
        pattern.hits(script)
        pattern.may_hide(script)


def judged(text: str) -> None:
    goal = Goal("g", "G", (Condition("c", "C", (CommandCheck(text),)),))
    find_edited_judges(goal, StopAttempt({"a.py": FileChanged("a.py", "1", "2")}), lambda _: b"")


def settings(text: str) -> None:
    with pytest.raises(ValueError):
        toml.loads(text)
    syntax_errors(Path("a.toml"), text)


def ignored(text: str) -> None:
    patterns = Patterns(text.split("\n"))
    patterns.decide("a" * 200)
    patterns.decide_alone("a/" * 100)


@pytest.mark.parametrize(
    ("read", "shapes"),
    [
        (terminal_text, ("a", "a\r", "\r\n", "\x1b[", "\x1b]", "\x1b]a\n", "\n")),
        (suite, ("\n", "\n\n \n", "\r\n", " ", "1 ", " -npm", "npm -a ", "FAILED ", "a")),
        (
            lambda text: parse_findings(text, ROOT),
            ("a", "a ", "a:1:", '  File "', "a/", "(1,2): ", "\n"),
        ),
        (ran_no_test, ("ok ", "? ", "=", "1 passed\n", "\n", "a")),
        (lambda text: Literals().learn(text, 1, 1), ("a-", "a/", "--a", "1.", "A_", "\n")),
        (lambda text: list(notes_in(text, 1)), ("?", ". ", "decision: ", "\n")),
        (refusals, ("<", "<script ", "max ", "exceed ", "input length ", "model ", "a")),
        (parse_goals, ("\n", "- ", "- [ ] `", "- check: `", "`", "# ", "~~~", " ")),
        (
            lambda text: find_comment_goals(f"{text}\n# GOAL: a{text}b", "a.py"),
            ("#", "%", "-", "/", ";", " ", "\t", "*/", "<!--"),
        ),
        (lambda text: parse_goals(f"# a{text}b\n- [ ] a{text}b\n"), ("\t", " ", " #", "#")),
        (
            lambda text: find_comment_goals(text, "a.py"),
            ("#", "# GOAL: a ", "/*", "GOAL:", " ", "<!--", "\n"),
        ),
        (tokenize, ("a", "aB", "A", "_", "a_", "1", "漢")),
        (denied, ("a ", "env ", "sh -c a ", "`a` ", "\\\n", "{ ")),
        (judged, ("a.b", "a ", "a/", "'", "sh ", "a::")),
        (settings, ("a.", "[", "1")),
        (ignored, ("*a", "**/", "*", "a/**/", "[", "?", "\n*a")),
    ],
)
def test_it_does_not_grow_with_the_square(
    read: Callable[[str], object], shapes: tuple[str, ...]
) -> None:
    for shape in shapes:
        text = (shape * (CHARS // len(shape) + 1))[:CHARS]
        read("a = " + text if read is settings else text)


async def test_a_text_that_is_not_there_is_looked_for_once(project: Path) -> None:
    (project / "a.txt").write_text("a\n" * (CHARS // 2))
    edit = Edit(Workspace(project), DiskEditor(Documents()))
    with pytest.raises(ToolError, match="old_text is not in a"):
        await edit.call({"path": "a.txt", "old_text": "a\n" * 10_000 + "b", "new_text": "c"})
