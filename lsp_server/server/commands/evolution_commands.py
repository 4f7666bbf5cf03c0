"""This module has the commands about what Holdfast learns from past runs: dream, status, and answers."""

from __future__ import annotations

from lsp_server.domain.errors import HoldfastError
from lsp_server.evolution.inbox_document import suggestion_reason, suggestion_title
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import NoParams, Reply
from lsp_server.server.params.evolution_params import (
    EvolutionReply,
    SuggestionChoice,
    SuggestionEntry,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.evolution import DreamReport
from lsp_server.session.session import Session
from lsp_server.wording.evolution_texts import dream_text


class EvolutionCommands:
    """`EvolutionCommands` has the commands about the inbox of the folder that is meant."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.EVOLVE_DREAM, NoParams, self._dream),
            ServerCommand(CommandName.EVOLVE_STATUS, NoParams, self._status),
            ServerCommand(CommandName.EVOLVE_ACCEPT, SuggestionChoice, self._accept),
            ServerCommand(CommandName.EVOLVE_REJECT, SuggestionChoice, self._reject),
        )

    async def _dream(self, _: NoParams) -> Reply:
        session = self._session
        work = self._context.show_errors(self._show_dream(session))
        self._context.tasks.start(work, "a dream")
        return Reply(state=self._context.state, message="looking at past runs")

    async def _show_dream(self, session: Session) -> None:
        report = await session.evolution.dream()
        if not report.new:  # Else the session says so.
            self._context.client.show("info", _told(report))
        if report.waiting:
            self._context.show_document(session.evolution.file.path)

    async def _status(self, _: NoParams) -> EvolutionReply:
        evolution = self._session.evolution
        found = await evolution.status()
        waiting = [one for one in found if one.state == "open"]
        lines = [f"{one.id} {suggestion_title(one)}" for one in waiting]
        message = "\n".join(lines) or "nothing waits in the inbox"
        self._context.show_message(message)
        uri = self._context.show_document(evolution.file.path) if waiting else None
        return EvolutionReply(
            state=self._context.state,
            message=message,
            uri=uri,
            suggestions=tuple(map(_entry, found)),
        )

    async def _accept(self, arguments: SuggestionChoice) -> Reply:
        done = await self._session.evolution.accept(_given(arguments))
        return Reply(state=self._context.state, message=f"accepted: {done.applied}")

    async def _reject(self, arguments: SuggestionChoice) -> Reply:
        gone = await self._session.evolution.reject(_given(arguments))
        return Reply(state=self._context.state, message=f"rejected: {gone.text}")

    @property
    def _session(self) -> Session:
        return locate(None, self._context.folders)[0].require_session()


def _told(report: DreamReport) -> str:
    return dream_text(report.dream.runs, len(report.new), len(report.applied), report.waiting)


def _given(arguments: SuggestionChoice) -> str:
    if not (arguments.id or "").strip():
        raise HoldfastError("pass the `id` of a suggestion; `holdfast.evolve.status` lists them")
    return (arguments.id or "").strip()


def _entry(one: Suggestion) -> SuggestionEntry:
    return SuggestionEntry(
        id=one.id,
        kind=one.kind,
        text=one.applied or one.text,
        why=suggestion_reason(one),
        state=one.state,
        at=one.at,
        evidence=one.evidence,
    )
