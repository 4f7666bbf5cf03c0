"""This module turns what a server's tool gave into a text for the model."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from lsp_server.text.terminal import terminal_text
from lsp_server.text.truncate import truncate

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock

RESULT_CHARS_MAX = 100_000
"""More than a prompt may show of one result anyway; the rest is left out, and said so."""


def result_text(result: CallToolResult) -> str:
    """Returns the contents in their order; what is no text is described.

    What is structured is given as JSON where there is nothing else. Many servers pass on what
    a program printed, so the text is what a terminal leaves of it.
    """
    parts = [block_text(block) for block in result.content]
    if not any(part.strip() for part in parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False, indent=1)]
    text = terminal_text("\n\n".join(parts)).strip() or "(the tool gave nothing)"
    if len(text) <= RESULT_CHARS_MAX:
        return text
    return truncate(text, RESULT_CHARS_MAX) + f"\n[{len(text):,} characters; the rest is left out]"


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
            return f"[resource {resource.uri}, {resource.mime_type or 'of an unknown type'}]"


def _size(data: str) -> str:
    try:
        return f"{len(base64.b64decode(data, validate=True)):,} bytes"
    except (binascii.Error, ValueError):
        return "unreadable"
