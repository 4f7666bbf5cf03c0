"""This module locks files between processes; a lock is released when its process ends, however."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock


class ProcessLock:
    """A lock on the file `path`, which is made when it is missing and is never removed.

    One object may be used from any thread. Two objects on one path exclude each
    other, in one process too.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "writer.lock"
    >>> first, second = ProcessLock(path), ProcessLock(path)
    >>> first.acquire(), second.acquire()
    (True, False)
    >>> first.release()
    >>> second.acquire()
    True
    >>> second.release()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # The kernel's own lock, as it falls with a killed process; kept for all threads.
        self._lock = filelock.UnixFileLock(path, mode=0o600, thread_local=False)
        self._taking = threading.Lock()

    @property
    def held(self) -> bool:
        """Returns True while this object holds the lock."""
        return self._lock.is_locked

    def acquire(self) -> bool:
        """Takes the lock if nobody else has it; returns whether this object holds it. Never waits.

        Raises OSError when the file cannot be made.
        """
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        return True

    def release(self) -> None:
        """Gives the lock back; does nothing when it is not held."""
        self._lock.release()

    def take(self) -> bool:
        """Takes the lock if nobody has it, this object included; returns whether it did. Never waits.

        Raises OSError when the file cannot be made.
        """
        with self._taking:
            return not self.held and self.acquire()

    @contextmanager
    def waiting(self, seconds_max: float) -> Iterator[None]:
        """Holds the lock for a `with` block, after waiting for it. Blocking.

        Raises TimeoutError when somebody else keeps it for longer than
        `seconds_max`, OSError when the file cannot be made.
        """
        try:
            self._lock.acquire(timeout=seconds_max)
        except filelock.Timeout:
            raise TimeoutError(f"{self.path} was locked for {seconds_max:g} s") from None
        try:
            yield
        finally:
            self._lock.release()


def is_locked(path: Path) -> bool:
    """Returns True when some process holds the lock on that file; False where there is no such file."""
    if not path.exists():
        return False
    lock = ProcessLock(path)
    try:
        if not lock.acquire():
            return True
    except OSError:
        # Where nothing can be written, no process of ours works either.
        return False
    lock.release()
    return False
