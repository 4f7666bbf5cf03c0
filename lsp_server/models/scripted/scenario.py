"""This module is the shape of scripts: the answers of a model as data.

A scenario file is JSON: a list of turns, or an object with `turns` and the
behaviour of the endpoint (`EndpointBehaviour`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import ReasoningDelta, StopReason, TextDelta, ToolCallDelta
from lsp_server.domain.wrong_values import why_wrong

PIECE_CHARS = 16
"""Streamed at once, about four tokens."""

Seconds: TypeAlias = Annotated[float, Field(ge=0)]
Piece: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta


class ScenarioPart(BaseModel):
    """A `ScenarioPart` is a part of a scenario file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptedCall(ScenarioPart):
    """A `ScriptedCall` is a tool call; text as `arguments` is sent as it is, even malformed."""

    name: str
    arguments: dict[str, Any] | str = {}
    vendor_fields: dict[str, Any] = {}
    """Sent beside the fields that every endpoint has."""

    @property
    def arguments_json(self) -> str:
        """Returns the arguments as a model writes them."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


class ScriptedAnswer(ScenarioPart):
    """A `ScriptedAnswer` is one answer of the model. Without a `stop_reason` it is what the calls imply."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    vendor_fields: dict[str, Any] = {}
    """Sent beside the fields that every endpoint has."""
    stop_reason: StopReason | None = None

    @property
    def finish(self) -> StopReason:
        """Returns the stop reason that is sent."""
        return self.stop_reason or ("tool_calls" if self.tool_calls else "stop")

    @property
    def size_bytes(self) -> int:
        """Returns the size in UTF-8 of all that the answer says."""
        calls = (part for call in self.tool_calls for part in (call.name, call.arguments_json))
        return sum(len(part.encode()) for part in (self.text, self.reasoning, *calls))

    @property
    def vendor_delta(self) -> dict[str, Any]:
        """Returns the fields of a vendor as a piece of a stream; nothing without any."""
        calls = [
            {"index": place, **call.vendor_fields}
            for place, call in enumerate(self.tool_calls)
            if call.vendor_fields
        ]
        return self.vendor_fields | ({"tool_calls": calls} if calls else {})

    def pieces(self, choice: int = 0) -> Iterator[Piece]:
        """Returns the answer in the pieces in which it is streamed; a call begins with its name."""
        for part in _split(self.reasoning):
            yield ReasoningDelta(part, choice)
        for part in _split(self.text):
            yield TextDelta(part, choice)
        for call in self.tool_calls:
            yield ToolCallDelta(call.name, "", choice)
            for part in _split(call.arguments_json):
                yield ToolCallDelta("", part, choice)


class ScriptedTurn(ScriptedAnswer):
    """A `ScriptedTurn` is one answer of a script, with when and how fast it is given.

    With `when`, a regular expression, it answers each request whose last message
    matches and leaves the sequence where it is, unless it `consumes` a turn.
    `alternatives` are given to the second, third ... choice of one prompt.

    >>> turn = ScriptedTurn(text="A", alternatives=(ScriptedAnswer(text="B"),))
    >>> [turn.answer(number).text for number in range(3)]
    ['A', 'B', 'A']
    """

    alternatives: tuple[ScriptedAnswer, ...] = ()
    first_token_seconds: Seconds = 0.0
    tokens_per_second: Annotated[float, Field(gt=0)] | None = None
    when: str | None = None
    consumes: bool = False

    def answer(self, number: int) -> ScriptedAnswer:
        """Returns the answer to the `number`th time that one prompt is asked, from 0, around and around."""
        answers = (self, *self.alternatives)
        return answers[number % len(answers)]


class EndpointBehaviour(ScenarioPart):
    """An `EndpointBehaviour` says how an endpoint behaves, whatever the script says."""

    n: Literal["honour", "ignore", "refuse", "fewer"] = "honour"
    """Several choices to one prompt; "fewer" gives one less than asked."""
    models: tuple[str, ...] = ("scripted",)
    vendor: str | None = None
    """One of `vendor_checks.VENDORS`, whose refusals of histories are played."""


class Scenario(EndpointBehaviour):
    """A `Scenario` is a script with its endpoint's behaviour; a scenario file has this shape."""

    turns: tuple[ScriptedTurn, ...] = ()
    same_turn_for_same_prompt: bool = False
    """Ask twice, get the same turn: for parallel samples of one step that are not
    all asked before the first is answered."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a scenario file. Raises ConfigurationError."""
        try:
            value = json.loads(path.read_text("utf-8"))
            return cls.model_validate({"turns": value} if isinstance(value, list) else value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(
                f"{path} is no scenario: {place or 'the file'}: {why_wrong(first)}"
            ) from error
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} is no scenario: {error}") from error


TurnFunction: TypeAlias = Callable[[Mapping[str, Any]], ScriptedTurn]
Source: TypeAlias = Scenario | Sequence[ScriptedTurn] | TurnFunction
"""Where turns come from; a function gets the request body."""


def _split(text: str) -> Iterator[str]:
    return (text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS))
