"""This module has the shapes of the commands about the model that works."""

from __future__ import annotations

from pydantic import StrictBool, StrictStr

from lsp_server.server.params.base import CommandParams, Payload, Reply


class ModelList(CommandParams):
    """`holdfast.model.list` takes the address of an endpoint, or lists what is set and on this machine.

    With `withKey` the key of the server's environment goes to that address: a person has given it for it.
    """

    base_url: StrictStr | None = None
    with_key: StrictBool = False


class ModelChoose(CommandParams):
    """`holdfast.model.choose` takes the address of an endpoint and the name of a model there.

    Without a name it is the first that is listed; without both a person is asked.
    """

    base_url: StrictStr | None = None
    name: StrictStr | None = None
    with_key: StrictBool = False


class ModelEntry(Payload):
    """A `ModelEntry` is a model that can be chosen; `server` is what seems to serve it."""

    base_url: str
    name: str
    server: str
    current: bool = False


class ModelListReply(Reply):
    """A `ModelListReply` lists the models that can be chosen, and says which one a run uses."""

    models: tuple[ModelEntry, ...] = ()
