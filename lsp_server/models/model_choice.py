"""This module finds the models that a person may choose, and tries the chosen one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from lsp_server.domain.errors import ConfigurationError, ModelError
from lsp_server.domain.messages import Message, Request
from lsp_server.models.api_key import find_api_key
from lsp_server.models.discovery import LOCAL_SERVERS, LocalServer, local_endpoints, models_at
from lsp_server.models.provider import open_wire
from lsp_server.settings.address import is_same_origin, read_address
from lsp_server.settings.sections import ModelSettings

TRY_SECONDS_MAX = 60.0
"""A server on one's own machine may have to load the model first."""
TRY_TOKENS_MAX = 64
_TRY = Request((Message("user", "Answer with one word: ready"),))


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """An `OfferedModel` is one that an endpoint lists; `server` is what seems to serve it."""

    base_url: str
    name: str
    server: str


async def offered_models(
    settings: ModelSettings,
    base_url: str | None = None,
    *,
    with_key: bool = False,
    servers: Sequence[LocalServer] = LOCAL_SERVERS,
) -> tuple[OfferedModel, ...]:
    """Lists the models at an address; without one those at the endpoint that is set and on this machine.

    The key goes to the endpoint that it was set for, and with `with_key` to the address, for
    which a person has just given it. Raises ConfigurationError, ModelError for the address alone.
    """
    if base_url is not None:
        return await _listed(_at(settings, base_url), settings, "the endpoint", with_key=with_key)
    found: list[OfferedModel] = []
    if settings.base_url is not None:
        # What else there is can be chosen all the same.
        with suppress(ModelError, ConfigurationError):
            found += await _listed(settings, settings, "the endpoint that is set")
    for endpoint in await local_endpoints(servers):
        if not is_same_origin(endpoint.base_url, settings.base_url or ""):
            found += [
                OfferedModel(endpoint.base_url, name, endpoint.server) for name in endpoint.models
            ]
    return tuple(found)


async def try_model(
    settings: ModelSettings, base_url: str, name: str, *, with_key: bool = False
) -> float:
    """Asks a model for a word; the time that it took, in seconds. Raises ConfigurationError, ModelError."""
    wanted = _at(settings, base_url).model_copy(
        update={"name": name, "output_tokens_max": TRY_TOKENS_MAX}
    )
    wire = open_wire(wanted, await _key_for(wanted, settings, with_key=with_key))
    began = time.monotonic()
    try:
        async with asyncio.timeout(TRY_SECONDS_MAX):
            await wire.respond(_TRY)
    except TimeoutError as error:
        raise ConfigurationError(
            f"{name} did not answer within {TRY_SECONDS_MAX:g} s; choose another model",
            key="model.name",
        ) from error
    finally:
        await wire.close()
    return time.monotonic() - began


def _at(settings: ModelSettings, base_url: str) -> ModelSettings:
    """The settings for an address as a person wrote it. Raises ConfigurationError."""
    try:
        return settings.model_copy(update={"base_url": read_address(base_url)})
    except ValueError as error:
        raise ConfigurationError(f"the address is wrong: {error}", key="model.base_url") from error


async def _listed(
    wanted: ModelSettings, now: ModelSettings, server: str, *, with_key: bool = False
) -> tuple[OfferedModel, ...]:
    address = wanted.base_url or ""
    key = await _key_for(wanted, now, with_key=with_key)
    names = await models_at(wanted, key)
    return tuple(OfferedModel(address, name, server) for name in names)


async def _key_for(wanted: ModelSettings, now: ModelSettings, *, with_key: bool) -> str | None:
    if with_key or is_same_origin(wanted.base_url or "", now.base_url or ""):
        return await find_api_key(wanted)
    return None
