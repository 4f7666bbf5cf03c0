"""This module says in words what evolution did, for every front door."""

from __future__ import annotations


def dream_text(runs: int, new: int, applied: int, waiting: int) -> str:
    """Says what a look at past runs brought.

    >>> dream_text(12, 3, 1, 4)
    'looked at 12 past runs: 3 new suggestions, 1 took effect by itself; 4 wait in .holdfast/inbox.md'
    >>> dream_text(0, 0, 0, 0)
    'there are no past runs to learn from yet'
    """
    if not runs:
        return "there are no past runs to learn from yet"
    looked = f"looked at {runs} past run{'s' if runs != 1 else ''}"
    found = f"{new or 'no'} new suggestion{'s' if new != 1 else ''}"
    done = f", {applied} took effect by itself" if applied else ""
    left = f"; {waiting} wait in .holdfast/inbox.md" if waiting else ""
    return f"{looked}: {found}{done}{left}"


def inbox_text(new: int) -> str:
    """Says that there is something new in the inbox.

    >>> inbox_text(2)
    'past runs gave 2 suggestions; .holdfast/inbox.md shows them'
    """
    return (
        f"past runs gave {new} suggestion{'s' if new != 1 else ''}; .holdfast/inbox.md shows them"
    )
