"""A `Draft` is a skill or a custom command that says how a procedure goes, before anybody has kept it.

Its text is a fixed form of words around commands and paths, as that of a lesson is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.evolution.draft_file import ARGUMENTS, NOT_REPLAYED, DraftFile
from lsp_server.evolution.procedures import Procedure
from lsp_server.evolution.run_steps import OPEN_WORD, Step
from lsp_server.text.count import count_of

DraftKind: TypeAlias = Literal["keep_skill", "keep_command"]

NAME_CHARS_MAX = 48
NAMED_MAX = 3
"""So many commands stand in a description."""
CASES_MAX = 2
"""So many runs, the newest, are no source of a draft, so that it can be tried on them."""
SOURCES_MIN = 2

_STEP = re.compile(r"^\d+\. (Run|Change) `([^`\n]+)`\.$", re.MULTILINE)
_MADE_BY = "holdfast"


@dataclass(frozen=True, slots=True)
class Words:
    """`Words` are what a draft says beside its steps: what it is good for, and what to heed."""

    description: str
    note: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A `Draft` is the text of a file that a procedure suggests.

    `sources` are the runs that it comes from, `cases` those with the same procedure on which it
    can be tried. `evidence` are ids of actions, `seen` says in how many runs it was. `path` is relative to the
    workspace; with `replaces` the file has to have that
    text, else there has to be none. `at` is the time when it was made, and
    `is_worded` says that a model worded it.
    """

    kind: DraftKind
    path: str
    steps: tuple[Step, ...]
    words: Words
    sources: tuple[Id, ...]
    cases: tuple[Id, ...]
    evidence: tuple[Id, ...]
    seen: str
    at: str
    replaces: str = ""
    is_worded: bool = False

    @property
    def file(self) -> DraftFile:
        """Returns the file as it would lie on the disk."""
        return DraftFile(self.path, self.text)

    @property
    def runs(self) -> int:
        """Returns how many runs had the procedure."""
        return len(self.sources) + len(self.cases)

    @property
    def text(self) -> str:
        """Returns the file's text."""
        return "\n".join([*self._head(), "", *self._body()]) + "\n"

    def _head(self) -> Iterator[str]:
        yield "---"
        if self.kind == "keep_skill":
            yield f"name: {PurePosixPath(self.path).parent.name}"
        yield f"description: {_quoted(self.words.description)}"
        yield "metadata:"
        yield f"  made-by: {_MADE_BY}"
        yield f"  made-at: {_quoted(self.at)}"
        yield f"  from-runs: {_quoted(' '.join(self.sources))}"
        yield f"  seen-in: {_quoted(self.seen)}"
        if self.is_worded:
            yield "  worded-by: model"
        yield f"  replay: {_quoted(NOT_REPLAYED)}"
        yield "---"

    def _body(self) -> Iterator[str]:
        yield "Past runs did this in the following order, and it went well:"
        yield ""
        yield from (f"{number}. {step.text}" for number, step in enumerate(self.steps, 1))
        yield ""
        yield self.words.note
        if self.kind == "keep_command":
            yield ""
            yield ARGUMENTS


def new_draft(procedure: Procedure, at: str) -> Draft:
    """Makes the smallest file that helps: a command where runs did nothing else, else a skill."""
    kind: DraftKind = "keep_command" if procedure.whole else "keep_skill"
    name = draft_name(procedure.steps)
    folder = ".holdfast/skills" if kind == "keep_skill" else ".holdfast/commands"
    path = f"{folder}/{name}/SKILL.md" if kind == "keep_skill" else f"{folder}/{name}.md"
    held_out = min(CASES_MAX, len(procedure.runs) - SOURCES_MIN)
    sources = procedure.runs[: len(procedure.runs) - held_out]
    return Draft(
        kind,
        path,
        procedure.steps,
        fixed_words(procedure.steps),
        sources,
        procedure.runs[len(sources) :],
        procedure.evidence,
        f"{len(procedure.runs)} of {count_of(procedure.seen, 'run')} that did a part of it",
        at,
    )


def fixed_words(steps: Sequence[Step]) -> Words:
    """Returns the words of a draft that no model words."""
    commands = [f"`{one.what}`" for one in steps if one.kind == "run"]
    named = commands[:NAMED_MAX]
    more = f" and {len(commands) - NAMED_MAX} more" if len(commands) > NAMED_MAX else ""
    together = ", ".join(named) + more
    description = (
        f"How {together} go together in this project, and in which order. "
        "Load it before you run one of them."
    )
    note = "Stop at the first command that fails. Leave out what the task does not need."
    if any(OPEN_WORD in one.what.split() for one in steps):
        note += f" `{OPEN_WORD}` is what the task names."
    return Words(description, note)


def draft_name(steps: Sequence[Step]) -> str:
    """Returns a name out of the words of the commands.

    >>> draft_name([Step("run", "make bump"), Step("run", "make dist-all")])
    'make-bump-dist-all'
    """
    words: list[str] = []
    for step in steps:
        if step.kind == "run":
            named = (word for word in step.what.split() if re.match(r"[A-Za-z]", word))
            words += [PurePosixPath(word).stem for word in named if word != OPEN_WORD]
    name = ""
    for word in dict.fromkeys(re.sub(r"[^a-z0-9]+", "-", one.lower()).strip("-") for one in words):
        if word and len(name) + len(word) < NAME_CHARS_MAX:
            name = f"{name}-{word}".strip("-")
    return name or "procedure"


def steps_in(text: str) -> tuple[Step, ...]:
    """Returns the steps that a draft's text has.

    >>> steps_in("1. Run `make a`.\\n2. Change `b.md`.")
    (Step(kind='run', what='make a'), Step(kind='change', what='b.md'))
    """
    return tuple(
        Step("run" if found[1] == "Run" else "change", found[2]) for found in _STEP.finditer(text)
    )


def _quoted(text: str) -> str:
    """The text as YAML reads it back, whatever it begins with."""
    return json.dumps(text, ensure_ascii=False)
