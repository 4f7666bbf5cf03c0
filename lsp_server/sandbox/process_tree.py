"""This module finds and ends all that a command started, also what left its process group.

A program may start a session of its own, be orphaned and clear its environment. It
keeps the limits that it was started with, so each command gets one of them as its
mark: an unusual value that nothing inside a sandbox can change (`limits.py`,
`seccomp.py`) and that anybody may read under /proc.

A watch, one small process for each of ours, ends what carries our marks when our
process has ended, however it ended.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from lsp_server.sandbox.sandbox import SandboxedProcess
from lsp_server.system.cancellation import to_its_end

PROC = Path("/proc")
END_SECONDS_MAX = 5.0
"""How long the end of a tree is waited for; a process in the kernel may take longer."""
EMPTY_LOOKS = 5
"""After so many looks that found nothing there is nothing. One is not enough where processes are
started meanwhile: one of ours may have started another and be gone."""
_POLL_SECONDS = 0.001
_COMMANDS_MAX = 1_000_000
"""How many marks one process of ours has, as the last six digits of each."""
FIRST_MARKS = 10**11
"""The smallest number that marks begin with: no limit that a system sets by itself is as large."""
_WRAPPERS = frozenset({"bwrap"})

WATCH = """
umask 077
mark=$1
shift
while IFS= read -r path && IFS= read -r root; do set -- "$@" "$path" "$root"; done
tries=0 empty=0
while [ $empty -lt 3 ] && [ $tries -lt 100 ]; do
  found=$(grep -ls "Max realtime timeout  *$mark" /proc/[0-9]*/limits | cut -d/ -f3)
  if [ -n "$found" ]; then kill -9 $found 2>/dev/null; empty=0; else empty=$((empty + 1)); fi
  tries=$((tries + 1))
