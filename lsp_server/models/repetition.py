"""This module ends an answer that repeats itself without end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from lsp_server.domain.errors import ModelMisbehaved
from lsp_server.domain.messages import (
    Delta,
    Listener,
    ReasoningDelta,
    Request,
    Response,
    TextDelta,
    ToolCallDelta,
    Waiting,
    ignore_deltas,
)
from lsp_server.domain.ports import Model

REPEATED_CHARS_MIN = 6000
"""About 1500 tokens of nothing new. Rulers, tables and arrays of zeros stay below."""
REPEATED_TIMES_MIN = 6
PERIOD_CHARS_MAX = 2000
"""The longest piece whose repetition is recognised."""
WINDOW_CHARS = PERIOD_CHARS_MAX * REPEATED_TIMES_MIN
CHECK_EVERY_CHARS = 1024

_PROBE_CHARS = 48
_CANDIDATES_MAX = 32


def repeats(text: str) -> bool:
    """Returns whether the end of the text is one piece over and over.

    The piece has at most PERIOD_CHARS_MAX characters, comes at least
    REPEATED_TIMES_MIN times and fills at least REPEATED_CHARS_MIN characters.
    """
    if len(text) < REPEATED_CHARS_MIN:
        return False
    # In a text with period p its last characters stand p characters earlier, too.
    probe = text[-_PROBE_CHARS:]
    last = at = len(text) - _PROBE_CHARS
    for _ in range(_CANDIDATES_MAX):
        at = text.rfind(probe, max(0, last - PERIOD_CHARS_MAX), at + _PROBE_CHARS - 1)
        if at < 0:
            return False
        period = last - at
        size = max(REPEATED_CHARS_MIN, period * REPEATED_TIMES_MIN)
        if len(text) >= size and text[-size:-period] == text[-size + period :]:
            return True
    return False


class CutRepetition:
    """A `CutRepetition` is a Model that ends its Model's answer once it only repeats itself.

    Raises ModelMisbehaved. Of several choices the repeating ones are left out
    at the end, since one stream carries them all; it raises when none is left.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError, ModelMisbehaved for endless repetition."""
        watch = _Watch(alone=request.choices == 1)

        def hear(delta: Delta) -> None:
            watch.take(delta)
            listen(delta)

        response = await self._model.respond(request, hear)
        if not watch.spoilt:
            return response
        whole = tuple(
            choice for number, choice in enumerate(response.choices) if number not in watch.spoilt
        )
        if not whole:
            raise _endless()
        return replace(response, choices=whole)


@dataclass(slots=True)
class _Tail:
    """The end of one growing text, which is examined every CHECK_EVERY_CHARS."""

    window: str = ""
    fresh: list[str] = field(default_factory=list)
    fresh_chars: int = 0

    def repeats_with(self, text: str) -> bool:
        """Returns whether the text, now that this was added, repeats itself."""
        self.fresh.append(text)
        self.fresh_chars += len(text)
        if self.fresh_chars < CHECK_EVERY_CHARS:
            return False
        self.window = (self.window + "".join(self.fresh))[-WINDOW_CHARS:]
        self.fresh.clear()
        self.fresh_chars = 0
        return repeats(self.window)


class _Watch:
    """The tails of one answer's texts; `spoilt` are the choices that repeat themselves."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._tails: defaultdict[tuple[int, type[Delta]], _Tail] = defaultdict(_Tail)
        self.spoilt: set[int] = set()

    def take(self, delta: Delta) -> None:
        """Takes a piece. Raises ModelMisbehaved when the only choice repeats itself."""
        match delta:
            case TextDelta(text, choice) | ReasoningDelta(text, choice):
                self._grow(choice, type(delta), text)
            case ToolCallDelta(_, arguments, choice):
                self._grow(choice, type(delta), arguments)
            # The request is sent again, so the answer begins anew.
            case Waiting():
                self._tails.clear()
                self.spoilt.clear()

    def _grow(self, choice: int, kind: type[Delta], text: str) -> None:
        if choice in self.spoilt or not self._tails[choice, kind].repeats_with(text):
            return
        if self._alone:
            raise _endless()
        self.spoilt.add(choice)


def _endless() -> ModelMisbehaved:
    return ModelMisbehaved("the answer repeated itself without end and was cut; answer anew")
