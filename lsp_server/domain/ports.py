"""This module holds the four seams: Model, Embedder, Editor and Tool.

Everything that could be two things goes through one of them. `EditTool`,
`LastingTool` and `CheckedTool` are Tools that can do more, and `LastingEditor` is such
an Editor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from lsp_server.domain.edits import Document, EditSet, PlannedEdit
from lsp_server.domain.goals import Finding
from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Listener, Request, Response, ignore_deltas
from lsp_server.domain.permissions import Answered, Question
from lsp_server.domain.tools import Needs, ToolResult, ToolSpec


class Model(Protocol):
    """A `Model` answers a request: it is an endpoint, a script, or a wrapper around a Model.

    Example, a Model that counts what its Model is asked::

        class Counting:
            def __init__(self, model: Model) -> None:
                self._model, self.requests = model, 0

            async def respond(self, request, listen=ignore_deltas):
                self.requests += 1
                return await self._model.respond(request, listen)
    """

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Answers `request`; `listen` is called with each piece as it comes.

        The listener runs synchronously on the event loop; an exception that it
        raises ends the request and closes the stream, and so does cancelling the
        call. Raises ModelError, never a vendor's exception.
        """
        ...


class Embedder(Protocol):
    """An `Embedder` turns texts into vectors, which lie near each other for texts that are alike."""

    @property
    def dimension(self) -> int:
        """Returns the number of components of every vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Returns a name that changes when the same text would give another vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Gives one vector of length 1 for each text, in their order.

        Any number of texts may be asked for at once; longer ones than the model
        reads are cut. Raises ModelError when they cannot be had.
        """
        ...


class Editor(Protocol):
    """An `Editor` reads files, changes them and shows them to a person: an editor, or the disk.

    Paths are absolute and resolved inside the workspace by the caller.
    """

    async def read(self, path: Path) -> Document:
        """Gives the text as the person sees it. Raises ToolError: missing, binary, too large."""
        ...

    async def apply(self, edits: EditSet) -> None:
        """Applies all of the edits or none, each against its base. Raises EditRejected."""
        ...

    async def confirm(self, question: Question) -> Answered | None:
        """Asks a person; None when the question was dismissed or nobody can be asked here."""
        ...

    async def diagnostics(self, path: Path | None) -> Sequence[Finding] | None:
        """Gives what other language servers found in a file, or everywhere; None when unknown."""
        ...


@runtime_checkable
class LastingEditor(Editor, Protocol):
    """A `LastingEditor` is an Editor that a person may leave while work goes on, and come back to."""

    @property
    def is_attended(self) -> bool:
        """Says whether a person is there, who can be asked."""
        ...

    async def attended(self) -> None:
        """Returns once a person is there."""
        ...


class Tool(Protocol):
    """A `Tool` is one thing that the model may do, and says itself what it is.

    Arguments come as the model wrote them, by name; each method reads what it
    needs of them.

    Example, a tool that says as little as it may (its calls are asked about in
    every mode, and plan mode does not offer it)::

        class Ping:
            spec = ToolSpec("ping", "Say pong.", {"type": "object", "properties": {}})

            def describe(self, arguments):
                return "ping"

            def needs(self, arguments):
                return NeedsUnknown()

            async def call(self, arguments):
                return ToolResult("pong")
    """

    @property
    def spec(self) -> ToolSpec:
        """Returns the name, what the model reads of the tool, and its kind."""
        ...

    def describe(self, arguments: Mapping[str, object]) -> str:
        """Shows a call in one line for people, as in `edit src/a.py`; never raises."""
        ...

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        """Says what the call needs permission for. Raises ToolError for wrong arguments."""
        ...

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Carries the call out. Raises ToolError with a text that the model can act on."""
        ...


@runtime_checkable
class EditTool(Tool, Protocol):
    """A Tool that changes files, and can plan a change, show it and then apply that very change."""

    async def plan(
        self, arguments: Mapping[str, object], editor: Editor | None = None
    ) -> PlannedEdit:
        """Computes the change and applies nothing; against the texts of `editor` if one is given.

        Raises ToolError when the call would fail.
        """
        ...

    async def apply(self, planned: PlannedEdit) -> ToolResult:
        """Carries out a plan of this tool. Raises ToolError when the text has moved too far."""
        ...


@runtime_checkable
class LastingTool(Tool, Protocol):
    """A `LastingTool` is a Tool whose calls can be gone on with after a crash, by their ids."""

    def has_begun(self, call_id: Id) -> bool:
        """Says whether the call of that id began something that `call_as` goes on with."""
        ...

    async def call_as(self, call_id: Id, arguments: Mapping[str, object]) -> ToolResult:
        """Carries the call of that id out, or goes on with it. Raises ToolError as `call` does."""
        ...


@runtime_checkable
class CheckedTool(Tool, Protocol):
    """A Tool that looks at files and can say on other texts whether a call would fail."""

    async def check(self, arguments: Mapping[str, object], editor: Editor) -> None:
        """Looks at the texts of `editor`. Raises ToolError when the call would fail there."""
        ...
