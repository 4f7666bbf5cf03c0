"""This module ends what an earlier process of ours left running, by a file that names it.

A watch ends all that a killed server had started (`sandbox/process_tree.py`). This is for
when the watch was killed as well. A number of a process is given again, so what has it now
is ended only if it also began when the file says, or carries our mark.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lsp_server.sandbox.process_tree import PROC, end_marked
from lsp_server.sandbox.sandbox import SandboxedProcess
from lsp_server.system.atomic_file import replace_file

FILE_NAME = "background.json"
_START_FIELD = 19
"""The place of the start among the fields that follow the name in `/proc/<pid>/stat`."""


class _Process(BaseModel):
    """A process of a command, as the file has it."""

    model_config = ConfigDict(strict=True, frozen=True)

    pid: int
    began: str
    mark: int | None


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    processes: tuple[_Process, ...] = ()


def name_processes(path: Path, processes: Iterable[SandboxedProcess]) -> None:
    """Writes down what runs, in the place of what the file had. Blocking. Raises OSError."""
    named = tuple(
        _Process(pid=one.pid, began=process_began(one.pid), mark=one.mark) for one in processes
    )
    if not named:
        path.unlink(missing_ok=True)
        return
    text = _File(processes=named).model_dump_json()
    replace_file(path, text.encode(), private=True, durable=False)


def end_left_over(path: Path) -> int:
    """Ends all that the file names and that still runs, and removes the file.

    Returns how many processes it ended. Blocking; raises OSError.
    """
    try:
        found = _File.model_validate_json(path.read_bytes()).processes
    except FileNotFoundError:
        return 0
    except ValidationError:
        found = ()
    ended = sum(map(_end, found))
    path.unlink(missing_ok=True)
    return ended


def process_began(pid: int) -> str:
    """Returns when a process began, as nobody else with its number did; "" for one that is gone.

    >>> process_began(os.getpid()) == process_began(os.getpid()) != ""
    True
    """
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot} {int(fields[_START_FIELD])}"
    except (OSError, ValueError, IndexError):
        return ""


def _end(process: _Process) -> int:
    if process.mark is not None:
        with suppress(ValueError):
            return end_marked(process.mark)
        return 0
    return _end_group(process)


def _end_group(process: _Process) -> int:
    """For a process without a mark: it and what is still in its group."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (OSError, AttributeError):
        return 0
    try:
        # The number cannot become somebody else's while the descriptor is held and it lives.
        if not process.began or process_began(process.pid) != process.began:
            return 0
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return 1
