"""This module says in words what evolution did, for every front door."""

from __future__ import annotations

from lsp_server.text.count import count_of


def dream_text(runs: int, new: int, applied: int, waiting: int) -> str:
    """Says what a look at past runs brought.

    >>> dream_text(12, 3, 1, 4)
    'looked at 12 past runs: 3 new suggestions, 1 took effect by itself; 4 wait in .holdfast/inbox.md'
    >>> dream_text(0, 0, 0, 0)
    'there are no past runs to learn from yet'
    """
    if not runs:
        return "there are no past runs to learn from yet"
    looked = f"looked at {count_of(runs, 'past run')}"
    found = _some(new, "new suggestion")
    done = (
        f", {applied} took effect by {'itself' if applied == 1 else 'themselves'}"
        if applied
        else ""
    )
    verb = "waits" if waiting == 1 else "wait"
    left = f"; {waiting} {verb} in .holdfast/inbox.md" if waiting else ""
    return f"{looked}: {found}{done}{left}"


def inbox_text(new: int) -> str:
    """Says that there is something new in the inbox.

    >>> inbox_text(2)
    'past runs gave 2 suggestions; .holdfast/inbox.md shows them'
    """
    return f"past runs gave {count_of(new, 'suggestion')}; .holdfast/inbox.md shows them"


def model_text(was_asked: bool, added: int, dropped: int, problem: str) -> str:
    """Says what a model added to a dream, or would add.

    >>> model_text(True, 2, 1, "")
    'a model added 2 suggestions; 1 of what it said is not borne out by runs, and left out'
    >>> model_text(True, 0, 0, "no endpoint answers")
    'no model was asked to an end: no endpoint answers'
    """
    if problem:
        return f"no model was asked{' to an end' if was_asked else ''}: {problem}"
    if not was_asked:
        return (
            "no model was asked; with `--model`, or `evolution.auto`, one also finds what you said in "
            "other words, which command belongs to which work, and facts that say the same"
        )
    found = f"a model added {_some(added, 'suggestion')}"
    verb = "is" if dropped == 1 else "are"
    left = f"; {dropped} of what it said {verb} not borne out by runs, and left out"
    return found + (left if dropped else "")


def distill_text(runs: int, drafts: int, new: int) -> str:
    """Says what a look for procedures in past runs brought.

    >>> distill_text(12, 2, 1)
    'looked at 12 past runs: 2 procedures are worth a file, 1 draft new'
    >>> distill_text(12, 0, 0)
    'looked at 12 past runs: nothing recurs that is worth a skill'
    """
    if not runs:
        return "there are no past runs to learn from yet"
    looked = f"looked at {count_of(runs, 'past run')}"
    if not drafts:
        return f"{looked}: nothing recurs that is worth a skill"
    found = "1 procedure is" if drafts == 1 else f"{drafts} procedures are"
    made = f"{_drafts(new)} new" if new else "no new draft"
    return f"{looked}: {found} worth a file, {made}"


def worded_text(drafts: int) -> str:
    """Says that a model worded drafts.

    >>> worded_text(1)
    'a model worded 1 draft; the inbox shows the difference'
    """
    return f"a model worded {_drafts(drafts)}; the inbox shows the difference"


def replays_text(kept: int, dropped: int, left: int, untried: int, stopped: str) -> str:
    """Says what past tasks showed of drafts; `left` are those with which none can be done again.

    `stopped` is why `untried` ones were not tried.

    >>> replays_text(1, 2, 0, 0, "")
    'past tasks were done again with 3 drafts: 1 verified, 2 dropped'
    >>> replays_text(0, 0, 0, 1, "")
    'with a model, `holdfast distill --replay` does past tasks again, with 1 draft and without, and keeps what helps'
    """
    parts = []
    if kept or dropped:
        ended = f"{kept or 'none'} verified, {dropped or 'none'} dropped"
        parts.append(f"past tasks were done again with {_drafts(kept + dropped)}: {ended}")
    if left:
        parts.append(f"no past task can be done again with {_drafts(left)}; the inbox says why")
    if untried and stopped:
        parts.append(f"{_drafts(untried)} not tried: {stopped}")
    elif untried:
        parts.append(
            "with a model, `holdfast distill --replay` does past tasks again, "
            f"with {_drafts(untried)} and without, and keeps what helps"
        )
    return "; ".join(parts)


def _drafts(count: int) -> str:
    return count_of(count, "draft")


def _some(number: int, noun: str) -> str:
    return count_of(number, noun) if number else f"no {noun}s"
