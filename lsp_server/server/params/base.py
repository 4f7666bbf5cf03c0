"""This module has what all shapes on the wire share: arguments, payloads, places."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictInt
from pydantic.alias_generators import to_camel

from lsp_server.domain.tasks import RunState


class CommandParams(BaseModel):
    """A `CommandParams` is the one JSON object that a command takes; all keys are optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Returns the accepted keys as they are written on the wire."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


class NoParams(CommandParams):
    """A command with `NoParams` takes no keys."""


class Payload(BaseModel):
    """A `Payload` is something that we send."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def wire(self) -> dict[str, Any]:
        """Returns JSON values; what is None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class MessagePayload(Payload):
    """A `MessagePayload` has a sentence for a person."""

    message: str


ReplyState: TypeAlias = RunState | Literal["idle", "indexing", "error"]


class Reply(MessagePayload):
    """A `Reply` is the result of a command. `state` is the run's, else the session's.

    `uri` is the document that the command opens, for clients that cannot be asked to.
    """

    state: ReplyState
    run_id: str | None = None
    uri: str | None = None


Unsigned: TypeAlias = Annotated[StrictInt, Field(ge=0, lt=2**31)]
"""`uinteger` of the editor protocol."""


class WirePosition(BaseModel):
    """A `WirePosition` is in the encoding that was agreed on with the client."""

    line: Unsigned
    character: Unsigned


class WireRange(BaseModel):
    """A `WireRange` is a range of the editor protocol."""

    start: WirePosition
    end: WirePosition


class WireDiagnostic(BaseModel):
    """A `WireDiagnostic` has what a model can use of a diagnostic; `severity` 1 is an error."""

    range: WireRange
    message: str
    severity: Annotated[int, Field(ge=1, le=4)] = 1
    source: str = ""
