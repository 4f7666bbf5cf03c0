"""This module lets Python look for garbage seldom while a process starts.

A start makes no garbage, and with Python's own measure a tenth of it goes into looking.
"""

from __future__ import annotations

import gc

OBJECTS_AT_START = 50_000
"""New objects between two looks; about what a start makes in all."""
OBJECTS = 700
"""Python's own measure."""


def relax() -> None:
    """Looks seldom, until `restore` is called."""
    gc.set_threshold(OBJECTS_AT_START)


def restore() -> None:
    """Collects garbage as often as Python does by itself, since from here on work makes it."""
    # What the start made stays as long as the process, so nobody needs to look through it.
    gc.freeze()
    gc.set_threshold(OBJECTS)
