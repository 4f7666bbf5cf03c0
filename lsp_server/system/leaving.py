"""This module ends the process at once, without waiting for what nobody needs any more."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """Ends the process once its output is written; what was opened must be closed before.

    Python would join its threads, take its modules apart, and let libraries do the same: a tenth
    of a second with a database loaded, and seconds where one is just being loaded.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # Nobody reads, or there is none.
            stream.flush()
    os._exit(status)
