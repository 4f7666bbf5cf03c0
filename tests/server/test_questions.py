from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.permissions import Question
from lsp_server.server.folders import Folders
from lsp_server.server.questions import DETAIL_CHARS_MAX, action_titles, question_text

DIFF = "--- a\n+++ b\n"


@pytest.mark.parametrize(
    ("question", "name", "opens_changes", "lines"),
    [
        (Question("q", "shell", "run `make`", "make"), None, False, ["run `make`"]),
        (Question("q", "shell", "run a script", "make"), None, False, ["run a script", "make"]),
        (
            Question("q", "shell", "run a script", "make", rule="shell(make)"),
            None,
            False,
            ["run a script", "make", "(always, in this project: shell(make))"],
        ),
        (Question("q", "edit", "edit a", DIFF, path="a"), None, True, ["edit a"]),
        (Question("q", "edit", "edit a", DIFF, path="a"), None, False, ["edit a", *DIFF.split("\n")]),
        (Question("q", "shell", "run it", "\x1b[2J"), None, False, ["run it", "\\x1b[2J"]),
    ],
)  # fmt: skip
def test_a_question_shows_what_cannot_be_seen_elsewhere(
    project: Path, question: Question, name: str | None, opens_changes: bool, lines: list[str]
) -> None:
    folder = Folders().add(project.as_uri())
    assert folder is not None
    text = question_text(question, folder, name=name, opens_changes=opens_changes)
    assert text.split("\n") == lines


@pytest.mark.parametrize("padding", ["x", " ", "\n", "true; "])
def test_the_end_of_a_long_operation_is_shown_and_that_it_is_cut(
    project: Path, padding: str
) -> None:
    folder = Folders().add(project.as_uri())
    assert folder is not None
    command = f"ls {padding * 2 * DETAIL_CHARS_MAX}; rm -r kept"
    question = Question("q", "shell", "run `ls…`", command)
    text = question_text(question, folder, name=None, opens_changes=False)
    assert text.endswith("; rm -r kept")
    assert f"[… {len(command) - DETAIL_CHARS_MAX:,} more characters …]" in text
    assert len(text) < DETAIL_CHARS_MAX + 100


def test_an_answer_names_no_rule_that_hides_a_part() -> None:
    question = Question("q", "shell", "run `a\u202eb`", "", rule="shell(a\u202eb)")
    titles = dict(action_titles(question))
    assert titles["always"].endswith("(shell(a\\u202eb))")
    assert titles["once"].endswith("run `a\\u202eb`")
