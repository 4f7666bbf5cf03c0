"""This module answers the calls that a filter lets wait, by the file that each is about.

Landlock does not bound who owns a file, its mode, times and extended attributes, and
a filter cannot see which file a path means. So such a call waits, and a thread of ours
looks at the file, asks the policy and makes the change itself. See
`man 2 seccomp_unotify`, whose warning about paths that change meanwhile is why the
call is never let go on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from lsp_server.sandbox import seccomp
from lsp_server.sandbox.metadata_calls import metadata_calls
from lsp_server.sandbox.policy import Policy
from lsp_server.sandbox.waiting_call import WaitingCall

QUESTION = struct.Struct("QIIiIQ6Q")
"""Its number, the thread, flags, the call, the architecture, the instruction, the arguments."""
ANSWER = struct.Struct("QqiI")
"""The number of the question, what the call returns, its error and flags."""
RECEIVE, SEND, STILL_WAITS = 0xC0502100, 0xC0182101, 0x40082102
"""The requests to a listener, which hold the sizes of what they carry."""


def restrict_thread_and_answer(filter_program: bytes, policy: Policy) -> None:
    """Installs the filter on the calling thread, and answers what it asks about. Raises OSError.

    The answers come from a thread that is started before: it has no more rights than
    the calling one has now, and lives until the last process with the filter ended.
    """
    # A queue, since the descriptor is there only when the filter is.
    listeners: SimpleQueue[int | None] = SimpleQueue()
    threading.Thread(
        target=_answer_all, args=(listeners, policy), name="sandbox calls", daemon=True
    ).start()
    listener = None
    try:
        listener = seccomp.restrict_thread_and_listen(filter_program)
    finally:
        listeners.put(listener)


def _answer_all(listeners: SimpleQueue[int | None], policy: Policy) -> None:
    listener = listeners.get()
    if listener is None:
        return
    try:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
            _answer(listener, policy)
    finally:
        os.close(listener)


def _answer(listener: int, policy: Policy) -> None:
    question = bytearray(QUESTION.size)
    with suppress(OSError):  # The process may have ended, before or after its question.
        fcntl.ioctl(listener, RECEIVE, question)
        number, thread, _, call, _, _, *arguments = QUESTION.unpack(question)
        error = _perform(listener, number, call, WaitingCall(thread, tuple(arguments)), policy)
        fcntl.ioctl(listener, SEND, ANSWER.pack(number, 0, -error, 0))


def _perform(listener: int, number: int, call: int, waiting: WaitingCall, policy: Policy) -> int:
    """Makes the change if the policy allows it. Returns the number of the error; 0 for none."""
    try:
        metadata_call = metadata_calls()[call]
        descriptor = metadata_call.open(waiting)
        try:
            # Only while the call waits, the thread with that number is the one that made it.
            fcntl.ioctl(listener, STILL_WAITS, struct.pack("Q", number))
            file = f"/proc/self/fd/{descriptor}"
            if not _may_change(str(Path(file).readlink()), policy):
                return errno.EPERM
            metadata_call.change(waiting, file)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno or errno.EPERM
    except Exception:  # noqa: BLE001 - a call that nobody answers would wait for good
        return errno.EPERM
    return 0


def _may_change(place: str, policy: Policy) -> bool:
    # What is in no folder, such as a pipe or memory, belongs to the processes themselves.
    return place[0] != "/" or place.startswith("/memfd:") or policy.may_write(Path(place))
