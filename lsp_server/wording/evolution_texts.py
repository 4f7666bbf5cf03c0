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


def model_text(was_asked: bool, added: int, dropped: int, problem: str) -> str:
    """Says what a model added to a dream, or would add.

    >>> model_text(True, 2, 1, "")
    'a model added 2 suggestions; 1 of what it said is not borne out by runs, and left out'
    >>> model_text(True, 0, 0, "no endpoint answers")
    'no model was asked to an end: no endpoint answers'
    """
    if not was_asked:
        return (
            "no model was asked; with `--model`, or `evolution.auto`, one also finds what you said in "
            "other words, which command belongs to which work, and facts that say the same"
        )
    if problem:
        return f"no model was asked to an end: {problem}"
    found = f"a model added {added or 'no'} suggestion{'s' if added != 1 else ''}"
    verb = "is" if dropped == 1 else "are"
    left = f"; {dropped} of what it said {verb} not borne out by runs, and left out"
    return found + (left if dropped else "")
