"""This module limits what one command uses up, without cgroups.

The kernel counts file sizes and memory for each process, and processes for each
user. So a limit on processes is what the system runs already and so many more; it
does not bind root.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OUT_OF_MEMORY_SCORE = 500
"""Where memory runs out, the kernel ends a command before the person's own programs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`Limits` say how much a command and its descendants may use up; None is no limit.

    `processes_max` is how many processes and threads may be added to those of the
    user; it does not bind root. `file_bytes_max` is the largest file that one may
    write. `memory_bytes_max` is what each process may ask for; None by default, as
    programs built with sanitizers reserve terabytes that they never use.
    `core_bytes_max` is the largest core file: one goes to a program outside of the
    sandbox, with all that the memory held.
    """

    processes_max: int | None = 4096
    file_bytes_max: int | None = 16 << 30
    memory_bytes_max: int | None = None
    core_bytes_max: int | None = 0


NO_LIMITS = Limits(processes_max=None, file_bytes_max=None, core_bytes_max=None)


def apply_limits(pid: int, limits: Limits, mark: int | None) -> None:
    """Limits the process `pid`, which must be one of ours, and all that it will start.

    With `mark` the process carries that number where nothing inside a sandbox can
    change it: as its limit on realtime work in microseconds, which is thousands of
    years. Raises OSError when the process is gone.
    """
    if not hasattr(resource, "prlimit"):
        return
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(OUT_OF_MEMORY_SCORE))
    processes = limits.processes_max
    wanted = {
        resource.RLIMIT_CORE: limits.core_bytes_max,
        resource.RLIMIT_FSIZE: limits.file_bytes_max,
        resource.RLIMIT_NPROC: None if processes is None else _tasks_now() + processes,
        resource.RLIMIT_DATA: limits.memory_bytes_max,
        resource.RLIMIT_RTTIME: mark,
    }
    for which, amount in wanted.items():
        if amount is not None:
            _lower(pid, which, amount)


def _lower(pid: int, which: int, amount: int) -> None:
    _, hard = resource.prlimit(pid, which)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    with suppress(ValueError):  # Something else lowered it meanwhile, which is as well.
        resource.prlimit(pid, which, (amount, amount))


def _tasks_now() -> int:
    """Processes and threads of all users, as the load average counts them."""
    try:
        return int(Path("/proc/loadavg").read_text("ascii").split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return os.cpu_count() or 1
