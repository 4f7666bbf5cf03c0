"""This module walks through the parts of an image, which shows whether it is whole, and leaves out what tells of its origin.

Nothing is decoded. Left out are place, time, camera, comments and edits; a photo keeps which way
up it is held.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from lsp_server.domain.images import ImageFormat

_PNG_METADATA = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_JPEG_METADATA = frozenset({0xFFE1, 0xFFED, 0xFFFE})
"""Exif and XMP, IPTC, comments."""
_JPEG_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the pixels of a JPEG file: a marker that may not stand inside them."""
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
"""The bits in the header that say that they are there."""
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112


class ImageDamaged(ValueError):
    """The image ends too early, or is not what it says it is."""


def without_origin(data: bytes, format_: ImageFormat) -> bytes:
    """Returns an image without what tells of its origin. Raises ImageDamaged."""
    try:
        return _WALKS[format_](data)
    except (struct.error, IndexError) as error:
        raise ImageDamaged("it ends too early") from error


def _png(data: bytes) -> bytes:
    kept, at = [data[:8]], 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        chunk = data[at : at + 12 + length]
        is_whole = zlib.crc32(chunk[4:-4]) == checksum
        # Decoders do without any part whose name begins in lower case.
        if not is_whole and kind[:1].isupper():
            raise ImageDamaged("a checksum is wrong")
        if kind == b"eXIf":
            chunk = _png_chunk(kind, _orientation_alone(chunk[8:-4]))
        if is_whole and kind not in _PNG_METADATA:
            kept.append(chunk)
        if kind == b"IEND":
            return b"".join(kept)
        at += 12 + length


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    if not content:
        return b""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _jpeg(data: bytes) -> bytes:
    kept, at = [data[:2]], 2
    while True:
        (marker,) = struct.unpack_from(">H", data, at)
        if marker == 0xFFFF:  # Markers may be filled up.
            at += 1
            continue
        if marker == 0xFFD9:
            return b"".join((*kept, data[at : at + 2]))
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if marker < 0xFF00 or length < 2 or len(segment) < 2 + length:
            raise ImageDamaged("its parts do not fit together")
        if marker in _JPEG_METADATA:
            segment = _jpeg_exif(segment)
        at += 2 + length
        kept.append(segment)
        if marker == 0xFFDA:
            end = _JPEG_AFTER_SCAN.search(data, at)
            if end is None:
                raise ImageDamaged("it ends too early")
            kept.append(data[at : end.start()])
            at = end.start()


def _jpeg_exif(segment: bytes) -> bytes:
    content = _orientation_alone(segment[10:]) if segment[4:10] == _EXIF else b""
    return struct.pack(">HH6s", 0xFFE1, 8 + len(content), _EXIF) + content if content else b""


def _orientation_alone(exif: bytes) -> bytes:
    """What says which way up a photo is held; nothing where it says nothing of it."""
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", exif, entry)
            if tag == _ORIENTATION:
                return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, tag, 3, 1, value, 0, 0)
    except struct.error:
        pass
    return b""


def _gif(data: bytes) -> bytes:
    flags = data[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    kept, has_picture = [data[:at]], False
    while True:
        # Some leave the end out.
        start, kind = at, data[at] if at != len(data) else 0x3B
        match kind:
            case 0x3B if has_picture:
                return b"".join((*kept, b";"))
            case 0x21:
                at = _after_blocks(data, at + 2)
            case 0x2C:
                flags = data[at + 9]
                has_picture = True
                colours = 3 << (flags & 7) + 1 if flags & 0x80 else 0
                at = _after_blocks(data, at + 11 + colours)
            case _:
                raise ImageDamaged("its parts do not fit together")
        if kind == 0x2C or not _is_gif_metadata(data[start : start + 14]):
            kept.append(data[start:at])


def _is_gif_metadata(block: bytes) -> bool:
    # Of applications the one that says how often it is played is kept.
    return block[1] == _GIF_COMMENT or (
        block[1] == _GIF_APPLICATION and block[3:11] not in (b"NETSCAPE", b"ANIMEXTS")
    )


def _after_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < 8 + size:
        raise ImageDamaged("it ends too early")
    kept, at, told = [data[8:12]], 12, 0
    while at < 8 + size:
        kind, length = struct.unpack_from("<4sI", data, at)
        chunk = data[at : at + 8 + length + length % 2]
        at += len(chunk)
        if kind == b"EXIF":
            content = _orientation_alone(chunk[8:].removeprefix(_EXIF))
            told = _WEBP_EXIF if content else 0
            chunk = struct.pack("<4sI", kind, len(content)) + content if content else b""
        if kind != b"XMP ":
            kept.append(chunk)
    if kept[1][:4] == b"VP8X":
        flags = kept[1][8] & ~(_WEBP_EXIF | _WEBP_XMP) | told
        kept[1] = kept[1][:8] + bytes([flags]) + kept[1][9:]
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


_WALKS: Mapping[ImageFormat, Callable[[bytes], bytes]] = MappingProxyType(
    {"PNG": _png, "JPEG": _jpeg, "GIF": _gif, "WebP": _webp}
)
