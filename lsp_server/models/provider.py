"""This module finds the endpoint that does a session's work, and keeps its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.ports import Model
from lsp_server.models.api_key import find_api_key
from lsp_server.models.chat_completions import ChatCompletions
from lsp_server.models.discovery import (
    LOCAL_SERVERS,
    Endpoint,
    discover,
    models_at,
    require_address,
)
from lsp_server.models.http_model import HttpModel
from lsp_server.models.messages import Messages
from lsp_server.models.responses import Responses
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings
from lsp_server.settings.sections import Wire as WireName
from lsp_server.settings.user_file import default_user_file

WIRES: Mapping[WireName, type[HttpModel]] = MappingProxyType(
    {"chat": ChatCompletions, "messages": Messages, "responses": Responses}
)
CLOSE_SECONDS_MAX = 0.5
MODELS_SHOWN_MAX = 12


class Wire(Model, Protocol):
    """A `Wire` is a Model over the protocol of an endpoint, with connections of its own."""

    async def close(self) -> None:
        """Closes the connections."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    wire: Wire
    settings: ModelSettings
    name: str
    api_key: str | None
    choice: str | None
    """What was chosen that no setting names, and how to choose; None where settings name all."""


@dataclass(frozen=True, slots=True)
class EndpointModels:
    """An `EndpointModels` has the model in use, and all that its endpoint lists."""

    current: str
    names: tuple[str, ...]


