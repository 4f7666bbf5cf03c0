"""This module puts suggestions in groups of one kind and subject, what is worth most first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsp_server.evolution.suggestion import Suggestion

SHOWN_MAX = 5
"""So many of a group are shown at once; the next come up as these are answered."""

TITLES = {
    "said": "What you said more than once",
    "skills": "What runs do again and again",
    "undone": "Changes that you took back",
    "checks": "Commands that check the work",
    "fixes": "What helps when a check fails",
    "retire": "What holds no more",
    "yours": "Yours to look at",
    "pairs": "Files that change together",
    "facts": "Other facts",
}
"""What a group is called, by the name with which it is answered; in the order of their worth."""

_OF_KIND = {
    "retire_fact": "retire",
    "review_fact": "yours",
    "retire_skill": "retire",
    "review_skill": "yours",
    "keep_skill": "skills",
    "keep_command": "skills",
}
_OF_LESSON = {
    "check": "checks",
    "fix": "fixes",
    "pair": "pairs",
    "person": "said",
    "undo": "undone",
}


@dataclass(frozen=True, slots=True)
class InboxGroup:
    """An `InboxGroup` has the suggestions of one kind and subject, those of most runs first."""

    name: str
    suggestions: tuple[Suggestion, ...]

    @property
    def title(self) -> str:
        """Returns what people call it."""
        return TITLES[self.name]

    @property
    def shown(self) -> tuple[Suggestion, ...]:
        """Returns those that are shown at once."""
        return self.suggestions[:SHOWN_MAX]

    @property
    def more(self) -> int:
        """Returns how many wait behind those that are shown."""
        return len(self.suggestions) - len(self.shown)


def grouped(suggestions: Iterable[Suggestion]) -> tuple[InboxGroup, ...]:
    """Returns the groups that these suggestions are in, none of them empty."""
    of_group: dict[str, list[Suggestion]] = {name: [] for name in TITLES}
    for one in suggestions:
        of_group[group_name(one)].append(one)
    return tuple(
        InboxGroup(name, tuple(sorted(found, key=lambda one: -one.runs)))
        for name, found in of_group.items()
        if found
    )


def most_valuable_first(suggestions: Iterable[Suggestion]) -> Sequence[Suggestion]:
    """Returns suggestions in the order of their groups."""
    return [one for group in grouped(suggestions) for one in group.suggestions]


def groups_text(groups: Sequence[InboxGroup]) -> str:
    """Says how many suggestions wait, and in which groups.

    >>> groups_text(grouped([Suggestion("1", "keep_fact", "`make` checks it.", "", lesson="check")]))
    '1 suggestion waits: commands that check the work (1)'
    """
    count = sum(len(group.suggestions) for group in groups)
    if not count:
        return "nothing waits in the inbox"
    named = ", ".join(f"{_in_sentence(one.title)} ({len(one.suggestions)})" for one in groups)
    return f"{count} suggestion{'s wait' if count > 1 else ' waits'}: {named}"


def group_name(suggestion: Suggestion) -> str:
    """Returns the name of the group that a suggestion is in.

    >>> group_name(Suggestion("1", "keep_fact", "`make` checks it.", "", lesson="check"))
    'checks'
    """
    found = _OF_KIND.get(suggestion.kind) or _OF_LESSON.get(suggestion.lesson)
    return found or "facts"


def _in_sentence(title: str) -> str:
    return title[:1].lower() + title[1:]
