"""This module reads what a person sends in a prompt: words, files, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from acp import schema

from lsp_server.acp.errors import WrongRequest
from lsp_server.text.legible import on_one_line
from lsp_server.text.markdown import code_block
from lsp_server.text.truncate import truncate_middle

RESOURCE_CHARS_MAX = 20_000
"""A larger text that comes with a prompt is cut; the agent can read the file."""

Blocks: TypeAlias = Sequence[
    schema.TextContentBlock
    | schema.ImageContentBlock
    | schema.AudioContentBlock
    | schema.ResourceContentBlock
    | schema.EmbeddedResourceContentBlock
]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A `Prompt` is a text, and pictures as `data:` URLs."""

    text: str
    images: tuple[str, ...] = ()


def read_prompt(blocks: Blocks, root: Path) -> Prompt:
    """Reads the blocks of a prompt in the folder `root`. Raises WrongRequest for a sound.

    What is in a resource stands behind the person's words, as data.

    >>> text = schema.TextContentBlock(type="text", text="Fix ")
    >>> link = schema.ResourceContentBlock(type="resource_link", name="a.py", uri="file:///p/a.py")
    >>> read_prompt([text, link], Path("/p")).text
    'Fix a.py'
    """
    words: list[str] = []
    behind: list[str] = []
    images: list[str] = []
    for block in blocks:
        match block:
            case schema.TextContentBlock(text=text):
                words.append(text)
            case schema.ImageContentBlock(data=data, mime_type=mime_type):
                images.append(f"data:{mime_type};base64,{data}")
            case schema.ResourceContentBlock(uri=uri):
                words.append(_place(uri, root))
            case schema.EmbeddedResourceContentBlock(resource=resource):
                place = _place(resource.uri, root)
                words.append(place)
                behind += _embedded(resource, place, images)
            case _:
                raise WrongRequest("a prompt with sound cannot be read; send it as text")
    return Prompt("\n\n".join(filter(str.strip, ["".join(words), *behind])), tuple(images))


def _embedded(resource: Any, place: str, images: list[str]) -> list[str]:
    if isinstance(resource, schema.TextResourceContents):
        text = truncate_middle(resource.text, RESOURCE_CHARS_MAX)
        return [f"{place} has this text:\n\n{code_block(text)}"]
    if (resource.mime_type or "").startswith("image/"):
        images.append(f"data:{resource.mime_type};base64,{resource.blob}")
        return []
    return [f"(What is in {place} is no text and was left out.)"]


def _place(uri: str, root: Path) -> str:
    """A file as the agent names it: relative to the workspace where it lies there."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return on_one_line(uri)
    path = Path(unquote(parts.path))
    lines = f" ({parts.fragment})" if parts.fragment else ""
    inside = path.is_relative_to(root)
    return on_one_line((path.relative_to(root) if inside else path).as_posix() + lines)
