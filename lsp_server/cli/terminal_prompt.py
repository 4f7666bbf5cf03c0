"""This module asks the person at the terminal for permission."""

from __future__ import annotations

import asyncio
import sys
import termios
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress

from lsp_server.domain.permissions import Answer, Answered, Question, visible
from lsp_server.wording.permission_texts import allowed_text

ANSWERS: dict[str, Answer] = {
    "o": "once", "once": "once", "y": "once", "yes": "once",
    "r": "run", "run": "run",
    "a": "always", "always": "always",
    "e": "everywhere", "everywhere": "everywhere",
    "s": "sandboxed", "sandbox": "sandboxed",
    "d": "deny", "deny": "deny", "n": "deny", "no": "deny",
}  # fmt: skip

CHOICES: Mapping[Answer, str] = {
    "once": "[o]nce",
    "run": "this [r]un",
    "always": "[a]lways in this project",
    "everywhere": "[e]verywhere",
    "sandboxed": "go on in the [s]andbox without asking",
    "deny": "[d]eny, or deny and why",
}

NOBODY_TO_ASK = (
    "Nobody can be asked here, so what needs permission is denied. Run it on a "
    "terminal, add rules to permissions.allow, or pass --yes.\n"
)
ASKED_DESPITE = (
    "Nobody can be asked here, so what needs permission even with {} is denied. "
    "Run it on a terminal, add rules to permissions.allow, and fix the settings if they "
    "have problems; `holdfast doctor` says whether a sandbox holds.\n"
)
NOBODY_IS_THERE = "nobody can be asked here"


class TerminalPrompt:
    """Answers permission questions from the keyboard; where there is none, denies.

    `asking` makes room on the terminal as long as a question is open. `freed_by` is the flag or the
    setting that frees what a sandbox bounds, "" where none does: it is not the advice then.
    """

    def __init__(
        self, asking: Callable[[], AbstractContextManager[None]], *, freed_by: str
    ) -> None:
        self._asking = asking
        self._freed_by = freed_by
        self._has_explained = False

    async def confirm(self, question: Question) -> Answered | None:
        """Waits for an answer to be typed; `deny` when nobody can type one."""
        # A process may be started with these closed.
        streams = (sys.stdin, sys.stderr)
        if not all(stream is not None and stream.isatty() for stream in streams):
            self._explain_once()
            return Answered("deny", NOBODY_IS_THERE, by_person=False)
        choices = f"{', '.join(CHOICES[each] for each in question.answers)}? "
        with self._asking():
            _show(question)
            while True:
                answered = parse_answer(await ask_line(choices), question)
                if answered is not None:
                    return answered

    def _explain_once(self) -> None:
        if not self._has_explained and sys.stderr is not None:
            self._has_explained = True
            advice = ASKED_DESPITE.format(self._freed_by) if self._freed_by else NOBODY_TO_ASK
            sys.stderr.write(advice)


def _show(question: Question) -> None:
    text = question_text(question)
    if "\n@@ " not in text:
        sys.stderr.write(visible(f"\n{text}\n"))
        return
    # Only where there is a difference to colour, as its import takes a moment.
    from lsp_server.cli.rich_views import print_text

    sys.stderr.write("\n")
    print_text(text, is_diff=True, to_errors=True)


def question_text(question: Question) -> str:
    """Returns what is asked, and what a wider yes would allow.

    >>> print(question_text(Question("q", "shell", "run `make`", "make", rule="shell(make)")))
    run `make`
    (always, in this project: shell(make))
    """
    lines = [question.summary]
    lines += [question.detail] if question.detail not in question.summary else []
    lines += [f"({allowed})"] if (allowed := allowed_text(question)) else []
    return "\n".join(lines)


def parse_answer(line: str, question: Question) -> Answered | None:
    """Reads what was typed; None for what is no answer to this question.

    What follows a denial is why, for the model to read.

    >>> parse_answer("d use the mirror", Question("q", "shell", "run `x`", "x"))
    Answered(answer='deny', reason='use the mirror', by_person=True, rule='')
    """
    word, _, rest = line.strip().partition(" ")
    answer = ANSWERS.get(word.lower().rstrip(",:"))
    if answer is None or answer not in question.answers or (rest and answer != "deny"):
        return None
    return Answered(answer, rest.strip())


async def ask_line(question: str) -> str:
    """Asks and returns the next line that is typed; `deny` at the end of the input.

    What was typed before the question is thrown away: it cannot be its answer.
    """
    with suppress(termios.error):  # The terminal is gone.
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    sys.stderr.write(question)
    sys.stderr.flush()
    # Without a thread, which would outlive a cancelled wait and swallow the next line.
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not ready.done():
            ready.set_result(sys.stdin.readline() or "deny")

    loop.add_reader(sys.stdin.fileno(), read)
    try:
        return await ready
    finally:
        loop.remove_reader(sys.stdin.fileno())
