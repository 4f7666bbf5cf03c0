"""This module knows in which form an endpoint takes the messages of a conversation back.

What no endpoint takes is never sent: an answer without a word, a name or an id that none would
give. In all else they differ, so that the form is learned from what they refuse, one change at
a time, as parameters are (`dialect`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

ContentBesideCalls: TypeAlias = Literal["null", "absent", "empty", "words"]

NO_WORDS = "(no words)"
"""Stands where an endpoint demands a text and there is none."""
CALL_ID_CHARS_MAX = 40
SHORT_ID_CHARS = 9
NAME_CHARS_MAX = 64

_CONTENTS: tuple[ContentBesideCalls, ...] = ("null", "absent", "empty", "words")
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{NAME_CHARS_MAX}}}\Z")
_SHORT_ID = re.compile(rf"[A-Za-z0-9]{{{SHORT_ID_CHARS}}}\Z")


@dataclass(frozen=True, slots=True)
class HistoryForm:
    """A `HistoryForm` says how one endpoint wants to have the messages of earlier steps.

    `content` is what stands beside tool calls without a text. With `short_ids` calls have ids
    of nine letters and digits, with `known_names` only names of tools that are offered, and
    with `named_results` a result names its tool. `answers_between` puts an answer between a
    tool's result and a person's message, `merged` makes one message of neighbours of one role,
    `system_in_user` has the system prompt in the first message of a person, and `one_call_each`
    gives each call a message of its own. With `reasoning_everywhere` every answer has some.
    `left_out` are the fields of a vendor that the endpoint does not take back, `*` for all.
    """

    content: ContentBesideCalls = "null"
    short_ids: bool = False
    known_names: bool = False
    named_results: bool = False
    answers_between: bool = False
    merged: bool = False
    system_in_user: bool = False
    one_call_each: bool = False
    reasoning_everywhere: bool = False
    left_out: frozenset[str] = frozenset()

    def adapted(
        self, refusal: str, vendor_fields: frozenset[str], *, is_about_messages: bool
    ) -> Iterator[HistoryForm]:
        """Yields the forms to try after a refusal, the most likely first.

        `vendor_fields` are those that the refused request carried. Each form has one change
        more than this one. Of a refusal that `is_about_messages` and does not say what is wrong,
        every change is tried.
        """
        if named := frozenset(field for field in vendor_fields if field in refusal):
            yield replace(self, left_out=self.left_out | named)
        likely = [change for pattern, change in _CHANGES if pattern.search(refusal)]
        others = [change for _, change in _CHANGES[:-1]] if is_about_messages else []
        if others and vendor_fields:
            others.append(lambda form: replace(form, left_out=frozenset({"*"})))
        for change in (*likely, *others):
            if (form := change(self)) != self:
                yield form

    def call_id(self, given: str) -> str:
        """Returns the id that stands for a call's own; the same one for the same each time."""
        is_taken = _SHORT_ID.match(given) if self.short_ids else len(given) <= CALL_ID_CHARS_MAX
        if is_taken and given:
            return given
        return hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()[:SHORT_ID_CHARS]

    def name(self, given: str, tools: tuple[str, ...]) -> str:
        """Returns the name that stands for a call's own, a valid one in every case."""
        if self.known_names and tools and given not in tools:
            return next((tool for tool in tools if tool in given), tools[0])
        if _NAME.match(given):
            return given
        return re.sub(r"[^A-Za-z0-9_-]", "_", given)[:NAME_CHARS_MAX] or "unnamed"


def is_about_messages(refusal: str) -> bool:
    """Returns whether a refusal is about the messages of a request, by its words."""
    return _ABOUT_MESSAGES.search(refusal) is not None


PLAIN = HistoryForm()
"""The form that most endpoints take, until one refuses it."""

_Change: TypeAlias = Callable[[HistoryForm], HistoryForm]


def _next_content(form: HistoryForm) -> HistoryForm:
    at = _CONTENTS.index(form.content)
    return replace(form, content=_CONTENTS[min(at + 1, len(_CONTENTS) - 1)])


def _set(field: str) -> _Change:
    return lambda form: replace(form, **{field: True})  # type: ignore[arg-type]


_UNKNOWN_TOOL = (
    r"(?:tool|function)\W+(?:\S+\W+){0,5}?(?:unknown|undefined|not\W+(?:\w+\W+){0,3}?"
    r"(?:found|declared|defined|provided|available|among|exist|in))"
    r"|(?:unknown|undeclared|undefined)\W+(?:tool|function)"
)
_NO_REASONING = (
    r"(?:reasoning|thinking)\w*.{0,90}(?:missing|passed back|requir|must|expect)"
    r"|missing.{0,30}(?:reasoning|thinking)"
)
_NO_SYSTEM = (
    r"\bsystem\b.{0,60}(?:support|allow|only|must|first|role|invalid|enabled)"
    r"|developer instruction|only user and assistant"
)
_CHANGES: tuple[tuple[re.Pattern[str], _Change], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), change)
    for pattern, change in (
        # Mistral: "must be a-z, A-Z, 0-9, with a length of 9".
        (r"length of 9|\b(?:tool_?call_?)?id\b.{0,60}(?:long|length|invalid|pattern|charac|must)",
         _set("short_ids")),
        (_UNKNOWN_TOOL, _set("known_names")),
        (r"function_response\.name|(?:tool|function).{0,40}\bname\b.{0,30}(?:empty|required|missing)",
         _set("named_results")),
        (r"\buser\b.{0,40}\bafter\b.{0,30}\btool|\btool\b.{0,40}(?:followed|before).{0,30}\buser",
         _set("answers_between")),
        (r"alternat|consecutive|same role|in a row|two (?:user|assistant)", _set("merged")),
        (r"alternat|\btool\b.{0,60}\buser\b", _set("answers_between")),
        (_NO_SYSTEM, _set("system_in_user")),
        (r"(?:single|one|parallel) tool.?call|tool.?calls? (?:at once|per message)",
         _set("one_call_each")),
        (r"\bcontent\b|\bnull\b|none\W?type|\bNone\b", _next_content),
        # The last one is never guessed: where it is not wanted, it is refused.
        (_NO_REASONING, _set("reasoning_everywhere")),
    )
)  # fmt: skip
"""Wordings of refusals and the change for each, in the order in which they are tried where the
wording says only that something is wrong with the messages."""

_ABOUT_MESSAGES = re.compile(
    r"\bmessages?\b|\broles?\b|\bcontents?\b|tool.?call|\bassistant\b|\bhistory\b|conversation"
    r"|template|jinja|\bturns?\b",
    re.IGNORECASE,
)
