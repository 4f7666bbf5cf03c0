"""This module asks the person at the terminal for permission."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from lsp_server.domain.permissions import Answer, Question, visible

ANSWERS: dict[str, Answer] = {
    "o": "once", "once": "once", "y": "once", "yes": "once",
    "a": "always", "always": "always",
    "d": "deny", "deny": "deny", "n": "deny", "no": "deny",
}  # fmt: skip

NOBODY_TO_ASK = (
    "Nobody can be asked here, so what needs permission is denied. Run it on a "
    "terminal, add rules to permissions.allow, or pass --yes.\n"
)
ASKED_DESPITE_YES = (
    "Nobody can be asked here, so what needs permission even with --yes is denied. "
    "Run it on a terminal, and fix the settings if they have problems.\n"
)


class TerminalPrompt:
    """Answers permission questions from the keyboard; where there is none, denies.

    `pause` makes room on the terminal before a question. `yes` says that `--yes` was
    passed, so that it is not the advice.
    """

    def __init__(self, pause: Callable[[], None], *, yes: bool) -> None:
        self._pause = pause
        self._yes = yes
        self._has_explained = False

    async def confirm(self, question: Question) -> Answer | None:
        """Waits for an answer to be typed; `deny` when nobody can type one."""
        # A process may be started with these closed.
        streams = (sys.stdin, sys.stderr)
        if not all(stream is not None and stream.isatty() for stream in streams):
            self._explain_once()
            return "deny"
        self._pause()
        always = ", [a]lways" if question.rule else ""
        rule = f"\n(always, in all your projects: {question.rule})" if question.rule else ""
        sys.stderr.write(visible(f"\n{question.detail}{rule}\n"))
        while True:
            sys.stderr.write(f"[o]nce{always}, [d]eny? ")
            sys.stderr.flush()
            answer = ANSWERS.get((await _line()).strip().lower())
            if answer is not None and (answer != "always" or question.rule):
                return answer

    def _explain_once(self) -> None:
        if not self._has_explained and sys.stderr is not None:
            self._has_explained = True
            sys.stderr.write(ASKED_DESPITE_YES if self._yes else NOBODY_TO_ASK)


async def _line() -> str:
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
