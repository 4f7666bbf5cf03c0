"""This module reads from the first bytes of a file which kind of image it is, and its size in pixels."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lsp_server.domain.images import ImageFormat

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The segments of a JPEG file that hold its size."""

_BY_FIRST_BYTE: Mapping[int, ImageFormat] = MappingProxyType(
    {0x89: "PNG", 0x47: "GIF", 0xFF: "JPEG"}
)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """An `ImageHeader` names the format of an image; width and height are pixels, 0 if unknown."""

    format: ImageFormat
    width: int = 0
    height: int = 0

    def __str__(self) -> str:
        pixels = f" of {self.width} x {self.height} pixels" if self.width and self.height else ""
        return f"a {self.format} image{pixels}"


def image_header(data: bytes) -> ImageHeader | None:
    """Returns what the start of a file says of the image in it; None for what is none.

    >>> str(image_header(b"GIF89a" + bytes([2, 0, 1, 0])))
    'a GIF image of 2 x 1 pixels'
    """
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return ImageHeader("PNG", *_numbers(">II", data, 16))
        if data.startswith((b"GIF87a", b"GIF89a")):
            return ImageHeader("GIF", *_numbers("<HH", data, 6))
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error:
        # It ends before its size.
        return ImageHeader(_BY_FIRST_BYTE.get(data[0], "WebP"))
    return None


def _jpeg(data: bytes) -> ImageHeader:
    at = 2
    while True:
        marker, length = _numbers(">HH", data, at)
        if marker & 0xFF in _JPEG_SIZES:
            height, width = _numbers(">HH", data, at + 5)
            return ImageHeader("JPEG", width, height)
        if marker < 0xFF00 or length < 2:
            return ImageHeader("JPEG")
        at += 2 + length


def _webp(data: bytes) -> ImageHeader:
    match data[12:16]:
        case b"VP8X":
            low_w, high_w, low_h, high_h = _numbers("<HBHB", data, 24)
            return ImageHeader("WebP", (high_w << 16 | low_w) + 1, (high_h << 16 | low_h) + 1)
        case b"VP8L":
            (bits,) = _numbers("<I", data, 21)
            return ImageHeader("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case _:
            width, height = _numbers("<HH", data, 26)
            return ImageHeader("WebP", width & 0x3FFF, height & 0x3FFF)


def _numbers(form: str, data: bytes, at: int) -> tuple[int, ...]:
    return struct.unpack_from(form, data, at)
