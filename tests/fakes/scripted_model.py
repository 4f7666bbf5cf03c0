"""This module plays a script in process, as a Model without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import takewhile
from typing import assert_never

from lsp_server.domain.errors import ModelError, ModelUnavailable
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.tools import ToolCall
from lsp_server.models.error_body import read_provider_error
from lsp_server.models.provider_errors import error_for_status, retry_after_seconds, status_of
from lsp_server.models.request_encoder import message_value, tool_value
from lsp_server.models.scripted.scenario import ScriptedAnswer, Source
from lsp_server.models.scripted.script_player import (
    ScriptedReply,
    count_tokens,
    interleave_choices,
    round_tokens,
)
from lsp_server.settings.sections import ModelSettings
from tests.fakes.faults import (
    Drop,
    ErrorInStream,
    Fault,
    FaultyPlayer,
    HttpError,
    InvalidUtf8,
    Repetition,
    Silence,
    fault_of,
)

_SETTINGS = ModelSettings(base_url="http://scripted", name="scripted")


class ScriptedModel:
    """Plays the turns of a script, one for each request that it answers.

    Faults raise the error that they would cause on the wire, without its delays;
    the behaviour of a scenario is the server's alone. `requests` are all that were
    asked, the failed ones too.
    """

    def __init__(
        self, source: Source = (), *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._script = FaultyPlayer(source)
        self._sleep = sleep
        self._calls = 0
        self.requests: list[Request] = []

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        cached = max((_common_tokens(request, each) for each in self.requests[-8:]), default=0)
        self.requests.append(request)
        reply = self._script.next_reply(_body(request), request.choices)
        fault = fault_of(reply)
        error, pieces_max = _failure(fault)
        if error is not None and pieces_max == 0:
            raise error
        await self._pause(reply.turn.first_token_seconds)
        answers = [_heard(answer, fault) for answer in reply.answers]
        await self._stream(reply, answers, listen, pieces_max)
        if error is not None:
            raise error
        self._script.finish(reply)
        prompt = count_tokens(sum(_size_bytes(message) for message in request.messages))
        sizes = [count_tokens(answer.size_bytes) for answer in answers]
        return Response(
            tuple(self._choice(answer) for answer in answers),
            Usage(prompt, cached, sizes[0]),
            Usage(prompt, cached, sum(sizes)),
        )

    async def _stream(
        self,
        reply: ScriptedReply,
        answers: list[ScriptedAnswer],
        listen: Listener,
        pieces_max: int | None,
    ) -> None:
        rate = reply.turn.tokens_per_second
        said = 0
        for steps in interleave_choices(answers):
            for piece in steps:
                if piece is None or isinstance(piece, str):
                    continue
                if said == pieces_max:
                    return
                listen(piece)
                said += 1
            await self._pause(round_tokens(steps) / rate if rate else 0.0)

    async def _pause(self, seconds: float) -> None:
        if seconds:
            await self._sleep(seconds)

    def _choice(self, answer: ScriptedAnswer) -> Choice:
        calls: list[ToolCall] = []
        for call in answer.tool_calls:
            self._calls += 1
            calls.append(ToolCall(f"call_{self._calls}", call.name, call.arguments_json))
        message = Message("assistant", answer.text, answer.reasoning, tuple(calls))
        return Choice(message, answer.finish)


def _heard(answer: ScriptedAnswer, fault: Fault | None) -> ScriptedAnswer:
    """The answer as a client reads it."""
    if isinstance(fault, InvalidUtf8):
        return answer.model_copy(update={"text": f"\ufffd{answer.text}"})
    return answer


def _failure(fault: Fault | None) -> tuple[ModelError | None, int | None]:
    """The error of a fault and the pieces that come before it; None: the whole answer."""
    match fault:
        case HttpError():
            provider_error = read_provider_error(fault.body or "")
            asked = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            wait = retry_after_seconds(asked, now=0.0)
            return error_for_status(
                fault.status, provider_error, _SETTINGS, retry_after_seconds=wait
            ), 0
        case Drop():
            return ModelUnavailable("the scripted stream broke off"), fault.after_pieces
        case Silence():
            return ModelUnavailable("the scripted model fell silent"), fault.after_pieces or 0
        case ErrorInStream():
            provider_error = read_provider_error(fault.error)
            return error_for_status(
                status_of(provider_error), provider_error, _SETTINGS
            ), fault.after_pieces
        case InvalidUtf8() | Repetition() | None:
            return None, None
        case _:
            assert_never(fault)


def _body(request: Request) -> dict[str, object]:
    return {
        "model": "scripted",
        "tools": [tool_value(tool) for tool in request.tools],
        "messages": [message_value(message, "reasoning_content") for message in request.messages],
        "temperature": request.temperature,
        "n": request.choices,
    }


def _size_bytes(message: Message) -> int:
    calls = "".join(call.name + call.arguments for call in message.tool_calls)
    return len(f"{message.text}{message.reasoning}{calls}".encode("utf-8", "replace"))


def _common_tokens(request: Request, earlier: Request) -> int:
    pairs = zip(request.messages, earlier.messages, strict=False)
    common = takewhile(lambda pair: pair[0] == pair[1], pairs)
    return count_tokens(sum(_size_bytes(message) for message, _ in common))
