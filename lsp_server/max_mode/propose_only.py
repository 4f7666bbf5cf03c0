"""This module lets a run look around, and leaves its first change to a person.

`ProposeOnly` is a Model that holds two. As long as the plain answer only reads, it passes.
For the first that would do more, candidates are sampled and judged instead, and none is
carried out: the run ends and says so. Once a person has accepted one, the same run goes on
with it, unless the files that it was made for have changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from lsp_server.domain.candidates import CandidateGroup
from lsp_server.domain.errors import StaleEdit
from lsp_server.domain.messages import (
    Choice,
    Listener,
    Message,
    Request,
    Response,
    Usage,
    ignore_deltas,
)
from lsp_server.domain.ports import Model
from lsp_server.domain.tools import ToolCall
from lsp_server.text.truncate import first_line

ListChanged: TypeAlias = Callable[[CandidateGroup], Awaitable[Sequence[str]]]
"""Returns the names of the files that changed since a candidate's dry run."""

ENDING_CHARS_MAX = 200

READY = "The proposals are ready to be compared; nothing was changed."


class ProposeOnly:
    """A `ProposeOnly` is the Model of a run that proposes its first change and stops.

    `plain` answers as long as answers only look, which `only_looks` says of a call;
    `several` is a `MaxMode` that compares candidates. `accepted` is what a person chose in
    an earlier part of the run, None if they did not; `list_changed` says whether its files
    are still the same.

    Example::

        model = ProposeOnly(worker, max_mode, toolbox.only_looks, list_changed)
        response = await model.respond(request)  # proposes, and changes nothing
    """

    def __init__(
        self,
        plain: Model,
        several: Model,
        only_looks: Callable[[ToolCall], bool],
        list_changed: ListChanged,
        accepted: CandidateGroup | None = None,
    ) -> None:
        self._plain = plain
        self._several = several
        self._only_looks = only_looks
        self._list_changed = list_changed
        self._accepted = accepted
        self._is_done = False

    async def respond(self, request: Request, listen: Listener = ignore_deltas) -> Response:
        """Returns an answer to carry out, or the last one of this part of the run.

        Raises ModelError, and StaleEdit when the accepted proposal was made for other texts.
        """
        if self._accepted is not None:
            return await self._carry_out(request, self._accepted)
        look = await self._plain.respond(request, listen)
        calls = look.message.tool_calls
        if calls and all(map(self._only_looks, calls)):
            return look
        # Nobody reads along: the answer of the run is another one.
        drawn = await self._several.respond(request, ignore_deltas)
        ready = Choice(Message("assistant", READY), "stop")
        return replace(
            drawn,
            choices=(ready,),
            billed=look.billed + drawn.billed,
            cost_usd=look.cost_usd + drawn.cost_usd,
        )

    async def _carry_out(self, request: Request, accepted: CandidateGroup) -> Response:
        """Returns the accepted answer, then how it went."""
        if self._is_done:
            results = [message.text for message in request.messages[-8:] if message.role == "tool"]
            ended = first_line(results[-1] if results else accepted.text, ENDING_CHARS_MAX)
            ended = ended.rstrip(" .:")
            message = Message("assistant", f"Accepted {accepted.title}: {ended}.")
        else:
            if names := await self._list_changed(accepted):
                raise StaleEdit(
                    f"{', '.join(names)} changed since this was proposed, so nothing was done; "
                    "ask for a new proposal with holdfast.max.propose"
                )
            message = Message("assistant", accepted.text, tool_calls=accepted.calls)
        self._is_done = True
        choice = Choice(message, "tool_calls" if message.tool_calls else "stop")
        return Response((choice,), Usage(), Usage())
