"""A `Suggestion` is one change that evolution proposes, and a person accepts or rejects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.domain.memories import FactStatus
from lsp_server.evolution.lesson import LessonKind
from lsp_server.memory.digest import digest

SuggestionKind: TypeAlias = Literal[
    "keep_fact",
    "retire_fact",
    "review_fact",
    "keep_skill",
    "keep_command",
    "retire_skill",
    "review_skill",
]
"""`keep_fact`: a new fact. `retire_fact`: one of Holdfast's own is told no more; it goes
stale, is merged into another one, or is demoted to a claim.
`review_fact`: a person's own seems wrong; nothing is done to it. `keep_skill`, `keep_command`: a file
of that kind is written. `retire_skill`: one of Holdfast's own goes. `review_skill`: a person's own
seems to be of no use; nothing is done to it."""
DREAM_KINDS: tuple[SuggestionKind, ...] = (
    *("keep_fact", "retire_fact", "review_fact", "retire_skill", "review_skill"),
)
"""Those that a dream suggests."""
FILE_KINDS: tuple[SuggestionKind, ...] = ("keep_skill", "keep_command")
"""Those about a file, whose text is that of the suggestion."""
KEPT_KINDS: tuple[SuggestionKind, ...] = ("keep_fact", *FILE_KINDS)
"""Those whose text is kept once it is accepted."""
SuggestionState: TypeAlias = Literal["open", "accepted", "rejected"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A `Suggestion` is a change with what shows that it is right.

    `text` is the fact that it is about, `target` its id where there is one. `why` says in a
    sentence what was seen, `evidence` are ids of actions in journals. `command` shows it again
    when it succeeds, and `shown` says that it did. `at` is the time when the suggestion was made,
    `applied` the text as it was accepted, which a person may have edited, and `before` what
    a fact was then. A fact that is retired `becomes` another, and with `into` the fact of that id takes
    its evidence. `lesson` is the kind of lesson that it came from, and `runs` how many runs bear it
    out; `by_model` says that a model found it. Of a file, `path` is its place in the workspace, `replaces`
    the text that it has to have, empty where there has to be none, `replay` what trying it on past tasks
    showed, and `fixed` its text before a model worded it.
    """

    id: Id
    kind: SuggestionKind
    text: str
    why: str
    evidence: tuple[Id, ...] = ()
    target: Id = ""
    command: str = ""
    shown: bool = False
    state: SuggestionState = "open"
    at: str = ""
    applied: str = ""
    before: FactStatus | Literal[""] = ""
    becomes: FactStatus = "stale"
    into: Id = ""
    lesson: LessonKind | Literal[""] = ""
    runs: int = 0
    by_model: bool = False
    path: str = ""
    replaces: str = ""
    replay: str = ""
    fixed: str = ""

    @property
    def headline(self) -> str:
        """Returns what it is about, in a line: the text of a fact, the path of a file."""
        return self.path or self.applied or self.text


def suggestion(
    kind: SuggestionKind,
    text: str,
    why: str,
    *,
    evidence: tuple[Id, ...] = (),
    target: Id = "",
    command: str = "",
    lesson: LessonKind | Literal[""] = "",
    runs: int = 0,
) -> Suggestion:
    """Makes a suggestion, whose id is always the same for the same change.

    >>> one = suggestion("keep_fact", "`make` builds it.", "seen in 2 runs")
    >>> one.id == suggestion("keep_fact", "`make` builds it.", "seen in 3 runs").id
    True
    """
    name = digest("suggestion", kind, target or text)[:8]
    return Suggestion(name, kind, text, why, evidence, target, command, lesson=lesson, runs=runs)
