"""This module defines how a person is asked for permission: the question and the answers to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from lsp_server.domain.ids import Id, ToolName

Answer: TypeAlias = Literal["once", "run", "always", "everywhere", "sandboxed", "deny"]
"""What a person can say: yes to this call, or also to the like of it for the rest of the run,
in this project (`always`) or in all projects (`everywhere`); yes and go on in the sandbox
without asking; or no."""

PermissionMode: TypeAlias = Literal["read-only", "ask", "auto-edit", "sandboxed", "full"]
"""How much a run may do without asking, from nothing but reading to all."""

REASON_CHARS_MAX = 2000
"""A longer reason for a denial is cut."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A `Granted` is what a person allowed a run since it began: `mode` None is that of the settings."""

    mode: PermissionMode | None = None
    rules: tuple[str, ...] = ()


NOTHING_GRANTED = Granted()


@dataclass(frozen=True, slots=True)
class Question:
    """A `Question` says what would be done, in words that a person can decide on.

    `summary` is one line. `detail` is the exact operation: the command, or the diff.
    `path` is the target of a file operation, relative to the workspace; a question about
    several edits of one step has the other files as `more_paths`. `rule` is what
    "always" would keep for the project, None when that is not on offer; with `general`
    it names no file of the project, so that it may hold in all of them. `run_rule` is
    what "run" would allow. With `offers_sandbox` the rest of the run may go on in the
    sandbox without asking. `freed_by` are the modes in which nobody would be asked.

    >>> Question("q1", "shell", "run `make`", "make", rule="shell(make)").answers
    ('once', 'always', 'deny')
    """

    id: Id
    tool: ToolName
    summary: str
    detail: str
    path: str | None = None
    rule: str | None = None
    run_rule: str | None = None
    general: bool = False
    offers_sandbox: bool = False
    freed_by: tuple[PermissionMode, ...] = ()
    more_paths: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Returns all files that it is about."""
        return (*([self.path] if self.path is not None else []), *self.more_paths)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Returns the answers on offer, the narrowest yes first."""
        return tuple(each for each in get_args(Answer) if self._offers(each))

    def rule_of(self, answer: Answer) -> str | None:
        """Returns what an answer allows beside this call, None: nothing."""
        match answer:
            case "run":
                return self.run_rule
            case "always":
                return self.rule
            case "everywhere":
                return self.rule if self.general else None
            case _:
                return None

    def freed(self, granted: Granted) -> bool:
        """Says whether nobody has to be asked any more, with what the run is granted now."""
        rules = {self.rule, self.run_rule} - {None}
        return granted.mode in self.freed_by or not rules.isdisjoint(granted.rules)

    def _offers(self, answer: Answer) -> bool:
        match answer:
            case "once" | "deny":
                return True
            case "sandboxed":
                return self.offers_sandbox
            case _:
                return self.rule_of(answer) is not None


@dataclass(frozen=True, slots=True)
class Answered:
    """An `Answered` is how a question was settled; `reason` says why not, for the model to read.

    Without `by_person` it was denied since nobody could be asked. `rule` is what a person
    made of the rule that the answer allows, empty for the one of the question.
    """

    answer: Answer
    reason: str = ""
    by_person: bool = True
    rule: str = ""


@dataclass(frozen=True, slots=True)
class HookVerdict:
    """A `HookVerdict` is what a person's hooks decided on a call; "" leaves it to the rules.

    `reason` is for whoever reads the decision: the model, or the person who is asked.
    """

    permission: Literal["", "allow", "ask", "deny"] = ""
    reason: str = ""


NO_VERDICT = HookVerdict()

AskPerson: TypeAlias = Callable[[Question], Awaitable[Answered]]
"""Asks a person; `deny` when no answer came in time."""


def visible(text: str) -> str:
    r"""Returns the text with characters escaped that nobody sees, and that could hide a part of it.

    A person decides on what is seen, so nothing may rewrite the line or its order, stand
    for nothing, or look like the blank that it is not. Line feeds, tabs and what emoji need stay.

    >>> visible("safe\u202etxt"), visible("x\u3164 = 1"), visible("rm\u00a0x")
    ('safe\\u202etxt', 'x\\u3164 = 1', 'rm\\xa0x')
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNSEEN.sub(lambda match: _escape(match[0]), text)
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _HIDING else _escape(char)
        for char in text
    )


_HIDING = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode's categories: control, format, private use, surrogate, line and paragraph separator."""
_UNSEEN = re.compile(
    # Fillers, joiners and choosers of forms, which are letters or marks to Unicode.
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\ufff0-\ufff8]"
    "|[\ufe00-\ufe0d\U000e0000-\U000e0fff]"
    # The two that emoji need, anywhere else.
    "|(?<![\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f](?!\u20e3)"
    # Blanks that no program takes for one; the wide one of Chinese and Japanese is seen.
    "|[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800]"
)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
