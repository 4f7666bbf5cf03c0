"""This module asks a model for a verdict on several things, and takes nothing but one.

The answer is JSON with scores for each label, and the winner. Labels are shuffled by content,
so that the order in which things came cannot influence it. An answer that is no verdict, or
does not agree with itself, is asked for once more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lsp_server.domain.candidates import Scores
from lsp_server.domain.errors import ModelError, ModelMisbehaved, ModelUnavailable
from lsp_server.domain.events import Emit, JudgeFellBack
from lsp_server.domain.messages import (
    AnswerSchema,
    Delta,
    Message,
    ReasoningDelta,
    Request,
    TextDelta,
    ToolCallDelta,
    Usage,
    Waiting,
)
from lsp_server.domain.ports import Model
from lsp_server.max_mode.normal_form import prompt_chars

ASKED_MAX = 2
SECONDS_MAX = 180.0
"""The deadline of one answer; a judge that takes longer costs more than it saves."""
CHARS_PER_TOKEN = 4
"""The estimate for answers that failed, which no endpoint counts."""
LABELS = "ABCDEFGHIJKLMNOP"

Points: TypeAlias = Annotated[int, Field(ge=0, le=10)]


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """A `JudgeAnswer` is what came of asking: a verdict, or the `problem` with the last answer.

    `billed` is what all answers cost.
    """

    verdict: VerdictAnswer | None
    problem: str
    billed: Usage


async def ask_judge(
    model: Model, question: Request, again: Request, labels: Sequence[str], emit: Emit
) -> JudgeAnswer:
    """Asks for a verdict on what has these labels; raises no ModelError.

    `question` is asked first, and `again` after an answer that is none, with what was wrong
    about it; `emit` takes a JudgeFellBack then.
    """
    billed, problem = Usage(), ""
    for asked_before in range(ASKED_MAX):
        asked = _JudgeQuestion(question)
        try:
            verdict = await asked.answer(model, labels)
        except (ModelError, _Invalid) as error:
            problem = str(error)
            billed += asked.billed
            if asked_before + 1 < ASKED_MAX:
                emit(JudgeFellBack("asked again", problem))
                question = _add_complaint(again, error)
            continue
        return JudgeAnswer(verdict, "", billed + asked.billed)
    return JudgeAnswer(None, problem, billed)


def label_by_content(contents: Sequence[str]) -> dict[str, int]:
    """Gives each content a label, in an order that does not depend on theirs.

    The order follows from the hashes, so that it looks like chance and is the same each
    time. Returns places by label.
    """

    def mark(place: int) -> str:
        return hashlib.sha256(contents[place].encode("utf-8", "replace")).hexdigest()

    places = sorted(range(len(contents)), key=mark)
    return dict(zip(LABELS, places, strict=False))


def answer_schema(labels: Sequence[str]) -> AnswerSchema:
    """Returns the schema of a verdict, as a request carries it."""
    return AnswerSchema("holdfast_verdict", verdict_schema(labels))


def verdict_schema(labels: Sequence[str]) -> dict[str, object]:
    """Returns the schema of the judge's answer, for proposals with these labels.

    The winner comes last: a model that names it first has not weighed anything yet.
    """
    points = {"type": "integer", "minimum": 0, "maximum": 10}
    criteria = list(Score.model_fields)
    score = _object(dict.fromkeys(criteria, points))
    return _object(
        {
            "reason": {"type": "string"},
            "scores": _object(dict.fromkeys(labels, score)),
            "winner": {"type": "string", "enum": list(labels)},
        }
    )


class Score(BaseModel):
    """A `Score` has the points of one proposal, as the judge writes them."""

    model_config = ConfigDict(frozen=True, strict=True)

    correctness: Points
    groundedness: Points
    progress: Points
    safety: Points

    @property
    def scores(self) -> Scores:
        """Returns the points as a value of the vocabulary."""
        return Scores(self.correctness, self.groundedness, self.progress, self.safety)


class VerdictAnswer(BaseModel):
    """A `VerdictAnswer` is the judge's answer as it arrives; scores and winner go by label."""

    model_config = ConfigDict(frozen=True, strict=True)

    reason: str
    scores: dict[str, Score]
    winner: str


class _Invalid(Exception):
    """An `_Invalid` says that the judge answered, and not what it was asked."""


class _JudgeQuestion:
    """A `_JudgeQuestion` is one question to the judge, with what it cost even if it failed."""

    def __init__(self, question: Request) -> None:
        self.billed = Usage()
        self._question = question
        self._chars = 0

    async def answer(self, model: Model, labels: Sequence[str]) -> VerdictAnswer:
        """Raises ModelError, _Invalid."""
        try:
            async with asyncio.timeout(SECONDS_MAX):
                response = await model.respond(self._question, self._on_delta)
        except TimeoutError:
            self._estimate()
            raise ModelUnavailable(f"the judge took longer than {SECONDS_MAX:g} s") from None
        except ModelError:
            self._estimate()
            raise
        self.billed = response.billed
        return _verdict(response.message, labels)

    def _on_delta(self, delta: Delta) -> None:
        match delta:
            case Waiting(reason):  # Retries may take hours, and a step has other ways to choose.
                raise ModelUnavailable(reason)
            case TextDelta(text) | ReasoningDelta(text):
                self._chars += len(text)
            case ToolCallDelta():
                raise ModelMisbehaved("the judge called a tool")

    def _estimate(self) -> None:
        """Estimates what a failed answer cost; one that never began costs nothing."""
        if self._chars:
            prompt = prompt_chars(self._question)
            self.billed = Usage(prompt // CHARS_PER_TOKEN, 0, self._chars // CHARS_PER_TOKEN)


def _verdict(message: Message, labels: Sequence[str]) -> VerdictAnswer:
    """Returns the answer, if it is one and agrees with itself. Raises _Invalid."""
    text = message.text
    # Some models put words or a code fence around the JSON.
    start, end = text.find("{"), text.rfind("}")
    try:
        verdict = VerdictAnswer.model_validate_json(text[start : end + 1] if start >= 0 else text)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in detail["loc"]) or "the answer"
        raise _Invalid(f"the verdict is not what was asked for: {place}: {detail['msg']}") from None
    if verdict.winner not in labels:
        raise _Invalid(f"the verdict names {verdict.winner[:20]!r}, which is no proposal")
    if set(verdict.scores) != set(labels):
        raise _Invalid("the verdict does not score each proposal once")
    best = max(score.scores.total for score in verdict.scores.values())
    if verdict.scores[verdict.winner].scores.total < best:
        raise _Invalid("the verdict's winner is not the proposal with the highest sum")
    return verdict


def _add_complaint(question: Request, error: Exception) -> Request:
    """Returns the question again, with what was wrong if the judge can fix it."""
    if not isinstance(error, _Invalid | ModelMisbehaved):
        return question
    *before, last = question.messages
    text = f"{last.text}\n\n(An earlier answer was of no use: {error}. Answer with the JSON alone.)"
    return replace(question, messages=(*before, Message("user", text)))


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
