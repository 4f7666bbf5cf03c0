"""An `ImageLoadingModel` is a Model that hands its Model the contents of the images of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TypeAlias

from lsp_server.domain.images import Image, LoadedImage
from lsp_server.domain.messages import Listener, Message, Request, Response, ignore_deltas
from lsp_server.domain.ports import Model
from lsp_server.models.shown_images import show_newest

LoadImage: TypeAlias = Callable[[Image], bytes | None]
"""Returns the content of an image, None where it is gone. It may block."""
AddImages: TypeAlias = Callable[[Model], Model]
"""Makes a Model that shows images of one that gets none."""

NOT_TAKEN = (
    "the model does not take the images of this run, or not all of them; it is told their names "
    "and sizes. model.images = yes sends them all the same, no never does"
)


def no_images(model: Model) -> Model:
    """Returns the Model itself: for requests that have no images."""
    return model


class ImageLoadingModel:
    """An `ImageLoadingModel` loads the newest images of each request, as many as one may have.

    `say` is called once with a sentence for a person, when the endpoint takes none.
    """

    def __init__(self, model: Model, load: LoadImage, say: Callable[[str], None]) -> None:
        self._model = model
        self._load = load
        self._say = say
        self._has_said = False
        self._loaded: dict[Image, LoadedImage] = {}
        """Those of the last request: the next one has most of them again."""

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns its Model's answer. Raises ModelError."""
        messages = show_newest(request.messages)
        if any(message.images for message in messages):
            messages = await asyncio.to_thread(self._with_contents, messages)
        response = await self._model.respond(replace(request, messages=messages), listen)
        if response.without_images and not self._has_said:
            self._has_said = True
            self._say(NOT_TAKEN)
        return response

    def _with_contents(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        before, now = self._loaded, dict[Image, LoadedImage]()
        for image in (image for message in messages for image in message.images):
            if image in before:
                now[image] = before[image]
            elif image not in now and (data := self._load(image)) is not None:
                now[image] = LoadedImage(**asdict(image), data=data)
        self._loaded = now
        return tuple(
            replace(each, images=tuple(now.get(image, image) for image in each.images))
            if each.images
            else each
            for each in messages
        )
