"""This module is one session of the protocol: a conversation, which is one run."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Literal, TypeAlias

from acp import helpers, schema
from acp.exceptions import RequestError

from lsp_server.acp.choices import AcpMode, Choices, mode_of
from lsp_server.acp.errors import INTERNAL_ERROR
from lsp_server.acp.prompt import Blocks, Prompt, read_prompt
from lsp_server.acp.prompted_run import PromptedRun
from lsp_server.acp.session_view import SessionView
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.messages import Usage
from lsp_server.domain.tasks import Failed, Outcome, RunId, Stopped
from lsp_server.session.notices import (
    ExtensionsChanged,
    GoalsChanged,
    InboxChanged,
    IndexProgressed,
    Notice,
    RunEvent,
    StatusChanged,
)
from lsp_server.session.run import Run
from lsp_server.session.session import Session
from lsp_server.system.task_set import TaskSet

MODELS_SECONDS_MAX = 3.0
"""How long the answer to a new session waits for the endpoint to list its models."""

StopReason: TypeAlias = Literal["end_turn", "max_tokens", "max_turn_requests", "cancelled"]

_log = logging.getLogger(__name__)


class AcpSession:
    """An `AcpSession` is a conversation with a person, for which one run works; close it.

    `id` is the run's, too, so that it can be found again. `session` is that of the folder,
    which serves this conversation alone. `problems` are sentences about the settings, which
    are said with the first prompt.
    """

    def __init__(
        self,
        session_id: RunId,
        session: Session,
        prompted_run: PromptedRun,
        view: SessionView,
        problems: tuple[str, ...] = (),
    ) -> None:
        self.id = session_id
        self.choices = Choices(mode="max" if session.settings.max_mode.enabled else "build")
        self._prompted_run = prompted_run
        self._session = session
        self._view = view
        self._problems = problems
        self._is_known = False
        """Whether the client was told of the session; before that it would not know what is meant."""
        self._preparing: set[asyncio.Task[Run]] = set()
        self._tasks = TaskSet(expected=(HoldfastError, OSError))

    def notify(self, notice: Notice) -> None:
        """Shows what the session of the folder says."""
        match notice:
            case RunEvent(run_id, recorded):
                self._view.show(run_id, recorded.event)
            case ExtensionsChanged() if self._is_known:
                self.announce()
            case StatusChanged() if self._is_known:
                self._tasks.start(self._look_for_models(), "look for models")
            case (
                GoalsChanged()
                | IndexProgressed()
                | ExtensionsChanged()
                | StatusChanged()
                | InboxChanged()
            ):
                pass  # How a run's goal stands is an Event of it.

    def announce(self) -> None:
        """Says which slash commands there are, once the method that calls this has answered."""
        self._is_known = True
        self._tasks.start(self._view.say_commands(self._session), "slash commands")

    async def prompt(self, blocks: Blocks) -> schema.PromptResponse:
        """Works on what a person sends, and answers when the run has ended.

        While the run works, it reads what is sent before its next tool call; both are
        answered at its end. Raises HoldfastError, OSError, RequestError.
        """
        preparing = asyncio.create_task(self._begin(read_prompt(blocks, self._session.root)))
        self._preparing.add(preparing)
        try:
            run = await asyncio.shield(preparing)
        except asyncio.CancelledError:
            if not preparing.cancelled():
                raise
            return schema.PromptResponse(stop_reason="cancelled")
        finally:
            self._preparing.discard(preparing)
        before = run.context.event_log.state.progress.billed
        outcome = await run.wait()
        await self._view.settle()
        if isinstance(outcome, Failed):
            raise RequestError(INTERNAL_ERROR, outcome.error)
        billed = run.context.event_log.state.progress.billed
        return schema.PromptResponse(
            stop_reason=_stop_reason(run, outcome), usage=_spent(before, billed)
        )

    def cancel(self) -> None:
        """Stops the run, and whatever is prepared for one; it ends within a second."""
        for task in tuple(self._preparing):
            task.cancel()
        if (run := self._prompted_run.run) is not None:
            run.stop()

    def choose_mode(self, mode: AcpMode) -> None:
        """Works in another mode from the next step on. Raises WrongRequest, HoldfastError."""
        chosen = replace(self.choices, mode=mode)
        self._prompted_run.require_mode(chosen.task_mode)
        if (run := self._prompted_run.run) is not None:
            run.switch_max_mode(on=chosen.max_mode)
        self.choices = chosen
        self._view.say_choices(chosen)

    def choose_model(self, name: str) -> None:
        """Asks another model from the next prompt on. Raises WrongRequest."""
        self.choices.require_model(name)
        settings = self._session.settings
        model = settings.model.model_copy(update={"name": name})
        self._session.reconfigure(settings.model_copy(update={"model": model}))
        self.choices = replace(self.choices, model=name)
        self._view.say_choices(self.choices)

    async def find_models(self) -> None:
        """Looks which models there are, for MODELS_SECONDS_MAX at most."""
        try:
            async with asyncio.timeout(MODELS_SECONDS_MAX):
                models = await self._session.model.models()
        except (HoldfastError, TimeoutError) as error:
            _log.info("the models of the endpoint are not known: %s", error)
        else:
            self.choices = replace(self.choices, models=models)

    async def take_up(self, *, show: bool) -> None:
        """Takes up a run of the past; with `show` the client is shown all of it.

        Raises SessionUnknown, JournalDamaged, OSError.
        """
        records = await self._prompted_run.past()
        self.choices = replace(self.choices, mode=mode_of(records))
        if show:
            await self._view.replay(records)

    async def fork(self, origin: RunId) -> None:
        """Goes on from where another run of the folder is now, in the mode that it has.

        Raises SessionUnknown, RunBusy, JournalDamaged, OSError.
        """
        records = await self._prompted_run.fork(origin)
        self.choices = replace(self.choices, mode=mode_of(records))

    async def keep(self) -> None:
        """Keeps the session before its first prompt, so that any process can load it."""
        try:
            await self._prompted_run.keep()
        except OSError as error:
            _log.warning(
                "the session %s can be loaded only once it was prompted: %s", self.id, error
            )

    async def close(self) -> None:
        """Stops the run and releases everything."""
        self.cancel()
        await self._tasks.close()
        await self._session.close()
        await self._view.close()

    async def _begin(self, prompt: Prompt) -> Run:
        for problem in self._problems:
            self._view.say(helpers.update_agent_message_text(f"> {problem}\n\n"))
        self._problems = ()
        return await self._prompted_run.begin(prompt, self.choices)

    async def _look_for_models(self) -> None:
        before = self.choices
        await self.find_models()
        if self.choices != before:
            self._view.say_choices(self.choices)


def _stop_reason(run: Run, outcome: Outcome) -> StopReason:
    if not isinstance(outcome, Stopped):
        return "end_turn"
    if run.stopping:
        return "cancelled"
    limit = run.context.budget.tokens_max
    billed = run.context.event_log.state.progress.billed
    return "max_tokens" if limit and billed.total_tokens >= limit else "max_turn_requests"


def _spent(before: Usage, after: Usage) -> schema.Usage:
    """What was billed since; a run that was at work before counts from where it was."""
    return schema.Usage(
        total_tokens=after.total_tokens - before.total_tokens,
        input_tokens=after.prompt_tokens - before.prompt_tokens,
        output_tokens=after.completion_tokens - before.completion_tokens,
        cached_read_tokens=after.cached_tokens - before.cached_tokens,
    )
