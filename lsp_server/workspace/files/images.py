"""This module reads images that a model is to be shown, and says what is wrong with those that it cannot be.

What a file is called does not matter, only what is in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from lsp_server.domain.errors import ToolError
from lsp_server.domain.images import LoadedImage
from lsp_server.text.legible import on_one_line
from lsp_server.text.truncate import one_line
from lsp_server.workspace.files.disk import FileTooLarge, FileUnread, read_bytes
from lsp_server.workspace.files.image_content import ImageDamaged, without_origin
from lsp_server.workspace.files.image_header import image_header

IMAGE_BYTES_MAX = 5_000_000
"""The smallest limit of those that vendors have, Anthropic's; a screenshot has a tenth of it."""
IMAGE_PIXELS_MAX = 8_000
"""The most that Anthropic takes on a side. Few bytes may be many pixels."""
NAME_CHARS_MAX = 120
SMALLER = "make it smaller, as with `magick {name} -resize 2000x2000 smaller.png`"
PASTED = "pasted image"

_DATA_URL = re.compile(r"data:([^,]{0,200}),", re.IGNORECASE)


def load_image(data: bytes, name: str) -> LoadedImage:
    """Makes an image of the content of a file. Raises ToolError, which names the file and the fix."""
    name = one_line(on_one_line(name), NAME_CHARS_MAX)
    header = image_header(data[:IMAGE_BYTES_MAX])
    if not data:
        raise ToolError(f"{name} is empty", "save the image again")
    if header is None:
        raise ToolError(
            f"{name} is no PNG, JPEG, GIF or WebP image",
            "convert it to PNG, or name it in the task if it is a file to be read",
        )
    if len(data) > IMAGE_BYTES_MAX:
        raise _too_large(name, f"has {len(data) / 1e6:.1f} MB", f"{IMAGE_BYTES_MAX / 1e6:.0f} MB")
    if max(header.width, header.height) > IMAGE_PIXELS_MAX:
        size = f"has {header.width:,} x {header.height:,} pixels"
        raise _too_large(name, size, f"{IMAGE_PIXELS_MAX:,} a side")
    try:
        data = without_origin(data, header.format)
    except ImageDamaged as error:
        raise ToolError(f"{name} is damaged: {error}", "save the image again") from error
    if not (header.width and header.height):
        raise ToolError(f"{name} is damaged: it has no size", "save the image again")
    return LoadedImage(
        hashlib.sha256(data).hexdigest(),
        header.format,
        header.width,
        header.height,
        len(data),
        name,
        data,
    )


def read_image(path: Path, name: str) -> LoadedImage:
    """Reads the image in a file. Blocking. Raises ToolError, which names the file and the fix."""
    try:
        return load_image(read_bytes(path, IMAGE_BYTES_MAX), name)
    except FileTooLarge as error:
        size = f"has {error.size_bytes / 1e6:.1f} MB"
        raise _too_large(name, size, f"{IMAGE_BYTES_MAX / 1e6:.0f} MB") from error


def decode_image(content: str, name: str) -> LoadedImage:
    """Makes an image of base64, which may come in lines. Raises ToolError, as `load_image`."""
    if len(content) > IMAGE_BYTES_MAX * 3 / 2:
        size = f"has {len(content) * 3 / 4e6:.1f} MB"
        raise _too_large(name, size, f"{IMAGE_BYTES_MAX / 1e6:.0f} MB")
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ToolError(f"{name}: its data is no base64", "send it again") from error
    return load_image(data, name)


def given_image(place: str, folder: Path) -> LoadedImage:
    """Reads an image that a person gives: a path, which may begin in `folder`, or a `data:` URL.

    Blocking. Raises ToolError, which names the image and the fix.
    """
    if not place.strip():
        raise ToolError(
            "the path of an image is empty", "give the path of an image, or leave it out"
        )
    if place.startswith(("http://", "https://")):
        raise ToolError(f"{place} is an address", "save the image and give its path")
    if (url := _DATA_URL.match(place)) is None:
        try:
            path = folder / Path(place).expanduser()
            inside = path.is_relative_to(folder)
            return read_image(path, path.relative_to(folder).as_posix() if inside else place)
        except (FileUnread, RuntimeError, ValueError) as error:
            # Its hint is for the model; the home of nobody and a null byte have none.
            what = error.what if isinstance(error, ToolError) else f"{place!r} is no path"
            raise ToolError(what, "give the path of an image") from error
    content = place[url.end() :]
    if url[1].lower().endswith(";base64"):
        return decode_image(content, PASTED)
    return load_image(unquote_to_bytes(content), PASTED)


def _too_large(name: str, what: str, limit: str) -> ToolError:
    return ToolError(
        f"{name} is too large: it {what}, and models take {limit}", SMALLER.format(name=name)
    )
