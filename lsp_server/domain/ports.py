"""The four seams. Everything that could be two things goes through one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lsp_server.domain.edits import Document, EditSet
from lsp_server.domain.goals import Finding
from lsp_server.domain.messages import (
    Listener,
    Request,
    Response,
    ToolResult,
    ToolSpec,
    ignore_deltas,
)
from lsp_server.domain.permissions import Answer, Question


class Model(Protocol):
    """Something that answers a request.

    `listen` is called synchronously with each piece as it comes; an exception
    that it raises ends the request and closes the stream. Cancelling the call
    closes the stream too. Raises ModelError, never a vendor's exception.
    """

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response: ...


class Embedder(Protocol):
    """Texts to vectors, all of `dimension`; `fingerprint` changes when vectors would."""

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]: ...


class Editor(Protocol):
    """The place where files are read, changed and shown to a person.

    Paths are absolute and resolved inside the workspace by the caller.
    """

    async def read(self, path: Path) -> Document:
        """The text as the person sees it. Raises ToolError: missing, binary, too large."""
        ...

    async def apply(self, edits: EditSet) -> None:
        """All of the edits, each against its base. Raises EditRejected."""
        ...

    async def confirm(self, question: Question) -> Answer | None:
        """A person's answer; None when it was dismissed or nobody can be asked here."""
        ...

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """What the editor's language servers found in a file, or everywhere; None: unknown."""
        ...


class Tool(Protocol):
    """One thing that the model may do.

    `call` gets parsed arguments and validates them. Raises ToolError with a text
    that the model can act on.
    """

    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, arguments: Mapping[str, object]) -> ToolResult: ...
