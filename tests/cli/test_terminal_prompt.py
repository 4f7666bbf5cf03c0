from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext

import pytest

from lsp_server.cli.terminal_prompt import CHOICES, TerminalPrompt, parse_answer, question_text
from lsp_server.domain.permissions import Answer, Answered, Question

TWO = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-1\n+2"
PLAIN = Question("q", "shell", "run `a | b`", "a | b")
WIDE = Question(
    *("q", "shell", "run `make`", "make"),
    rule="shell(make)",
    run_rule="shell(make)",
    general=True,
    offers_sandbox=True,
)


@pytest.mark.parametrize(
    ("line", "plain", "wide"),
    [
        ("o", "once", "once"),
        ("YES", "once", "once"),
        ("r", None, "run"),
        ("a", None, "always"),
        ("e", None, "everywhere"),
        ("s", None, "sandboxed"),
        (" d ", "deny", "deny"),
        ("no", "deny", "deny"),
        # Whatever else is typed is no answer.
        ("", None, None),
        ("x", None, None),
        ("once more", None, None),
        ("always", None, "always"),
        ("a please", None, None),
    ],
)
def test_what_is_typed_is_an_answer_that_is_on_offer(
    line: str, plain: Answer | None, wide: Answer | None
) -> None:
    for question, answer in ((PLAIN, plain), (WIDE, wide)):
        assert parse_answer(line, question) == (answer and Answered(answer))


@pytest.mark.parametrize("line", ["d use the mirror", "no, use the mirror", "deny: use the mirror"])
def test_what_follows_a_denial_is_why(line: str) -> None:
    assert parse_answer(line, PLAIN) == Answered("deny", "use the mirror")


def test_every_answer_can_be_chosen() -> None:
    assert WIDE.answers == tuple(CHOICES)


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        (PLAIN, "run `a | b`"),
        (Question("q", "mcp__d__x", "call x of the server d", "{}"), "call x of the server d\n{}"),
        (Question("q", "check", "run the check `a…`", "a\nb"), "run the check `a…`\na\nb"),
        (
            Question("q", "edit", "2 edits of 2 files: a, b", TWO, path="a", more_paths=("b",)),
            f"2 edits of 2 files: a, b\n{TWO}",
        ),
    ],
)
def test_a_question_says_what_would_be_done_wherever_the_run_is_shown(
    question: Question, shown: str
) -> None:
    assert question_text(question) == shown


def read_until(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 1024)


async def test_what_was_typed_before_a_question_does_not_answer_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as keyboard, os.fdopen(os.dup(theirs), "w") as screen:
        monkeypatch.setattr(sys, "stdin", keyboard)
        monkeypatch.setattr(sys, "stderr", screen)
        os.write(ours, b"yes\n")
        await asyncio.to_thread(read_until, ours, b"yes\r\n")
        asked = asyncio.create_task(TerminalPrompt(nullcontext, freed_by="").confirm(PLAIN))
        await asyncio.to_thread(read_until, ours, b"why? ")
        os.write(ours, b"d not now\n")
        async with asyncio.timeout(30):
            assert await asked == Answered("deny", "not now")
    os.close(ours)
