"""This module has the commands about the model that works: which ones there are, and the choice of one."""

from __future__ import annotations

import asyncio

from lsp_server.domain.errors import ConfigurationError
from lsp_server.models.model_choice import OfferedModel, offered_models, try_model
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import Reply
from lsp_server.server.params.model_params import (
    ModelChoose,
    ModelEntry,
    ModelList,
    ModelListReply,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.session import Session
from lsp_server.settings.address import without_credentials
from lsp_server.settings.user_file import choose_model

ASKED_MAX = 20
"""So many models are offered at once to a person who is asked."""
NONE_FOUND = (
    "no model is found; start Ollama, LM Studio, llama.cpp or vLLM on this machine, or give the "
    "address of an endpoint as `baseUrl`"
)


class ModelCommands:
    """`ModelCommands` has the commands about the model that works."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.MODEL_LIST, ModelList, self._list),
            ServerCommand(CommandName.MODEL_CHOOSE, ModelChoose, self._choose),
        )

    async def _list(self, arguments: ModelList) -> ModelListReply:
        session = self._session()
        found = await offered_models(
            session.settings.model, arguments.base_url, with_key=arguments.with_key
        )
        used = session.model.description
        message = f"runs use {used}" if used else "runs have no model yet"
        lines = [f"{one.name} at {without_credentials(one.base_url)}" for one in found]
        self._context.show_message("\n".join([message, *lines]))
        return ModelListReply(
            state=self._context.state,
            message=message if found else f"{message}; {NONE_FOUND}",
            models=tuple(_entry(one, session) for one in found),
        )

    async def _choose(self, arguments: ModelChoose) -> Reply:
        session = self._session()
        work = self._try_and_keep(session, arguments)
        return await self._context.work_soon(work, "the model is tried; a message says how it went")

    async def _try_and_keep(self, session: Session, arguments: ModelChoose) -> Reply:
        wanted = await self._wanted(session, arguments)
        if wanted is None:
            return Reply(state=self._context.state, message="no model was chosen")
        settings = session.settings.model
        seconds = await try_model(
            settings, wanted.base_url, wanted.name, with_key=arguments.with_key
        )
        path = await asyncio.to_thread(choose_model, wanted.base_url, wanted.name)
        await self._context.reload()
        used = session.settings.model
        place = without_credentials(wanted.base_url)
        message = f"runs use {wanted.name} now, which answered in {seconds:.1f} s at {place}"
        if (used.base_url, used.name) != (wanted.base_url, wanted.name):
            message = (
                f"runs use {used.name} at {without_credentials(used.base_url or '')}, though "
                f"{wanted.name} at {place} answered: the editor's settings or "
                f"HOLDFAST_MODEL__BASE_URL and HOLDFAST_MODEL__NAME win over {path}"
            )
        self._context.client.show("info", message)
        return Reply(state=self._context.state, message=message)

    async def _wanted(self, session: Session, arguments: ModelChoose) -> OfferedModel | None:
        """What is to be tried: as it was named, else as it is listed, else as a person says."""
        settings = session.settings.model
        if arguments.base_url is None and arguments.name is not None:
            address = settings.base_url
            found = () if address else await offered_models(settings)
            named = next((one for one in found if one.name == arguments.name), None)
            if named is None and address is None:
                raise ConfigurationError(f"{arguments.name} is not found; give its `baseUrl`, too")
            return named or OfferedModel(address or "", arguments.name, "")
        listed = await offered_models(settings, arguments.base_url, with_key=arguments.with_key)
        if arguments.base_url is not None:
            if arguments.name is not None:
                address = listed[0].base_url if listed else arguments.base_url
                return OfferedModel(address, arguments.name, "")
            if not listed:
                raise ConfigurationError(f"{arguments.base_url} lists no model; give a `name`")
            return listed[0]
        return await self._ask(listed)

    async def _ask(self, listed: tuple[OfferedModel, ...]) -> OfferedModel | None:
        if not listed:
            raise ConfigurationError(NONE_FOUND)
        titles = {
            f"{one.name} ({without_credentials(one.base_url)})": one for one in listed[:ASKED_MAX]
        }
        answer = await self._context.client.choose("Which model is to work?", tuple(titles))
        return titles.get(answer or "")

    def _session(self) -> Session:
        return locate(None, self._context.folders)[0].require_session()


def _entry(one: OfferedModel, session: Session) -> ModelEntry:
    settings = session.settings.model
    return ModelEntry(
        base_url=one.base_url,
        name=one.name,
        server=one.server,
        current=(session.model.description or "").startswith(f"{one.name} at ")
        and (settings.base_url is None or settings.base_url == one.base_url),
    )
