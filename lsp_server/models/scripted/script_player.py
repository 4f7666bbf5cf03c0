"""This module decides which turn of a script answers a request."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, TypeAlias

from lsp_server.domain.messages import ReasoningDelta, StopReason, TextDelta, ToolCallDelta
from lsp_server.models.scripted.scenario import (
    Piece,
    Scenario,
    ScriptedAnswer,
    ScriptedTurn,
    Source,
    TurnFunction,
)

EXHAUSTED_TEXT = "Nothing more to do."
"""The answer once a script has come to its end."""

Step: TypeAlias = Piece | StopReason


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """A `ScriptedReply` is a turn with an answer for each choice of one request.

    `place` is the turn's in the script, None outside it; `prompt` is empty unless
    the script goes by prompts.
    """

    turn: ScriptedTurn
    place: int | None
    answers: tuple[ScriptedAnswer, ...]
    prompt: str = ""


class ScriptPlayer:
    """Keeps how far a script has been played. A turn is over once it was answered completely.

    >>> player = ScriptPlayer([ScriptedTurn(text="A"), ScriptedTurn(text="B")])
    >>> for _ in range(3):
    ...     reply = player.next_reply({"messages": []})
    ...     player.finish(reply)
    ...     print(reply.answers[0].text)
    A
    B
    Nothing more to do.
    """

    def __init__(self, source: Source) -> None:
        self._function: TurnFunction | None = None
        if isinstance(source, Scenario):
            scenario = source
        elif callable(source):
            self._function, scenario = source, Scenario()
        else:
            scenario = Scenario(turns=tuple(source))
        self._turns = scenario.turns
        self._by_prompt = scenario.same_turn_for_same_prompt
        self._sequence = [n for n, turn in enumerate(self._turns) if turn.when is None]
        self._next = 0
        self._answered: dict[str, int] = {}
        self._asked: Counter[tuple[int, str]] = Counter()

    def next_reply(self, body: Mapping[str, Any], choices: int = 1) -> ScriptedReply:
        """Returns the turn for a request, with an answer for each of its choices."""
        prompt = _fingerprint(body) if self._by_prompt else ""
        if self._function is not None:
            turn, place = self._function(body), None
        else:
            turn, place = self._turn(_last_text(body), prompt)
        first = 0
        if place is not None:
            first = self._asked[place, prompt]
            self._asked[place, prompt] += choices
        answers = tuple(turn.answer(first + number) for number in range(choices))
        return ScriptedReply(turn, place, answers, prompt)

    def finish(self, reply: ScriptedReply) -> None:
        """Takes a reply as played to its end."""
        if reply.place is None:
            return
        if reply.prompt:
            self._answered.setdefault(reply.prompt, reply.place)
        current = self._sequence[self._next] if self._next < len(self._sequence) else None
        if reply.turn.consumes or reply.place == current:
            self._next += 1

    def _turn(self, last_text: str, prompt: str) -> tuple[ScriptedTurn, int | None]:
        for place, turn in enumerate(self._turns):
            if turn.when is not None and re.search(turn.when, last_text):
                return turn, place
        place_before = self._answered.get(prompt)
        if place_before is not None:
            return self._turns[place_before], place_before
        if self._next < len(self._sequence):
            place = self._sequence[self._next]
            return self._turns[place], place
        return ScriptedTurn(text=EXHAUSTED_TEXT), None


def interleave_choices(answers: Sequence[ScriptedAnswer]) -> Iterator[tuple[Step | None, ...]]:
    """Returns the answers side by side, as a server decodes them: a step of each in every round.

    The last step of an answer is its stop reason; None is one that has ended.
    """
    lines = [
        chain[Step](answer.pieces(number), [answer.finish]) for number, answer in enumerate(answers)
    ]
    return zip_longest(*lines)


def round_tokens(steps: tuple[Step | None, ...]) -> float:
    """Returns the tokens of the longest step in a round, which says how long the round takes."""
    return max(_step_tokens(step) for step in steps)


def count_tokens(size_bytes: int) -> int:
    """Returns the count that scripted endpoints report: bytes / 4."""
    return size_bytes // 4


def _step_tokens(step: Step | None) -> float:
    match step:
        case TextDelta(text) | ReasoningDelta(text):
            return len(text) / 4
        case ToolCallDelta(name, arguments):
            return len(name + arguments) / 4
        case _:
            return 0.0


def _fingerprint(body: Mapping[str, Any]) -> str:
    messages = json.dumps(body.get("messages"), sort_keys=True)
    return hashlib.sha256(messages.encode()).hexdigest()


def _last_text(body: Mapping[str, Any]) -> str:
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content")
    return content if isinstance(content, str) else ""
