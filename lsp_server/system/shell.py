"""This module names the shell in which commands run: bash, or sh where there is none."""

from __future__ import annotations

import shutil


def shell_argv(path: str) -> tuple[str, ...]:
    """Returns what comes before a command: a shell of the folders in `path` that reads no other file first.

    Where its input is a socket, or somebody came in by ssh, bash takes itself for the shell of a
    login and runs `~/.bashrc` before the command (`run_startup_files` in bash's shell.c). `-p`
    and `-c` do not keep it from that.

    >>> shell_argv("/nonexistent")
    ('/bin/sh', '-c')
    """
    if bash := shutil.which("bash", path=path):
        return bash, "--norc", "-c"
    return "/bin/sh", "-c"
