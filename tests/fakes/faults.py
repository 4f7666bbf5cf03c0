"""This module is what can go wrong at an endpoint, as data beside the turns of a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from lsp_server.models.scripted.scenario import (
    EndpointBehaviour,
    Scenario,
    ScenarioPart,
    ScriptedAnswer,
    ScriptedTurn,
    Source,
)
from lsp_server.models.scripted.script_player import ScriptedReply, ScriptPlayer

Times: TypeAlias = Annotated[int, Field(ge=1)]


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
    error: dict[str, Any] = Field(
        default_factory=lambda: {"message": "the model crashed", "type": "server_error"}
    )


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


class FaultyTurn(ScriptedTurn):
    """A turn in whose place, or with which, something goes wrong."""

    fault: Annotated[Fault, Field(discriminator="kind")] | None = None


class FaultyBehaviour(EndpointBehaviour):
    """An endpoint that does not take everything."""

    refuses: tuple[str, ...] = ()
    """Parameters answered with a 400 that names them."""
    streams: bool = True
    """False answers with one JSON object whatever was asked."""
    prompt_tokens_max: int | None = None
    """Longer prompts get a 400 that says so; tokens are bytes / 4."""
    parallel_max: int | None = None
    """More requests at once get a 429."""


class FaultyScenario(Scenario, FaultyBehaviour):
    """A scenario file that may have faults in it."""

    turns: tuple[FaultyTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultyReply(ScriptedReply):
    """A reply that goes wrong."""

    fault: Fault | None = None


class FaultyPlayer(ScriptPlayer):
    """Plays scripts with faults in them. A turn that failed is still to be answered."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._faults: Counter[int] = Counter()

    def next_reply(self, body: Mapping[str, Any], choices: int = 1) -> ScriptedReply:
        reply = super().next_reply(body, choices)
        fault = self._due(reply)
        if fault is None:
            return reply
        if reply.place is not None:
            # It was not answered, so its alternatives are not used up.
            self._asked[reply.place, reply.prompt] -= choices
        answers = (fault.answer,) * choices if isinstance(fault, Repetition) else reply.answers
        return FaultyReply(reply.turn, reply.place, answers, reply.prompt, fault)

    def _due(self, reply: ScriptedReply) -> Fault | None:
        """The turn's fault, unless it came as often as it should."""
        fault = reply.turn.fault if isinstance(reply.turn, FaultyTurn) else None
        if reply.place is None or fault is None:
            return fault
        self._faults[reply.place] += 1
        times = getattr(fault, "times", None)
        return fault if times is None or self._faults[reply.place] <= times else None


def fault_of(reply: ScriptedReply) -> Fault | None:
    """What goes wrong with a reply."""
    return reply.fault if isinstance(reply, FaultyReply) else None
