"""How often Python looks for garbage: seldom while a process starts, since none is made then.

With Python's own measure a tenth of a start goes there.
"""

from __future__ import annotations

import gc

OBJECTS_AT_START = 50_000
"""New objects between two looks; about what a start makes in all."""
OBJECTS = 700
"""Python's own measure."""


def relax() -> None:
    """Until `as_usual` is called."""
    gc.set_threshold(OBJECTS_AT_START)


def restore() -> None:
    """From here on work makes garbage; what the start made stays, and is not looked through."""
    gc.freeze()
    gc.set_threshold(OBJECTS)
