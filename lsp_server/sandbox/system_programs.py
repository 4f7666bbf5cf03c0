"""This module finds the programs that confine others, which run without a sandbox themselves."""

from __future__ import annotations

import shutil

FOLDERS = (
    *("/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"),
    *("/run/wrappers/bin", "/run/current-system/sw/bin", "/nix/var/nix/profiles/default/bin"),
)
"""Where the system keeps programs. The PATH may lead into a project, as to a virtual
environment there, where a command could have put a program of the same name."""


def find_system_program(name: str) -> str | None:
    """Returns the whole path of a program of the system, None where there is none.

    >>> find_system_program("no-such-program") is None
    True
    """
    return shutil.which(name, path=":".join(FOLDERS))
