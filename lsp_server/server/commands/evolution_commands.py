"""This module has the commands about what Holdfast learns from past runs: dreams, drafts, status, and answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.ids import Id
from lsp_server.evolution.inbox_document import answer_lines, suggestion_reason
from lsp_server.evolution.inbox_groups import group_name, grouped, groups_text
from lsp_server.evolution.suggestion import Suggestion
from lsp_server.server.commands.command import CommandContext, ServerCommand
from lsp_server.server.commands.targets import locate
from lsp_server.server.params.base import NoParams, Reply
from lsp_server.server.params.evolution_params import (
    AnswerChoice,
    DistillParams,
    DreamWish,
    EvolutionReply,
    SuggestionChoice,
    SuggestionEntry,
)
from lsp_server.server.protocol import CommandName
from lsp_server.session.evolution import DreamReport
from lsp_server.session.evolution.session_inbox import SessionInbox
from lsp_server.session.session import Session
from lsp_server.wording.evolution_texts import dream_text


class EvolutionCommands:
    """`EvolutionCommands` has the commands about the inbox of the folder that is meant."""

    def __init__(self, context: CommandContext) -> None:
        self._context = context

    def commands(self) -> tuple[ServerCommand, ...]:
        """Returns the commands of this subject."""
        return (
            ServerCommand(CommandName.EVOLVE_DREAM, DreamWish, self._dream),
            ServerCommand(CommandName.EVOLVE_DISTILL, DistillParams, self._distill),
            ServerCommand(CommandName.EVOLVE_STATUS, NoParams, self._status),
            ServerCommand(CommandName.EVOLVE_ACCEPT, SuggestionChoice, self._accept),
            ServerCommand(CommandName.EVOLVE_REJECT, SuggestionChoice, self._reject),
            ServerCommand(CommandName.EVOLVE_RESTORE, AnswerChoice, self._restore),
        )

    async def _dream(self, wish: DreamWish) -> Reply:
        session = self._session
        work = self._context.show_errors(self._show_dream(session, ask_model=wish.model))
        self._context.tasks.start(work, "a dream")
        return Reply(state=self._context.state, message="looking at past runs")

    async def _show_dream(self, session: Session, *, ask_model: bool) -> None:
        report = await session.evolution.dream(ask_model=ask_model)
        if not report.new:  # Else the session says so.
            self._context.client.show("info", _told(report))
        if report.waiting:
            self._context.show_document(session.evolution.inbox.file.path)

    async def _distill(self, arguments: DistillParams) -> Reply:
        session = self._session
        work = self._context.show_errors(self._show_drafts(session, arguments))
        self._context.tasks.start(work, "a look for procedures")
        return Reply(state=self._context.state, message="looking for procedures in past runs")

    async def _show_drafts(self, session: Session, wish: DistillParams) -> None:
        report = await session.evolution.distiller.distill(
            replay=wish.replay, reword=wish.reword, tokens=wish.tokens
        )
        if wish.replay or wish.reword or not report.new:  # Else the session says so.
            self._context.client.show("info", "; ".join(report.lines))
        if report.found.drafts:
            self._context.show_document(session.evolution.inbox.file.path)

    async def _status(self, _: NoParams) -> EvolutionReply:
        inbox = self._session.evolution.inbox
        found = await inbox.all()
        waiting = [one for one in found if one.state == "open"]
        message = groups_text(grouped(waiting))
        self._context.show_message(message)
        uri = self._context.show_document(inbox.file.path) if waiting else None
        return EvolutionReply(
            state=self._context.state,
            message=message,
            uri=uri,
            suggestions=tuple(map(_entry, found)),
        )

    async def _accept(self, arguments: SuggestionChoice) -> Reply:
        inbox = self._session.evolution.inbox
        return self._answered(await inbox.accept(*await _given(inbox, arguments)))

    async def _reject(self, arguments: SuggestionChoice) -> Reply:
        inbox = self._session.evolution.inbox
        return self._answered(await inbox.reject(*await _given(inbox, arguments)))

    async def _restore(self, arguments: AnswerChoice) -> Reply:
        inbox = self._session.evolution.inbox
        wanted = (arguments.id or "").strip()
        reply = self._answered(await inbox.restore(*filter(None, (wanted,))), taken_back=True)
        self._context.show_message(reply.message or "")
        if inbox.waiting:
            self._context.show_document(inbox.file.path)
        return reply

    def _answered(self, answered: Iterable[Suggestion], *, taken_back: bool = False) -> Reply:
        message = "\n".join(answer_lines(answered, taken_back=taken_back))
        return Reply(state=self._context.state, message=message)

    @property
    def _session(self) -> Session:
        return locate(None, self._context.folders)[0].require_session()


def _told(report: DreamReport) -> str:
    return dream_text(report.dream.runs, len(report.new), len(report.applied), report.waiting)


async def _given(inbox: SessionInbox, arguments: SuggestionChoice) -> Sequence[Id]:
    if group := (arguments.group or "").strip():
        return await inbox.ids_of(group, only_shown=True)
    if not (arguments.id or "").strip():
        raise HoldfastError(
            "pass the `id` of a suggestion, or a `group`; `holdfast.evolve.status` lists them"
        )
    return ((arguments.id or "").strip(),)


def _entry(one: Suggestion) -> SuggestionEntry:
    return SuggestionEntry(
        id=one.id,
        kind=one.kind,
        text=one.applied or one.text,
        why=suggestion_reason(one),
        state=one.state,
        at=one.at,
        evidence=one.evidence,
        group=group_name(one),
        path=one.path,
    )