class ModelProvider:
    """Finds the endpoint in the background and keeps its connections; close it.

    It must be made on a running loop. `searched` is called when a search is over,
    whether it found something or not.
    """

    def __init__(
        self,
        settings: ModelSettings,
        searched: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._searched = searched
        self._retired: list[Wire] = []
        self._begin()

    @property
    def description(self) -> str | None:
        """Returns the model's name and place without credentials; None while none is known."""
        if found := self._found():
            return found.name
        if self._settings.base_url is None or self._problem():
            return None
        place = urlsplit(without_credentials(self._settings.base_url))
        return f"{self._settings.name or 'the first model'} at {place.scheme}://{place.netloc}"

    @property
    def api_key(self) -> str | None:
        """Returns the endpoint's key, None as long as no endpoint is known; to keep it out of all records."""
        found = self._found()
        return found.api_key if found else None

    @property
    def choice(self) -> str | None:
        """Returns what was chosen that no setting names, and how to choose, as a sentence."""
        found = self._found()
        return found.choice if found else None

    def check(self) -> str:
        """Describes the model that will be asked, as far as it is known now.

        Raises ConfigurationError when nothing may be asked, or when the last search found
        nothing, and starts another one, since a server may have been started meanwhile.
        """
        # Known before any search.
        self._settings.require_usable()
        require_address(self._settings)
        if problem := self._problem():
            self._begin()
            raise ConfigurationError(str(problem), key=self._settings.setting("base_url"))
        return self.description or "a model server on this machine"

    async def wire(self) -> Model:
        """Waits for the endpoint and gives it as a bare Model.

        The caller wraps it: nothing is retried or redacted here. Raises
        ConfigurationError, ModelError.
        """
        # Shielded: the search is for all who wait, and one of them may be cancelled.
        return (await asyncio.shield(self._search)).wire

    async def examine(self) -> str:
        """Asks the endpoint for its models and says in a sentence what it has.

        Raises ConfigurationError, ModelError.
        """
        found = await asyncio.shield(self._search)
        names = await models_at(found.settings, found.api_key)
        listed = ", ".join(names[:MODELS_SHOWN_MAX]) or "none"
        more = f" and {len(names) - MODELS_SHOWN_MAX} more" if len(names) > MODELS_SHOWN_MAX else ""
        key = "with a key" if found.api_key else f"without a key{_where(found.settings)}"
        return f"{found.name}, {key}; it answers and lists: {listed}{more}"

    async def models(self) -> EndpointModels:
        """Asks the endpoint which models it has. Raises ConfigurationError, ModelError."""
        found = await asyncio.shield(self._search)
        names = await models_at(found.settings, found.api_key)
        return EndpointModels(found.settings.name or "", names)

    def reconfigure(self, settings: ModelSettings) -> None:
        """Takes another endpoint for later requests; those under way keep theirs."""
        if settings == self._settings:
            return
        self._settings = settings
        if found := self._found():
            # Requests under way still use it, so it is closed at the end.
            self._retired.append(found.wire)
        self._search.cancel()
        self._begin()

    async def close(self) -> None:
        """Ends the search and closes all connections."""
        found = self._found()
        self._search.cancel()
        await asyncio.wait([self._search], timeout=CLOSE_SECONDS_MAX)
        for wire in [*self._retired, *([found.wire] if found else [])]:
            await wire.close()

    def _begin(self) -> None:
        self._search = asyncio.create_task(_find(self._settings), name="find the model endpoint")
        self._search.add_done_callback(
            lambda search: None if search.cancelled() else self._searched()
        )

    def _found(self) -> _Found | None:
        done = self._search.done() and not self._search.cancelled()
        return self._search.result() if done and not self._search.exception() else None

    def _problem(self) -> HoldfastError | None:
        if not self._search.done() or self._search.cancelled():
            return None
        error = self._search.exception()
        if error is not None and not isinstance(error, HoldfastError):
            raise error
        return error


async def _find(settings: ModelSettings) -> _Found:
    found = await find_endpoint(settings)
    name = f"{found.settings.name} at {without_credentials(found.endpoint.base_url)}"
    choice = _choice(settings, found.settings, found.endpoint)
    wire = open_wire(found.settings, found.api_key)
    return _Found(wire, found.settings, name, found.api_key, choice)


def _where(settings: ModelSettings) -> str:
    """Where a key has to be set, if that of the environment is for another address."""
    own = settings.key_setting
    return f" (the environment's is for another address; set {own} if it needs one)" if own else ""


@dataclass(frozen=True, slots=True)
class FoundEndpoint:
    """A `FoundEndpoint` is where requests go: complete settings, and the key for it."""

    settings: ModelSettings
    endpoint: Endpoint
    api_key: str | None


async def find_endpoint(settings: ModelSettings) -> FoundEndpoint:
    """Finds the endpoint that settings name, or one on this machine where they name none.

    Raises ConfigurationError, ModelError.
    """
    settings.require_usable()
    api_key = await find_api_key(settings)
    endpoint = await discover(settings, api_key=api_key)
    if endpoint is None:
        raise ConfigurationError(HOW_TO_SET_ONE.format(file=default_user_file()))
    complete = endpoint.complete(settings)
    # A key is for the endpoint it was set up with, never for whatever listens here.
    return FoundEndpoint(complete, endpoint, api_key if settings.base_url is not None else None)


def _choice(settings: ModelSettings, complete: ModelSettings, endpoint: Endpoint) -> str | None:
    place = without_credentials(endpoint.base_url)
    if settings.base_url is None:
        return (
            f"no model is set, so {complete.name} at {place} is used, which was found on this "
            f"machine ({endpoint.server}); to choose, set model.base_url and model.name in "
            f"{default_user_file()}"
        )
    if settings.name is None:
        return (
            f"{settings.setting('name')} is not set, so {complete.name} is used, the first that "
            f"{place} lists; set it to choose"
        )
    return None


def open_wire(
    settings: ModelSettings, api_key: str | None, client: httpx.AsyncClient | None = None
) -> Wire:
    """Opens the wire that an endpoint speaks, as the settings say.

    A `client` that is given is closed by whoever gave it. Raises ConfigurationError for
    settings or an environment that cannot work.
    """
    return WIRES[settings.wire](settings, api_key=api_key, client=client)


HOW_TO_SET_ONE = (
    "no model endpoint is set and none answers on this machine ("
    + ", ".join(f"{server.name} on port {server.port}" for server in LOCAL_SERVERS)
    + "); set HOLDFAST_MODEL__BASE_URL, or base_url under [model] in {file}"
)
