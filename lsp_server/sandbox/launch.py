"""This module starts a process stopped, limits it, and lets it go on.

A process that runs already could start others before its limits are set. So a
shell is started that stops itself, gets limits and mark from outside, and then
becomes the program.
"""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lsp_server.sandbox.limits import Limits, apply_limits
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess

GATE = 'kill -STOP $$ && exec "$@"'
START_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.0003


def launch(
    argv: Iterable[str],
    spec: ProcessSpec,
    *,
    limits: Limits,
    mark: int | None,
    restrict: Callable[[], None] | None = None,
    pass_fds: Iterable[int] = (),
) -> SandboxedProcess:
    """Starts `argv` with the folder, environment and streams of `spec`, limited from its start.

    With `restrict` it is started from a thread of its own, on which that is called
    first: what restricts the thread restricts its children. Without it the calling
    thread starts it, and a process that shall die with its parent dies with that thread.

    Raises OSError; then nothing runs.
    """
    _check_program(spec)
    gated = (*_gate(), *argv) if mark is not None else tuple(argv)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            gated,
            cwd=spec.cwd,
            env=spec.environment,
            stdin=spec.stdin,
            stdout=spec.stdout,
            stderr=spec.stderr,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )

    process = start() if restrict is None else _in_thread(restrict, start)
    if mark is not None:
        try:
            _let_go(process.pid, limits, mark)
        except OSError:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return SandboxedProcess(process, mark)


def _let_go(pid: int, limits: Limits, mark: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    # Looked at again and again, since a wait for a stop knows no deadline.
    while os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= deadline:
            raise TimeoutError(f"no program was started within {START_SECONDS_MAX:g} s")
        select.select((), (), (), _POLL_SECONDS)
    apply_limits(pid, limits, mark)
    os.kill(pid, signal.SIGCONT)


def _gate() -> tuple[str, ...]:
    """The shell that stops itself. A plain sh loses variables with unusual names."""
    if bash := shutil.which("bash", path=os.defpath):
        return bash, "-pc", GATE, "bash"
    return "/bin/sh", "-c", GATE, "sh"


def _check_program(spec: ProcessSpec) -> None:
    """Raises FileNotFoundError as a start without the gate would."""
    name = spec.argv[0]
    found = name if os.sep in name else shutil.which(name, path=spec.environment.get("PATH"))
    if found is None or not (spec.cwd / found).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if not Path(spec.cwd).is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(spec.cwd))


def _in_thread(
    restrict: Callable[[], None], start: Callable[[], subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes]:
    started: list[subprocess.Popen[bytes]] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            restrict()
            started.append(start())
        except BaseException as error:  # noqa: BLE001 - raised anew in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, name="sandbox", daemon=True)
    thread.start()
    thread.join(START_SECONDS_MAX)
    if failed:
        raise failed[0]
    if not started:
        raise TimeoutError(f"no program was started within {START_SECONDS_MAX:g} s")
    return started[0]
