"""This module keeps what is in the images of a run, beside its journal, which has their names only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lsp_server.agent.journal import CHILDREN
from lsp_server.domain.events import Event, RunStarted, ToolReturned
from lsp_server.domain.images import Image, LoadedImage
from lsp_server.domain.message_events import MessageReceived
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private

IMAGES = "images"
"""The name of the folder in that of a run."""


class ImageStore:
    """An `ImageStore` has the contents of a run's images, in files named by their digests. Blocking.

    `folder` is that of the run. A child of a run has the images of its parent as well.

    >>> import tempfile
    >>> from lsp_server.domain.tools import ToolResult
    >>> digest = hashlib.sha256(b"content").hexdigest()
    >>> image = LoadedImage(digest, "PNG", 8, 6, 7, "a.png", b"content")
    >>> store = ImageStore(Path(tempfile.mkdtemp()))
    >>> kept = store.keep(ToolReturned(1, "call", "read", ToolResult("", images=(image,)), 0.1))
    >>> kept.result.images == (image.reference,), store.load(image.reference)
    (True, b'content')
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / IMAGES
        in_parent = folder.parent.name == CHILDREN
        self._parent = ImageStore(folder.parent.parent) if in_parent else None

    def keep(self, event: Event) -> Event:
        """Returns the Event with references alone, once what they stand for is kept. Raises OSError."""
        match event:
            case RunStarted(task=task) if task.images:
                return replace(event, task=replace(task, images=self._references(task.images)))
            case MessageReceived(images=images) if images:
                return replace(event, images=self._references(images))
            case ToolReturned(result=result) if result.images:
                references = self._references(result.images)
                return replace(event, result=replace(result, images=references))
            case _:
                return event

    def load(self, image: Image) -> bytes | None:
        """Returns what is in an image; None when it is gone, or damaged."""
        try:
            data = (self._folder / image.digest).read_bytes()
        except OSError:
            return self._parent.load(image) if self._parent else None
        return data if hashlib.sha256(data).hexdigest() == image.digest else None

    def _references(self, images: Iterable[Image]) -> tuple[Image, ...]:
        return tuple(map(self._kept, images))

    def _kept(self, image: Image) -> Image:
        if not isinstance(image, LoadedImage):
            return image
        path = self._folder / image.digest
        if not path.exists():
            make_private(self._folder)
            # As the journal, it is on its way to the disk when the system has it.
            replace_file(path, image.data, private=True, durable=False)
        return image.reference
