"""Who and what the sandbox is tried with on this machine: users, and mechanisms that are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lsp_server.sandbox import landlock, seccomp
from tests.sandbox.arena import PATH

ROOT = Path(__file__).parents[2]
NAMESPACES = (
    *("unshare", "--mount", "--pid", "--ipc", "--net", "--uts", "--kill-child", "--mount-proc"),
    *("sh", "-c"),
)
OWN_PLACES = (
    "for folder in /dev/shm /var/tmp; do mount -t tmpfs -o mode=1777 none $folder || exit; done; "
    'ip link set lo up || exit; exec "$0" "$@"'
)
NOBODY = "65534"


@cache
def isolation() -> tuple[str, ...]:
    """What runs a command among nobody but itself; nothing where that takes rights that we do not have.

    The attacks are made without a sandbox too, and a sandbox may have a hole: other tests on
    this machine keep their processes, numbers of processes, ports and shared memory.
    """
    prefix = (*NAMESPACES, OWN_PLACES)
    tried = subprocess.run((*prefix, "true"), capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()


@dataclass(frozen=True, slots=True)
class User:
    """A user and how to run Python as them."""

    name: str
    python: tuple[str, ...]

    def run(self, module: str, *arguments: str, rows: Mapping[str, Any], token: str = "") -> Any:
        """Runs a module of these tests with the rows as JSON, and returns what it answers."""
        done = subprocess.run(
            (*isolation(), *self.python, "-B", "-m", module, *arguments),
            cwd=ROOT,
            input=json.dumps(rows),
            env={"PATH": PATH, "ARENA_TOKEN": token, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)


def users() -> list[User]:
    """Ourselves, and as root an ordinary user too where one can run Python here."""
    name = "root" if os.geteuid() == 0 else "an ordinary user"
    found = [User(name, (sys.executable,))]
    if os.geteuid() == 0 and shutil.which("setpriv"):
        change = ("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups")
        for python in (sys.executable, "/usr/bin/python3"):
            # By a shell, as setpriv itself still opens what only root may.
            argv = (*change, "sh", "-c", 'exec "$0" "$@"', python)
            tried = subprocess.run(
                (
                    *argv,
                    "-B",
                    "-c",
                    "import sys, tests.sandbox.arena; sys.version_info > (3, 11) or 1/0",
                ),
                cwd=ROOT,
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return [*found, User("an ordinary user", argv)]
    return found


def mechanisms() -> list[str]:
    """The names of those that could work here; that they do is what the tests show."""
    found = []
    if landlock.version() and seccomp.is_known():
        found.append("landlock")
    if shutil.which("bwrap"):
        found.append("bubblewrap")
    return found
