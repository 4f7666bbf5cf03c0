"""This module learns which parameters an endpoint takes from those that it refuses.

OpenAI-compatible endpoints differ in the parameters that they accept. The first
request has all of them; a refusal that names one drops it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Message, Request
from lsp_server.models.carried_reasoning import thoughts_mark
from lsp_server.models.history_form import PLAIN, HistoryForm
from lsp_server.models.shown_images import IMAGES_MAX

TokensKey: TypeAlias = Literal["max_tokens", "max_completion_tokens"]
ReasoningKey: TypeAlias = Literal["reasoning_content", "reasoning"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A `Dialect` says which parameters may be sent to one endpoint; fields are named after them.

    `n` is several choices to one prompt. Without `response_format` the schema is
    written into the prompt. `reasoning_key` is the key that carries a model's
    reasoning back to it, None for an endpoint that refuses both. `answer_tokens_max` is the
    longest answer to ask for, None for what the settings say, and `history` is how the
    endpoint wants earlier messages, of which at most `images_max` images are shown, and none of
    `refused_images`, by their digests.

    Messages alone has the next three: with `bearer` the key is sent as elsewhere, with
    `cache_marks` a request says where the endpoint may cache it, and one that `needs_thoughts`
    is not asked to think where the last answer has lost its own. Responses has `store` and
    `include`. Thoughts that were refused, by their marks, are `refused_thoughts`.
    """

    stream: bool = True
    stream_options: bool = True
    response_format: bool = True
    temperature: bool = True
    n: bool = True
    tokens_key: TokensKey = "max_tokens"
    reasoning_key: ReasoningKey | None = "reasoning_content"
    answer_tokens_max: int | None = None
    history: HistoryForm = PLAIN
    images_max: int = IMAGES_MAX
    refused_images: frozenset[Id] = frozenset()
    bearer: bool = False
    cache_marks: bool = True
    needs_thoughts: bool = False
    store: bool = True
    include: bool = True
    refused_thoughts: frozenset[str] = frozenset()

    def without_thoughts(self, request: Request) -> Dialect:
        """Returns the dialect without the thoughts of a request: another model had one of them."""
        marks = frozenset(filter(None, map(thoughts_mark, request.messages)))
        return replace(self, refused_thoughts=self.refused_thoughts | marks)

    def carries(self, message: Message) -> bool:
        """Returns whether the thoughts of a message are given back."""
        return not self.refused_thoughts or thoughts_mark(message) not in self.refused_thoughts

    def without(self, refusal: str, request: Request) -> Dialect | None:
        """Returns the dialect without the parameter that the endpoint's `refusal` names.

        None when it names nothing that this request carried. Each dialect has fewer
        parameters than the one before, so asking again comes to an end.
        """
        for pattern, change in _REFUSALS:
            if pattern.search(refusal) and _carries(request, next(iter(change))):
                narrower = replace(self, **change)
                if narrower != self:
                    return narrower
        return None

    def with_fewer_images(
        self, refusal: str, request: Request, taken: Collection[Id]
    ) -> Dialect | None:
        """Returns the dialect with as few images as the endpoint's `refusal` says.

        `taken` are those that it took before: where it did, the others are to blame, else all.
        None when the request carried none, or the refusal is not about images.
        """
        sent = {image.digest for each in request.messages for image in each.images}
        if not self.images_max or not sent:
            return None
        if stated := _IMAGES_STATED.search(refusal):
            return replace(self, images_max=min(int(stated[1]), self.images_max - 1))
        if not _NO_IMAGES.search(refusal):
            return None
        others = sent.difference(taken, self.refused_images)
        if others and not sent.isdisjoint(taken):
            return replace(self, refused_images=self.refused_images | others)
        return replace(self, images_max=0)


_REFUSALS: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), change)
    for pattern, change in (
        # OpenAI's reasoning models name the successor of a parameter.
        (r"use\W+max_completion_tokens", {"tokens_key": "max_completion_tokens"}),
        (r"stream_options|include_usage", {"stream_options": False}),
        (r"response_format|json_schema|structured output", {"response_format": False}),
        (r"\btemperature\b", {"temperature": False}),
        # llama.cpp allows "only one completion choice", others quote the name.
        (r"completion choice|[\"'`]n[\"'`]|\.n\b|\bn\b *(?:>|=|must|is\b)", {"n": False}),
        # DeepSeek and MiMo complain of reasoning that is missing: keep it then.
        (r"^(?!.*(?:passed back|missing)).*\breasoning(?:_content)?\b", {"reasoning_key": None}),
        (r"\bstream(?:ing)?\b", {"stream": False}),
    )
)
"""Wordings of refusals, and the change for each; the more particular ones come first."""

_IMAGES_STATED = re.compile(r"at most (\d{1,3}) image", re.IGNORECASE)
"""vLLM: "At most 1 image(s) may be provided in one prompt.\""""
_NO_IMAGES = re.compile(
    # Only a request that carries images is refused for them, so that any word of it will do.
    r"image|\bvision\b|multi-?modal|mmproj"
    # Servers that know no message but a text: DeepSeek, Ollama, DashScope, FastAPI.
    r"|unknown variant|untagged enum|invalid type: sequence|unmarshal array|type in content"
    r"|text'? content type|TextContent|content part",
    re.IGNORECASE,
)
"""The wordings are rows in the tests."""


def _carries(request: Request, parameter: str) -> bool:
    match parameter:
        case "response_format":
            return request.answer is not None
        case "n":
            return request.choices > 1
        case "reasoning_key":
            return any(message.reasoning for message in request.messages)
        case _:
            return True
