"""A full window becomes a new cycle: state, recollection and tail, not a summary.

The opening is rendered from the state, so it needs no model and cannot fail;
what memory adds and what the model itself wrote are gifts. Trimming breaks the
endpoint's prefix cache once, hence it is done rarely and in one large piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from lsp_server.agent import recollection
from lsp_server.agent.context import Context, cut
from lsp_server.agent.ground import Ground, look
from lsp_server.agent.portrait import render
from lsp_server.agent.recollection import Recollection
from lsp_server.agent.record import Record
from lsp_server.agent.state import State
from lsp_server.agent.terms import Terms
from lsp_server.domain.errors import ModelError
from lsp_server.domain.events import (
    BriefWritten,
    CyclePacked,
    CycleStarted,
    ModelWaited,
    Told,
    Warned,
)
from lsp_server.domain.messages import Delta, Message, Request, ToolSpec, Waiting
from lsp_server.domain.portions import Chosen, Portion
from lsp_server.domain.ports import Model

TASK_SHARE = 0.3
STATE_SHARE = 0.15
RECALL_SHARE = 0.06
TAIL_SHARE = 0.12
LAST_STEP_SHARE = 0.3
"""Shares of the size that starts a new cycle; together below it, so that a cycle lasts."""

OVERFLOW_SHARE = 0.6
"""The budget shrinks to this share of the prompt that the endpoint found too long."""

BRIEF_SECONDS_MAX = 120.0
BRIEF_CHARS_MAX = 3000
BRIEF = (
    "Before the conversation so far is put away: write a brief for yourself in at most 200 words. "
    "What you intend next and why, what you learned the hard way, what must not be forgotten. "
    "Exact values as they are. No tool call; only the text."
)
RESUMING = (
    "You are in the middle of this task; the conversation so far was too long to keep. "
    "What is known of it stands below, and the latest steps follow. Whatever else you need, "
    "`recall` finds by words or by id."
)


NO_ROOM = (
    "a new cycle begins with {tokens:,} tokens, above the {limit:,} that start the next one: "
    "instructions, tools and task leave no room; raise context.budget_tokens"
)


class Cycles:
    """Starts the cycles of one run: the first, and each time that the prompt is full."""

    def __init__(
        self, record: Record, terms: Terms, memory: Recollection, ground: Ground, model: Model
    ) -> None:
        self._record = record
        self._terms = terms
        self._memory = memory
        self._ground = ground
        self._model = model
        self._rebuild_tokens = terms.rebuild_tokens
        self._tools: tuple[ToolSpec, ...] = ()
        self._warned = False
        self._late = False
        """Whether memory still owes what bears on the task."""

    def pin(self, tools: tuple[ToolSpec, ...]) -> None:
        """The tools that go with every request."""
        self._tools = tools
        self._record.context.pin(tools)

    async def begin(self) -> None:
        """The cycle that a run begins with."""
        self._late = self._memory.opening
        recalled = Chosen() if self._late else await self._recall()
        self._start(first(self._record.context, self._terms, recalled))

    async def catch_up(self) -> None:
        """Tells what memory was not open to tell when the run began, behind the prompt so far."""
        if not self._late or self._memory.opening:
            return
        self._late = False
        recalled = await self._recall()
        if recalled.text:
            number, tokens = self._record.state.cycle, self._rebuild_tokens
            self._record.emit(Told(f"# From memory\n{recalled.text}", "memory"))
            self._record.emit(CyclePacked(number, tokens, recalled.taken, recalled.left_out))

    async def make_room(self) -> None:
        """A new cycle, if the prompt has reached its limit."""
        if self._record.context.tokens > self._rebuild_tokens:
            if self._terms.brief:
                await self._ask_for_brief()
            await self._renew("the prompt reached its limit")

    async def shrink(self, refusal: str) -> None:
        """A new and smaller cycle, as the endpoint refused the prompt."""
        tokens = self._record.context.tokens
        self._rebuild_tokens = min(self._rebuild_tokens, round(tokens * OVERFLOW_SHARE))
        await self._renew(f"the endpoint refused the prompt: {refusal}")

    async def _renew(self, reason: str) -> None:
        self._late = False
        recalled = await self._recall()
        now = await look(self._ground)
        record, terms = self._record, self._terms
        tokens = self._rebuild_tokens
        self._start(next_cycle(record.state, record.context, terms, recalled, tokens, reason, now))
        if record.context.tokens > tokens and not self._warned:
            self._warned = True
            record.emit(Warned(NO_ROOM.format(tokens=record.context.tokens, limit=tokens)))

    def _start(self, events: tuple[CycleStarted, CyclePacked]) -> None:
        for event in events:
            self._record.emit(event)

    async def _recall(self) -> Chosen:
        """What memory gives for where the run stands."""
        state, emit = self._record.state, self._record.emit
        tokens_max = round(self._rebuild_tokens * RECALL_SHARE)
        offered = await recollection.ask(
            self._memory, state.about, state.recent_files, tokens_max, emit
        )
        return recollection.choose(offered, tokens_max, self._record.context.measure)

    async def _ask_for_brief(self) -> None:
        """One message behind the unchanged prompt, so that the endpoint has all of it cached."""
        request = Request((*self._record.context.messages, Message("user", BRIEF)), self._tools)
        try:
            async with asyncio.timeout(BRIEF_SECONDS_MAX):
                response = await self._model.respond(request, self._hear)
        except (ModelError, TimeoutError) as error:
            why = str(error) or f"it took longer than {BRIEF_SECONDS_MAX:g} s"
            self._record.emit(Warned(f"the new cycle begins without the model's brief: {why}"))
            return
        text = response.message.text.strip()[:BRIEF_CHARS_MAX]
        self._record.emit(BriefWritten(text, response.usage, response.billed, response.cost_usd))

    def _hear(self, delta: Delta) -> None:
        if isinstance(delta, Waiting):
            self._record.emit(ModelWaited(delta.reason, delta.attempt, delta.delay_seconds))


def first(context: Context, terms: Terms, recalled: Chosen) -> tuple[CycleStarted, CyclePacked]:
    """The Events that begin a run's first cycle."""
    tokens = terms.rebuild_tokens
    task = _task(context, terms, tokens)
    return (
        CycleStarted(1, "the run starts", terms.system, _opening(task, recalled)),
        _receipt(context, 1, tokens, terms, task, recalled),
    )


