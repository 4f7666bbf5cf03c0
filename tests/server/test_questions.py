from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.domain.permissions import Question
from lsp_server.server.folders import Folders
from lsp_server.server.questions import DETAIL_CHARS_MAX, question_text

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


def test_a_long_operation_is_cut(project: Path) -> None:
    folder = Folders().add(project.as_uri())
    assert folder is not None
    question = Question("q", "shell", "run it", "x" * 2 * DETAIL_CHARS_MAX)
    text = question_text(question, folder, name=None, opens_changes=False)
    assert len(text.split("\n")[1]) == DETAIL_CHARS_MAX
