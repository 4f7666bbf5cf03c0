"""This module finds a model server: the configured one, or one that runs on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from lsp_server.domain.errors import (
    ConfigurationError,
    ModelError,
    ModelMisbehaved,
    ModelUnavailable,
)
from lsp_server.models.api_key import key_headers
from lsp_server.models.connection import HTTP_FAILURES, failure, open_client, resource
from lsp_server.models.error_body import read_provider_error
from lsp_server.models.provider_errors import error_for_status
from lsp_server.settings.address import without_credentials
from lsp_server.settings.sections import ModelSettings

PROBE_SECONDS = 1.0
"""The time that a server on this machine gets to answer, since a person waits."""
LISTING_SECONDS = 10.0
LISTING_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A `LocalServer` is a program that serves models, with the port on which it listens by default."""

    name: str
    port: int

    @property
    def base_url(self) -> str:
        """Returns the address of its API."""
        return f"http://127.0.0.1:{self.port}/v1"


LOCAL_SERVERS = (
    LocalServer("Ollama", 11434),
    LocalServer("LM Studio", 1234),
    LocalServer("llama.cpp", 8080),
    LocalServer("vLLM", 8000),
)
"""The programs that are looked for, the preferred ones first; ports are from their documentation."""


WITHOUT_ADDRESS = (
    "{setting} is not set, although other settings of the model are, so no server is "
    "guessed; set it, as in http://127.0.0.1:11434/v1 for Ollama on this machine"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An `Endpoint` is an address at which models are served.

    `server` is the name of the program that it seems to be, `models` may be empty.
    """

    server: str
    base_url: str
    models: tuple[str, ...]

    def complete(self, settings: ModelSettings) -> ModelSettings:
        """Adds the endpoint to settings, and its first chat model if they name none.

        Raises ConfigurationError when there is no model to name.
        """
        name = settings.name
        if name is None:
            # LM Studio lists its embedding model, too.
            chat = [each for each in self.models if "embed" not in each.lower()]
            if not chat:
                raise ConfigurationError(
                    f"{self.server} at {without_credentials(self.base_url)} lists no model; "
                    f"load one there, or set {settings.setting('name')}",
                    key=settings.setting("name"),
                )
            name = chat[0]
        return settings.model_copy(update={"base_url": self.base_url, "name": name})


def require_address(settings: ModelSettings) -> None:
    """Raises ConfigurationError where settings name a model, a key or a body but no address.

    Whatever listens on this machine is not what they were meant for.
    """
    named = (settings.name, settings.api_key_command, settings.extra_body or None)
    if settings.base_url is None and any(each is not None for each in named):
        setting = settings.setting("base_url")
        raise ConfigurationError(WITHOUT_ADDRESS.format(setting=setting), key=setting)


async def discover(
    settings: ModelSettings,
    *,
    api_key: str | None = None,
    servers: Sequence[LocalServer] = LOCAL_SERVERS,
) -> Endpoint | None:
    """Finds the endpoint to use; None when none is configured and none answers here.

    A configured one is asked for its models only when `name` is unset, which raises
    ModelError when it lists none. Of `servers` the first that has a model is taken, where
    settings name nothing at all: ConfigurationError is raised for a model or a key command
    without an address. They never get the key: anything may listen on a port.
    """
    if settings.base_url is not None:
        names = () if settings.name else await models_at(settings, api_key)
        return Endpoint("the endpoint", settings.base_url, names)
    require_address(settings)
    found = await local_endpoints(servers)
    return next((each for each in found if each.models), found[0] if found else None)


async def local_endpoints(servers: Sequence[LocalServer] = LOCAL_SERVERS) -> tuple[Endpoint, ...]:
    """Finds the servers that answer on this machine, in their order. They never get a key."""
    # Side by side: each may take all of its second.
    async with asyncio.TaskGroup() as group:
        probes = [group.create_task(_probe(server)) for server in servers]
    return tuple(endpoint for probe in probes if (endpoint := probe.result()))


async def models_at(
    settings: ModelSettings,
    api_key: str | None = None,
    *,
    seconds_max: float = LISTING_SECONDS,
) -> tuple[str, ...]:
    """Asks the endpoint of settings for the names of its models, in its order. Raises ModelError."""
    base_url, wire = settings.base_url or "", settings.wire
    place = without_credentials(base_url)
    client = open_client(base_url)
    try:
        async with asyncio.timeout(seconds_max), client:
            headers = key_headers(api_key, wire)
            reply, body = await _get(client, resource(base_url, "models"), headers)
            if reply.status_code in (401, 403) and wire == "messages":
                headers = key_headers(api_key, wire, bearer=True)
                reply, body = await _get(client, resource(base_url, "models"), headers)
    except TimeoutError as error:
        raise ModelUnavailable(f"{place} did not list models in {seconds_max:g} s") from error
    except HTTP_FAILURES as error:
        raise failure(error, settings) from error
    if reply.status_code != httpx.codes.OK:
        provider_error = read_provider_error(body, secret=api_key)
        raise error_for_status(reply.status_code, provider_error, settings)
    try:
        return _names(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise ModelMisbehaved(
            f"{place} does not list models; correct {settings.setting('base_url')} "
            f"or set {settings.setting('name')}"
        ) from error


async def _probe(server: LocalServer) -> Endpoint | None:
    try:
        names = await models_at(ModelSettings(base_url=server.base_url), seconds_max=PROBE_SECONDS)
    except ModelError:
        return None
    return Endpoint(server.name, server.base_url, names)


async def _get(
    client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]
) -> tuple[httpx.Response, bytes]:
    body = bytearray()
    async with client.stream("GET", url, headers=headers) as reply:
        async for piece in reply.aiter_bytes():
            body += piece
            # A listing that is cut off is no JSON, which the caller reports.
            if len(body) > LISTING_BYTES_MAX:
                break
    return reply, bytes(body)


def _names(listing: object) -> tuple[str, ...]:
    """The names in a listing. Raises ValueError when it is no list of models."""
    match listing:
        case {"data": [*entries]}:
            names = tuple(
                entry["id"]
                for entry in entries
                if isinstance(entry, dict) and isinstance(entry.get("id"), str)
            )
            if len(names) == len(entries):
                return names
        case {"object": "list", "data": None}:  # Ollama without models
            return ()
        case _:
            pass
    raise ValueError("no list of models")