def next_cycle(
    state: State,
    context: Context,
    terms: Terms,
    recalled: Chosen,
    tokens: int,
    reason: str,
    now: Mapping[str, str] | None = None,
) -> tuple[CycleStarted, CyclePacked]:
    """The Events that begin the cycle after this one, well below `tokens`."""
    task = _task(context, terms, tokens)
    known = render(state, round(tokens * STATE_SHARE), context.measure, now)
    kept, tail_tokens = context.tail(round(tokens * TAIL_SHARE))
    last_step_max = round(tokens * LAST_STEP_SHARE)
    chars_max = None
    if tail_tokens > last_step_max:
        chars_max = context.shortening(kept, last_step_max)
        tail_tokens = last_step_max
    number = state.cycle + 1
    text = f"{task}\n\n# Where you are\n{RESUMING}\n\n{known.text}"
    kept_portion = Portion("tail", f"the last {kept} messages", tail_tokens)
    return (
        CycleStarted(number, reason, terms.system, _opening(text, recalled), kept, chars_max),
        _receipt(context, number, tokens, terms, task, known, recalled, more=(kept_portion,)),
    )


def _task(context: Context, terms: Terms, tokens: int) -> str:
    """The task; of one that would fill the window its ends, and how to see all of it."""
    chars_max = context.chars(round(tokens * TASK_SHARE), terms.opening)
    return cut(terms.opening, chars_max, "task")


def _opening(text: str, recalled: Chosen) -> str:
    return f"{text}\n\n# From memory\n{recalled.text}" if recalled.text else text


def _receipt(
    context: Context,
    number: int,
    tokens: int,
    terms: Terms,
    task: str,
    *chosen: Chosen,
    more: tuple[Portion, ...] = (),
) -> CyclePacked:
    fixed = (
        Portion("system", "tools", context.tool_tokens),
        Portion("system", "instructions", context.measure(terms.system)),
        Portion("task", "task", context.measure(task)),
    )
    taken = [portion for one in chosen for portion in one.taken]
    left_out = [portion for one in chosen for portion in one.left_out]
    return CyclePacked(number, tokens, (*fixed, *taken, *more), tuple(left_out))
