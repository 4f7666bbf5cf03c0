"""Scripts for the scripted models: turns and faults as data, and which comes next.

A scenario file is JSON: a list of turns, or an object with `turns` and the ways
of the endpoint (`EndpointBehaviour`). The same script plays in process and over HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lsp_server.domain.errors import ConfigurationError
from lsp_server.domain.messages import ReasoningDelta, StopReason, TextDelta, ToolCallDelta

PIECE_CHARS = 16
"""Streamed at once, about four tokens."""
EXHAUSTED_TEXT = "Nothing more to do."

Seconds: TypeAlias = Annotated[float, Field(ge=0)]
Times: TypeAlias = Annotated[int, Field(ge=1)]
Piece: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta
Step: TypeAlias = Piece | StopReason


class ScenarioPart(BaseModel):
    """A piece of a scenario file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptedCall(ScenarioPart):
    """A tool call. Raw text as `arguments` goes out as it stands, malformed or cut off."""

    name: str
    arguments: dict[str, Any] | str = {}

    @property
    def arguments_json(self) -> str:
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


class ScriptedAnswer(ScenarioPart):
    """What the model says. Without a `stop_reason` it is what the calls imply."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ScriptedCall, ...] = ()
    stop_reason: StopReason | None = None

    @property
    def finish(self) -> StopReason:
        return self.stop_reason or ("tool_calls" if self.tool_calls else "stop")

    @property
    def size_bytes(self) -> int:
        calls = (part for call in self.tool_calls for part in (call.name, call.arguments_json))
        return sum(len(part.encode()) for part in (self.text, self.reasoning, *calls))

    def pieces(self, choice: int = 0) -> Iterator[Piece]:
        """The answer in the pieces in which it is streamed; a call begins with its name."""
        for part in _split(self.reasoning):
            yield ReasoningDelta(part, choice)
        for part in _split(self.text):
            yield TextDelta(part, choice)
        for call in self.tool_calls:
            yield ToolCallDelta(call.name, "", choice)
            for part in _split(call.arguments_json):
                yield ToolCallDelta("", part, choice)


class HttpError(ScenarioPart):
    """Answers with a status instead, the first `times` times."""

    kind: Literal["status"] = "status"
    status: Annotated[int, Field(ge=300, le=599)] = 500
    times: Times = 1
    retry_after: float | str | None = None
    """Seconds, or the text of the header, such as an HTTP date."""
    body: dict[str, Any] | str | None = None


class Drop(ScenarioPart):
    """Closes the connection after some pieces of the answer, the first `times` times."""

    kind: Literal["drop"] = "drop"
    after_pieces: Annotated[int, Field(ge=0)] = 2
    times: Times = 1


class Silence(ScenarioPart):
    """Says no more after some pieces, or nothing at all (None), the first `times` times."""

    kind: Literal["silence"] = "silence"
    after_pieces: Annotated[int, Field(ge=0)] | None = None
    times: Times = 1


class ErrorInStream(ScenarioPart):
    """Sends an error object after some pieces, the first `times` times."""

    kind: Literal["error_in_stream"] = "error_in_stream"
    after_pieces: Annotated[int, Field(ge=0)] = 2
    times: Times = 1
    error: dict[str, Any] = {"message": "the model crashed", "type": "server_error"}


class InvalidUtf8(ScenarioPart):
    """Puts bytes that are no UTF-8 into the text of the answer."""

    kind: Literal["invalid_utf8"] = "invalid_utf8"


class Repetition(ScenarioPart):
    """Repeats `text` up to `chars` characters, then ends by length."""

    kind: Literal["repetition"] = "repetition"
    text: Annotated[str, Field(min_length=1)] = "and again "
    chars: Times = 40_000

    @property
    def answer(self) -> ScriptedAnswer:
        times = -(-self.chars // len(self.text))
        return ScriptedAnswer(text=(self.text * times)[: self.chars], stop_reason="length")


Fault: TypeAlias = HttpError | Drop | Silence | ErrorInStream | InvalidUtf8 | Repetition


class ScriptedTurn(ScriptedAnswer):
    """One answer of a script.

    With `when`, a regular expression, it answers each request whose last message
    matches and leaves the sequence where it is, unless it `consumes` a turn.
    `alternatives` are given to the second, third ... choice of one prompt.
    """

    alternatives: tuple[ScriptedAnswer, ...] = ()
    fault: Annotated[Fault, Field(discriminator="kind")] | None = None
    first_token_seconds: Seconds = 0.0
    tokens_per_second: Annotated[float, Field(gt=0)] | None = None
    when: str | None = None
    consumes: bool = False

    def answer(self, number: int) -> ScriptedAnswer:
        """The answer to the `number`th time that one prompt is asked, from 0, around and around."""
        answers = (self, *self.alternatives)
        return answers[number % len(answers)]


class EndpointBehaviour(ScenarioPart):
    """How an endpoint treats requests, whatever the script says."""

    n: Literal["honour", "ignore", "refuse", "fewer"] = "honour"
    """Several choices to one prompt; "fewer" gives one less than asked."""
    refuses: tuple[str, ...] = ()
    """Parameters answered with a 400 that names them."""
    streams: bool = True
    """False answers with one JSON object whatever was asked."""
    prompt_tokens_max: int | None = None
    """Longer prompts get a 400 that says so; tokens are bytes / 4."""
    parallel_max: int | None = None
    """More requests at once get a 429."""
    models: tuple[str, ...] = ("scripted",)


class Scenario(EndpointBehaviour):
    """A script with its endpoint's conduct; the shape of a scenario file."""

    turns: tuple[ScriptedTurn, ...] = ()
    same_turn_for_same_prompt: bool = False
    """Ask twice, get the same turn: for parallel samples of one step that are not
    all asked before the first is answered."""

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """Reads a scenario file. Raises ConfigurationError."""
        try:
            value = json.loads(path.read_text("utf-8"))
            return cls.model_validate({"turns": value} if isinstance(value, list) else value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigurationError(
                f"{path} is no scenario: {place or 'the file'}: {first['msg']}"
            ) from error
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} is no scenario: {error}") from error


