"""This module words why a path was not changed: a person did something to it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConflictWords:
    """A `ConflictWords` has a sentence for each way in which a change cannot be merged.

    `reason` names the change to the person who reviews its edits, `hint` says what helps.
    `made` is for a path at which something was made by both sides, `gone` for one that
    is not there any more, `changed` for one that the change removes.
    """

    reason: str
    lines: str
    hint: str
    link: str
    made: str
    gone: str
    changed: str
    binary: str
    not_kept: str


OF_UNDO = ConflictWords(
    reason="undo",
    lines="the same lines were changed since",
    hint="undo them by hand",
    link="it is a symbolic link by now",
    made="it was deleted by the run and has been created anew since",
    gone="it has been deleted since",
    changed="it was created by the run and has been changed since",
    binary="it is binary and has been changed since",
    not_kept="its earlier content was not kept",
)
"""For changes of a run that are taken back."""

OF_ATTEMPT = ConflictWords(
    reason="attempt",
    lines="the same lines were changed here since the attempt began",
    hint="change them by hand, as the comparison of the attempts shows them",
    link="it is a symbolic link here by now",
    made="it was made here too since the attempt began, and is another one",
    gone="it was deleted here since the attempt began",
    changed="the attempt deletes it, and it was changed here since",
    binary="it is binary, and was changed here since the attempt began",
    not_kept="its content was not kept",
)
"""For changes of an attempt that are carried over."""
