"""This module turns what a server's tool gave into a text and images for the model."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from lsp_server.domain.errors import ToolError
from lsp_server.domain.images import LoadedImage
from lsp_server.text.count import count_of
from lsp_server.text.terminal import terminal_text
from lsp_server.text.truncate import truncate
from lsp_server.workspace.files.images import decode_image

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock

RESULT_CHARS_MAX = 100_000
"""More than a prompt may show of one result anyway; the rest is left out, and said so."""
IMAGES_MAX = 8
"""The first images of one result are shown, the others described."""


def read_result(result: CallToolResult, tool: str) -> tuple[str, tuple[LoadedImage, ...]]:
    """Returns the contents as a text, in their order, and the images that it describes.

    What is structured is given as JSON where there is nothing else. Many servers pass on what
    a program printed, so the text is what a terminal leaves of it.
    """
    images: list[LoadedImage] = []
    parts = [_result_part(block, tool, images) for block in result.content]
    return _joined(parts, result), tuple(images)


def _joined(parts: list[str], result: CallToolResult) -> str:
    if not any(part.strip() for part in parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False, indent=1)]
    text = terminal_text("\n\n".join(parts)).strip() or "(the tool gave nothing)"
    if len(text) <= RESULT_CHARS_MAX:
        return text
    return (
        truncate(text, RESULT_CHARS_MAX)
        + f"\n[{count_of(len(text), 'character')}; the rest is left out]"
    )


def block_text(block: ContentBlock) -> str:
    """Returns a piece of content as a text; what is no text is described."""
    match block.type:
        case "text":
            return block.text
        case "image" | "audio":
            return f"[{block.type}, {block.mime_type}, {_size(block.data)}]"
        case "resource_link":
            about = f": {block.description}" if block.description else ""
            return f"[resource {block.uri}{about}]"
        case "resource":
            resource = block.resource
            text = getattr(resource, "text", None)
            if text is not None:
                return f"[resource {resource.uri}]\n{text}"
            kind = resource.mime_type or "of an unknown type"
            return f"[resource {resource.uri}, {kind}, {_size(getattr(resource, 'blob', ''))}]"


def _result_part(block: ContentBlock, tool: str, images: list[LoadedImage]) -> str:
    """A piece of content as a text; what turns out to be an image is added to `images`."""
    name = f"{tool} {len(images) + 1}"
    if block.type == "image":
        data = block.data
    elif block.type == "resource" and (blob := getattr(block.resource, "blob", None)):
        data, name = blob, str(block.resource.uri)
    else:
        return block_text(block)
    if len(images) == IMAGES_MAX:
        return block_text(block)
    try:
        image = decode_image(data, name)
    except ToolError as error:
        return block_text(block) + (f" ({error.what})" if block.type == "image" else "")
    images.append(image)
    return f"[{image}]"


def _size(data: str) -> str:
    try:
        return count_of(len(base64.b64decode("".join(data.split()), validate=True)), "byte")
    except (binascii.Error, ValueError):
        return "unreadable"
