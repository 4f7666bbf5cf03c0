"""This module says what is known of an image, and how it stands in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lsp_server.domain.ids import Id

ImageFormat: TypeAlias = Literal["PNG", "JPEG", "GIF", "WebP"]
"""The formats that models take."""

PIXELS_PER_TOKEN = 750
"""From Anthropic's guide to vision; Qwen's models take 784, OpenAI's between 400 and 1,600."""
TOKENS_MAX = 1_600
"""The most that Anthropic and OpenAI count for one image; larger ones are scaled down there."""


@dataclass(frozen=True, slots=True)
class Image:
    """An `Image` goes with a text; what is in it is kept apart from the journal, under `digest`.

    `digest` is the SHA-256 of the content, which has `size_bytes`; width and height are pixels.
    `name` is a path or what a person or a tool calls it. The text that an image goes with
    describes it, since not every model sees it, and nothing but the text is remembered.

    >>> str(Image("a1b2", "PNG", 800, 600, 12_345, "shot.png"))
    'image shot.png: PNG, 800 x 600 pixels, 12,345 bytes'
    """

    digest: Id
    format: ImageFormat
    width: int
    height: int
    size_bytes: int
    name: str

    def __str__(self) -> str:
        size = f"{self.width} x {self.height} pixels, {self.size_bytes:,} bytes"
        return f"image {self.name}: {self.format}, {size}"

    @property
    def tokens(self) -> int:
        """Estimates what the image takes in a prompt."""
        return min(TOKENS_MAX, self.width * self.height // PIXELS_PER_TOKEN + 1)


@dataclass(frozen=True, slots=True)
class LoadedImage(Image):
    """A `LoadedImage` has the content with it, on its way to a model or to where it is kept."""

    data: bytes = field(repr=False, compare=False)

    @property
    def reference(self) -> Image:
        """Returns the image without its content."""
        return Image(self.digest, self.format, self.width, self.height, self.size_bytes, self.name)


def described(text: str, images: Sequence[Image]) -> str:
    r"""Returns a text that says which images go with it.

    >>> described("Fix it.", [Image("a1b2", "PNG", 8, 6, 90, "a.png")])
    'Fix it.\n\n[image a.png: PNG, 8 x 6 pixels, 90 bytes]'
    """
    lines = "\n".join(f"[{image}]" for image in images)
    return f"{text.rstrip()}\n\n{lines}".strip() if lines else text
