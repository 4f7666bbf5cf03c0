"""This module starts a process that waits, limits it, and lets it go on.

A process that runs already could start others before its limits are set. So a
shell is started that waits for a word from us, gets limits and mark meanwhile, and
then becomes the program. If we end before, it ends too.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable

from lsp_server.sandbox.limits import Limits, apply_limits
from lsp_server.sandbox.sandbox import ProcessSpec, SandboxedProcess

START_SECONDS_MAX = 10.0

GATE_OF_BASH = 'read -r -u "$0" && eval "exec $0<&-" && exec "$@"'
GATE_OF_SH = 'read -r _ < "/dev/fd/$0" && exec "$@"'
"""Wait for a line on the descriptor that is the first argument, then become the rest of them."""


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

    Raises OSError; then nothing runs. Blocks for some milliseconds, and for
    START_SECONDS_MAX at most.
    """
    _check_program(spec)
    if mark is None:
        return SandboxedProcess(_popen(argv, spec, pass_fds, restrict), None)
    read_end, write_end = os.pipe()
    try:
        gated = (*_gate(read_end), *argv)
        process = _popen(gated, spec, (*pass_fds, read_end), restrict)
        try:
            apply_limits(process.pid, limits, mark)
        except PermissionError:
            mark = None  # Something around us forbids it; the probe shows what that costs.
        except OSError:
            process.kill()
            process.wait()
            raise
        os.write(write_end, b"\n")
    finally:
        os.close(read_end)
        os.close(write_end)
    return SandboxedProcess(process, mark)


def _popen(
    argv: Iterable[str],
    spec: ProcessSpec,
    pass_fds: Iterable[int],
    restrict: Callable[[], None] | None,
) -> subprocess.Popen[bytes]:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            tuple(argv),
            cwd=spec.cwd,
            env=spec.environment,
            stdin=spec.stdin,
            stdout=spec.stdout,
            stderr=spec.stderr,
            pass_fds=(*pass_fds, *spec.pass_fds),
            start_new_session=True,
        )

    return start() if restrict is None else _in_thread(restrict, start)


def _gate(descriptor: int) -> tuple[str, ...]:
    """The shell that waits. A plain sh loses variables with unusual names."""
    if bash := shutil.which("bash", path=os.defpath):
        # It runs outside of the sandbox, and what a person's own files say is not for it.
        return bash, "--norc", "-pc", GATE_OF_BASH, str(descriptor)
    return "/bin/sh", "-c", GATE_OF_SH, str(descriptor)


def _check_program(spec: ProcessSpec) -> None:
    """Raises FileNotFoundError as a start without the gate would."""
    name = spec.argv[0]
    found = name if os.sep in name else shutil.which(name, path=spec.environment.get("PATH"))
    if found is None or not (spec.cwd / found).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    if not spec.cwd.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(spec.cwd))
    if not spec.cwd.is_dir():
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
