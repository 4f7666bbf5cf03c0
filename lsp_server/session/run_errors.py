"""That there is no such run, said so that an editor and a terminal each name their own way out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from lsp_server.domain.errors import HoldfastError

WayOut: TypeAlias = Literal["list", "send", "propose"]

_COMMANDS: Mapping[WayOut, str] = MappingProxyType(
    {
        "list": "holdfast.run.list names them",
        "send": "send it a message with holdfast.run.send to go on with it",
        "propose": "holdfast.max.propose asks",
    }
)


class RunError(HoldfastError):
    """There is no such run, or it is not in a state in which that can be done.

    `fact` says so. `mend` is what helps, if something does; as a text, the error names
    the command of an editor for it.
    """

    def __init__(self, fact: str, mend: WayOut | None = None) -> None:
        super().__init__(f"{fact}; {_COMMANDS[mend]}" if mend else fact)
        self.fact = fact
        self.mend = mend
