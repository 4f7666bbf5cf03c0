"""This module reads what a person types while a run is at work."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable
from contextlib import suppress

from lsp_server.cli.line_editor import LineEditor

READ_BYTES = 4096
_PASTES_ON, _PASTES_OFF = "\x1b[?2004h", "\x1b[?2004l"


class Keyboard:
    """A `Keyboard` gives each line that is typed to `on_line`; close it, which restores the terminal.

    What is typed is not shown by the terminal: `editor.text` has it. Nothing is read where
    standard input is no terminal, or one that another process has.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self.editor = LineEditor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._before: list[object] | None = None

    def open(self) -> None:
        """Begins to read; must be called on a running loop."""
        if self._before is None and _is_ours():
            self._before = termios.tcgetattr(sys.stdin)
            self._begin()
            loop = asyncio.get_running_loop()
            loop.add_reader(sys.stdin.fileno(), self._read)
            # A shell that brings the process back leaves the terminal as it likes it.
            loop.add_signal_handler(signal.SIGCONT, self._begin)

    def close(self) -> None:
        """Ends it; what is written of a line stays for the next time."""
        if self._before is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(sys.stdin.fileno())
        loop.remove_signal_handler(signal.SIGCONT)
        with suppress(termios.error):  # The terminal is gone.
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]
        _write(_PASTES_OFF)
        self._before = None

    def _begin(self) -> None:
        # Ctrl-C and Ctrl-Z stay what they are.
        with suppress(termios.error):
            tty.setcbreak(sys.stdin, termios.TCSADRAIN)
        _write(_PASTES_ON)

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        for line in self.editor.feed(self._decoder.decode(data)):
            if line.strip():
                self._on_line(line)


def _is_ours() -> bool:
    """Says whether the terminal is one that we may read from."""
    try:
        return (
            sys.stdin is not None
            and sys.stdin.isatty()
            and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        )
    except (OSError, ValueError):
        return False


def _write(sequence: str) -> None:
    with suppress(OSError):
        sys.stdout.write(sequence)
        sys.stdout.flush()