TurnFunction: TypeAlias = Callable[[Mapping[str, Any]], ScriptedTurn]
Source: TypeAlias = Scenario | Sequence[ScriptedTurn] | TurnFunction
"""Where turns come from; a function gets the request body."""


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """What to play for one request. `place` is the turn's in the script, None outside it."""

    turn: ScriptedTurn
    place: int | None
    fault: Fault | None
    answers: tuple[ScriptedAnswer, ...]
    prompt: str = ""


class ScriptPlayer:
    """Knows how far the play has come. A turn is over once it was answered completely."""

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
        self._faults: Counter[int] = Counter()
        self._asked: Counter[tuple[int | None, str]] = Counter()

    def cue(self, body: Mapping[str, Any], choices: int = 1) -> ScriptedReply:
        """The turn for a request, with an answer for each of its choices."""
        prompt = _fingerprint(body) if self._by_prompt else ""
        if self._function is not None:
            turn, place = self._function(body), None
        else:
            turn, place = self._turn(_last_text(body), prompt)
        fault = self._fault(turn, place)
        first = self._asked[place, prompt] if place is not None else 0
        if fault is None:
            self._asked[place, prompt] += choices
        answers = [turn.answer(first + number) for number in range(choices)]
        if isinstance(fault, Repetition):
            answers = [fault.answer] * choices
        return ScriptedReply(turn, place, fault, tuple(answers), prompt)

    def over(self, cue: ScriptedReply) -> None:
        """Tells that the cue was played to its end."""
        if cue.place is None:
            return
        if cue.prompt:
            self._answered.setdefault(cue.prompt, cue.place)
        current = self._sequence[self._next] if self._next < len(self._sequence) else None
        if cue.turn.consumes or cue.place == current:
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

    def _fault(self, turn: ScriptedTurn, place: int | None) -> Fault | None:
        """The turn's fault, unless it came as often as it should."""
        if place is None or turn.fault is None:
            return turn.fault
        self._faults[place] += 1
        times = getattr(turn.fault, "times", None)
        return turn.fault if times is None or self._faults[place] <= times else None


def interleave_choices(answers: Sequence[ScriptedAnswer]) -> Iterator[tuple[Step | None, ...]]:
    """The answers side by side, as a server decodes them: a step of each in every round.

    The last step of an answer is its stop reason; None stands for one that has ended.
    """
    lines = [
        chain[Step](answer.pieces(number), [answer.finish]) for number, answer in enumerate(answers)
    ]
    return zip_longest(*lines)


def interleaved_tokens(steps: tuple[Step | None, ...]) -> float:
    """What a round takes when each answer is streamed at some tokens a second."""
    return max(_step_tokens(step) for step in steps)


def count_tokens(size_bytes: int) -> int:
    """The count that the scripted models report: bytes / 4."""
    return size_bytes // 4


def _step_tokens(step: Step | None) -> float:
    match step:
        case TextDelta(text) | ReasoningDelta(text):
            return len(text) / 4
        case ToolCallDelta(name, arguments):
            return len(name + arguments) / 4
        case _:
            return 0.0


def _split(text: str) -> Iterator[str]:
    return (text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS))


def _fingerprint(body: Mapping[str, Any]) -> str:
    messages = json.dumps(body.get("messages"), sort_keys=True)
    return hashlib.sha256(messages.encode()).hexdigest()


def _last_text(body: Mapping[str, Any]) -> str:
    messages = body.get("messages") or [{}]
    content = messages[-1].get("content")
    return content if isinstance(content, str) else ""