done
while [ $# -gt 1 ]; do
  if [ -e "$1" ]; then
    : > "$1.ended"
    find "$2" -name .git -prune -o -name node_modules -prune -o -print0 > "$1.listing"
    mv "$1.listing" "$1.there"
  fi
  shift 2
done
"""
"""Waits until its standard input ends, which our death does too; then ends what is marked.

Its input names files and folders by turns. Beside each of those files that is still there
it puts one that says when all had ended, and a list of what was in the folder then.
"""


class ProcessTrees:
    """`ProcessTrees` gives marks to the commands of this process and keeps a watch over them.

    Marks are given where there is /proc; elsewhere `new_mark` returns None.
    """

    def __init__(self) -> None:
        # Twelve digits of our own in front of the six of a command, so that the
        # watch knows ours; the whole is far below the largest limit.
        self._first = (FIRST_MARKS + secrets.randbelow(9 * FIRST_MARKS)) * _COMMANDS_MAX
        self._numbers = itertools.count()
        self._lock = Lock()
        self._watch_pid = 0
        self._watch_input = -1

    def new_mark(self) -> int | None:
        """Returns a mark that no other command has, after it made sure that the watch runs."""
        if not _marks_are_there():
            return None
        with self._lock:
            self._watch()
            return self._first + next(self._numbers) % _COMMANDS_MAX

    def note_end(self, path: Path, folder: Path) -> None:
        """Lets the watch note when it has ended all, if we are killed while the file `path` is there.

        The time is that of a file beside it, with `.ended` behind its name. Another, with
        `.there`, has the paths of all that was in `folder` then, each ended by a NUL.
        """
        if not _marks_are_there():
            return
        with self._lock, suppress(OSError):
            self._watch()
            os.write(self._watch_input, b"%b\n%b\n" % (os.fsencode(path), os.fsencode(folder)))

    def _watch(self) -> None:
        if self._watch_pid and not _has_ended(self._watch_pid):
            return
        if self._watch_input >= 0:
            os.close(self._watch_input)
        read_end, self._watch_input = os.pipe()
        try:
            self._watch_pid = os.posix_spawn(
                "/bin/sh",
                ("sh", "-c", WATCH, "sh", str(self._first // _COMMANDS_MAX)),
                {"PATH": os.defpath},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, read_end, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                # What a terminal sends when it closes must not end it.
                setsid=True,
            )
        finally:
            os.close(read_end)


def _marks_are_there() -> bool:
    return (PROC / "self" / "limits").exists() and hasattr(os, "pidfd_open")


@cache
def own_trees() -> ProcessTrees:
    """Returns those of this process: one watch is enough for all that it starts."""
    return ProcessTrees()


def tree_members(mark: int, since: int = 0) -> list[int]:
    """Returns the numbers of the living processes that carry the mark. Blocking, a few ms.

    Looks only at those with a number above `since`.
    """
    needle = f" {mark} ".encode()
    with os.scandir(PROC) as entries:
        numbers = [int(one.name) for one in entries if one.name.isdigit()]
    # The newest first: something that starts another and ends is elsewhere a moment later.
    numbers.sort(reverse=True)
    return [
        number
        for number in numbers
        if number > since and needle in _read(f"{PROC}/{number}/limits") and not _is_dead(number)
    ]


def signal_tree(started: SandboxedProcess, number: int) -> int:
    """Sends the signal to all of the tree, but for a wrapper such as bubblewrap's own processes.

    Returns how many got it. For an end in good order: SIGTERM, a grace, `end_tree`.
    """
    if started.mark is None:
        return _signal_group(started.pid, number)
    members = [pid for pid in tree_members(started.mark) if _name(pid) not in _WRAPPERS]
    # The oldest first: a shell that outlives its child says what ended it.
    return sum(_signal(pid, number, started.mark) for pid in reversed(members))


async def start_whole(start: Callable[[], SandboxedProcess]) -> SandboxedProcess:
    """Starts a process in a thread; where the wait is cancelled meanwhile, the process is ended.

    `start` blocks. Raises what it raises.
    """

    async def work(cancelled: asyncio.Event) -> SandboxedProcess:
        started = await asyncio.to_thread(start)
        if cancelled.is_set():
            await end_whole(started)
        return started

    return await to_its_end(work)


async def end_whole(started: SandboxedProcess) -> None:
    """Ends a process with all that it started, and waits for its end whatever is cancelled."""

    async def work(_: asyncio.Event) -> None:
        await asyncio.to_thread(end_tree, started)
        await started.wait()

    await to_its_end(work)


def end_tree(started: SandboxedProcess, seconds_max: float = END_SECONDS_MAX) -> int:
    """Kills the process and all that it started, and waits until all are gone.

    Returns how many were still alive. Blocking for about two milliseconds, and for
    `seconds_max` at most, so it is called from a thread. What cannot be found for want of a mark is what left the
    process group.

    >>> import subprocess, tempfile
    >>> from lsp_server.sandbox.sandbox import ProcessSpec
    >>> from lsp_server.sandbox.unconfined import Unconfined
    >>> from lsp_server.sandbox.policy import Policy
    >>> command = ProcessSpec(("sleep", "60"), Path(tempfile.gettempdir()), os.environ)
    >>> started = Unconfined().start(command, Policy(()))
    >>> end_tree(started)
    1
    >>> started.process.wait()
    -9
    """
    if started.mark is None:
        return _signal_group(started.pid, signal.SIGKILL)
    ended = _kill_all(started.mark, time.monotonic() + seconds_max)
    started.process.poll()
    return ended


def end_marked(mark: int, seconds_max: float = END_SECONDS_MAX) -> int:
    """Kills all that carries a mark which an earlier process of ours gave. Returns how many. Blocking.

    Raises ValueError for a number that is no mark: others could have it as a limit.
    """
    if mark < FIRST_MARKS * _COMMANDS_MAX:
        raise ValueError(f"{mark} is no mark")
    return _kill_all(mark, time.monotonic() + seconds_max)


def _kill_all(mark: int, deadline: float) -> int:
    ended: set[int] = set()
    since = empty = 0
    while empty < EMPTY_LOOKS and time.monotonic() < deadline:
        newest = _newest()
        found = set(tree_members(mark, since))
        # Stopped first, as something that starts others could outrun us.
        for number, pid in itertools.product((signal.SIGSTOP, signal.SIGKILL), found - ended):
            _signal(pid, number, mark)
        if found and found <= ended:
            select.select((), (), (), _POLL_SECONDS)
        ended |= found
        if not found and _newest() == newest:
            break  # Nobody started anything while we looked.
        # What was there and was not seen was gone before, and left newer ones at most.
        since, empty = (0, 0) if found or newest < since else (newest, empty + 1)
    return len(ended)


def _signal(pid: int, number: int, mark: int) -> bool:
    """Sends it through a descriptor, since the number may have become somebody else's."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if f" {mark} ".encode() not in _read(f"{PROC}/{pid}/limits"):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _signal_group(group: int, number: int) -> int:
    try:
        os.killpg(group, number)
    except OSError:
        return 0
    return 1


def _has_ended(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    return True


def _is_dead(pid: int) -> bool:
    """Whether it waits for its parent to take note of its end, or is gone."""
    fields = _read(f"{PROC}/{pid}/stat").rpartition(b")")[2].split()
    return not fields or fields[0] in (b"Z", b"X")


def _newest() -> int:
    """The number of the process or thread that was started last, on all of the machine."""
    fields = _read(f"{PROC}/loadavg").split()
    return int(fields[-1]) if fields else 0


def _name(pid: int) -> str:
    return _read(f"{PROC}/{pid}/comm").decode("utf-8", "replace").strip()


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
