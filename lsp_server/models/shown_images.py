"""This module decides which images of a conversation a request shows, and puts them where endpoints take them.

Of the others the request only says that they are not shown: the text that an image goes with
describes it in every case.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from lsp_server.domain.ids import Id
from lsp_server.domain.images import Image, LoadedImage
from lsp_server.domain.messages import Message

IMAGES_MAX = 20
"""Anthropic takes smaller images beyond that; others take fewer and say how many."""
IMAGES_BYTES_MAX = 20_000_000
"""Of one request, before they are encoded: Anthropic takes bodies of 32 MB, others more."""
LEFT_SHARE = 0.5
"""What is still shown after there were too many, so that the next few change nothing before them."""

NOT_SHOWN = "(You are not shown: {names}.)"
OF_RESULTS = "The images of the results above, in this order: {names}."

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WebP": "image/webp"}


def show_newest(
    messages: Sequence[Message], images_max: int = IMAGES_MAX, bytes_max: int = IMAGES_BYTES_MAX
) -> tuple[Message, ...]:
    """Returns the messages with the newest images alone, as many as a request may have.

    Older ones leave in large pieces: while a conversation grows, the messages that were
    already there mostly stay as they were, and so does the endpoint's cache of them.
    """
    sizes = [image.size_bytes for message in messages for image in message.images]
    hidden = _count_older(sizes, images_max, bytes_max)
    return tuple(_without_first(messages, hidden)) if hidden else tuple(messages)


def behind_results(messages: Iterable[Message], refused: Collection[Id] = ()) -> Iterator[Message]:
    """Puts the images of results into a message behind them, as results are text alone.

    Those that were `refused`, by their digests, or not loaded are left out, too.
    """
    waiting: list[Image] = []
    for each in messages:
        if waiting and each.role != "tool":
            yield _of_results(waiting)
            waiting = []
        taken = [one for one in each.images if one.digest not in refused]
        message = _showing(each, [one for one in taken if isinstance(one, LoadedImage)])
        if message.role == "tool" and message.images:
            waiting += message.images
            yield replace(message, images=())
        else:
            yield message
    if waiting:
        yield _of_results(waiting)


def data_url(image: Image) -> bytes:
    """Returns the content of an image as an address, in which requests carry it."""
    data = base64.b64encode(image.data if isinstance(image, LoadedImage) else b"")
    return b"data:%b;base64,%b" % (MEDIA_TYPES[image.format].encode(), data)


def _count_older(sizes: Sequence[int], images_max: int, bytes_max: int) -> int:
    """How many of the first images are left out."""
    first, total = 0, 0
    for place, size in enumerate(sizes):
        total += size
        if place + 1 - first <= images_max and total <= bytes_max:
            continue
        # One image that fits is shown in every case.
        count_left = max(round(images_max * LEFT_SHARE), min(1, images_max))
        while first <= place and (
            place + 1 - first > count_left or (total > bytes_max * LEFT_SHARE and first < place)
        ):
            total -= sizes[first]
            first += 1
    return first


def _without_first(messages: Iterable[Message], count: int) -> Iterator[Message]:
    for message in messages:
        yield _showing(message, message.images[count:])
        count -= min(count, len(message.images))


def _showing(message: Message, shown: Sequence[Image]) -> Message:
    """The message with some of its images, which says what the others are."""
    if len(shown) == len(message.images):
        return message
    hidden = dict.fromkeys(image.name for image in message.images if image not in shown)
    note = NOT_SHOWN.format(names=", ".join(hidden)) if hidden else ""
    text = f"{message.text}\n{note}".strip()
    return replace(message, text=text, images=tuple(shown))


def _of_results(images: Sequence[Image]) -> Message:
    names = ", ".join(image.name for image in images)
    return Message("user", OF_RESULTS.format(names=names), images=tuple(images))
