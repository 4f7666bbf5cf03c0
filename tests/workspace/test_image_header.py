"""Images by their first bytes, as the reading of a file names them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from lsp_server.domain.errors import ToolError
from lsp_server.workspace.files.disk import read_text

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"
JPEG = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0"
    + bytes(9)
    + b"\xff\xc2\0\x11\x08"
    + struct.pack(">HH", 480, 640)
)


def webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + bytes(4) + rest


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PNG, "a PNG image of 640 x 480 pixels, 29 bytes"),
        (PNG[:18], "a PNG image, 18 bytes"),
        (JPEG, "a JPEG image of 640 x 480 pixels, 29 bytes"),
        (JPEG[:20], "a JPEG image, 20 bytes"),
        (b"\xff\xd8\xff\xe0\0\0" + bytes(20), "a JPEG image, 26 bytes"),
        (b"GIF89a" + struct.pack("<HH", 640, 480), "a GIF image of 640 x 480 pixels, 10 bytes"),
        (b"GIF87a\0", "a GIF image, 7 bytes"),
        (
            webp(b"VP8X", bytes(4) + b"\x7f\x02\0\xdf\x01\0"),
            "a WebP image of 640 x 480 pixels, 30 bytes",
        ),
        (
            webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)),
            "a WebP image of 640 x 480 pixels, 25 bytes",
        ),
        (
            webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480)),
            "a WebP image of 640 x 480 pixels, 30 bytes",
        ),
        (webp(b"VP8 ", b""), "a WebP image, 20 bytes"),
        (b"\x7fELF\0\0", "is binary; use `shell`"),
    ],
)
def test_an_image_is_named_with_its_size(data: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(data)
    with pytest.raises(ToolError) as refused:
        read_text(path)
    assert expected in str(refused.value)
