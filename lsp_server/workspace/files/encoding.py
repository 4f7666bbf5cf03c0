"""This module decodes the bytes of files, and encodes text as the file had it before."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lsp_server.domain.errors import EditRejected


@dataclass(frozen=True, slots=True)
class Encoding:
    """An `Encoding` says how a file's text is encoded; `mark` is its byte order mark, perhaps empty."""

    codec: str
    mark: bytes = b""


UTF_8 = Encoding("utf-8")
LATIN_1 = Encoding("latin-1")
MARKED = (
    Encoding("utf-8", codecs.BOM_UTF8),
    Encoding("utf-16-le", codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", codecs.BOM_UTF16_BE),
)

_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that no text in an eight-bit encoding has: with one of them a file is binary."""


def decode(data: bytes) -> tuple[str, Encoding] | None:
    r"""Returns the text without its byte order mark, and its encoding; None for a binary file.

    >>> decode(b"caf\xe9")
    ('café', Encoding(codec='latin-1', mark=b''))
    >>> decode(b"\x89PNG\0") is None
    True
    """
    for encoding in MARKED:
        if data.startswith(encoding.mark):
            return _decoded(data[len(encoding.mark) :], encoding)
    # Every byte is latin-1, so control characters decide whether it is text at all.
    return _decoded(data, UTF_8) or (None if _CONTROL.search(data) else _decoded(data, LATIN_1))


def encode(text: str, encoding: Encoding) -> bytes:
    """Returns the bytes of `text`. Raises EditRejected when they would be read back as another text."""
    if "\0" in text:
        raise EditRejected("the text holds a NUL character, which would make the file binary")
    if text.startswith("\ufeff"):
        raise EditRejected(
            "the text starts with a byte order mark", "leave it out, files keep theirs"
        )
    try:
        data = encoding.mark + text.encode(encoding.codec)
    except UnicodeEncodeError as error:
        char = text[error.start]
        raise EditRejected(
            f"{char!r} cannot be written in the file's encoding, {encoding.codec}",
            "write it another way",
        ) from error
    # The bytes of some latin-1 texts are UTF-8 too: "Ã©" would come back as "é".
    if encoding == LATIN_1 and (decode(data) or ("\0",))[0] != text:
        raise EditRejected(
            "the text in latin-1 would be taken for another encoding", "use other characters"
        )
    return data


def _decoded(data: bytes, encoding: Encoding) -> tuple[str, Encoding] | None:
    try:
        text = data.decode(encoding.codec)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else (text, encoding)
