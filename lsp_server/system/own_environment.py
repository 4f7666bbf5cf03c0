"""This module keeps our keys out of what the system shows of our environment.

Linux shows the environment that a process was started with to every process of the same
user, so a command could read there what was taken from its own.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

KEY_PREFIXES = ("HOLDFAST_", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
"""Variables that are ours alone: no command gets them."""

_START, _END = 47, 48
"""Where the environment lies, among the fields of /proc/self/stat behind the name in brackets."""


def hide_keys() -> None:
    """Blanks the values of our variables where the process was given them; we keep them.

    To be called while there is one thread. Does nothing where the system shows nothing.
    """
    if sys.platform != "linux":
        return
    ours = {name: value for name, value in os.environ.items() if name.startswith(KEY_PREFIXES)}
    if not ours:
        return
    try:
        fields = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        start, end = int(fields[_START]), int(fields[_END])
    except (OSError, IndexError, ValueError):
        return
    os.environ.update(ours)  # The C library keeps copies from here on.
    block = ctypes.string_at(start, end - start) if 0 < start < end else b""
    at = start
    for entry in block.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if os.fsdecode(name) in ours:
            ctypes.memset(at + len(entry) - len(value), 0, len(value))
        at += len(entry) + 1
