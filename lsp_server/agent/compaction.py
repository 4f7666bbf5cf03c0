"""This module starts a new cycle when the prompt is full: task, state, memory, last messages.

The new prompt is composed from the state of the run, not summarised by a model, so that it
needs none and cannot fail; what memory adds and what the model wrote itself come on top.
Each compaction breaks the endpoint's prefix cache once, so it is done rarely and in one
large piece. Each part of the prompt has a share of its size, and the list of what went in
and what found no room is an Event (`CyclePacked`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from lsp_server.agent import memory_source
from lsp_server.agent.context import Context, cut_result
from lsp_server.agent.event_log import EventLog
from lsp_server.agent.memory_source import MeasureTokens, MemorySource
from lsp_server.agent.run_config import RunConfig
from lsp_server.agent.run_hooks import RunHooks, no_hooks
from lsp_server.agent.state import State
from lsp_server.agent.state.state_summary import render_state
from lsp_server.agent.workspace_view import WorkspaceView, current_contents
from lsp_server.domain.errors import ModelError
from lsp_server.domain.events import (
    BriefWritten,
    CyclePacked,
    CycleStarted,
    ModelWaited,
    Told,
    Warned,
)
from lsp_server.domain.images import Image
from lsp_server.domain.messages import Delta, Message, Request, Waiting
from lsp_server.domain.ports import Model
from lsp_server.domain.prompt_sections import PromptParts, PromptSection
from lsp_server.text.count import count_of
from lsp_server.text.legible import disguises
from lsp_server.tools.tool_list import ToolList

TASK_SHARE = 0.3
STATE_SHARE = 0.15
RECALL_SHARE = 0.06
TOPICS_SHARE = 0.15
IMAGES_SHARE = 0.2
TAIL_SHARE = 0.12
LAST_STEP_SHARE = 0.3
"""Shares of the size that starts a new cycle; together below 1, so that a cycle lasts.

The last step is always kept; where it is larger than LAST_STEP_SHARE, its results are cut.
"""

OVERFLOW_SHARE = 0.6
"""The limit shrinks to this share of the prompt that the endpoint found too long."""

STATED_SHARE = 0.8
"""The share of what an endpoint says would fit at which a new cycle starts: ours is an estimate."""
STATED_TOKENS_MIN = 1024
NOT_SMALLER_SHARE = 0.95
"""A prompt that shrinks by less has nothing to leave out, and is refused again."""

BRIEF_SECONDS_MAX = 120.0
BRIEF_CHARS_MAX = 3000
BRIEF = (
    "Before the conversation so far is put away: write a brief for yourself in at most 200 words. "
    "What you intend next and why, what you learned the hard way, what must not be forgotten. "
    "Exact values as they are. No tool call; only the text."
)
COMPACTED_NOTE = (
    "You are in the middle of this task; the conversation so far was too long to keep. "
    "What is known of it stands below, and the latest steps follow. Whatever else you need, "
    "`recall` finds by words or by id."
)


NO_ROOM = (
    "a new cycle begins with {tokens:,} tokens, above the {limit:,} that start the next one: "
    "instructions, tools and task leave no room; raise context.budget_tokens"
)


class Compaction:
    """A `Compaction` starts the cycles of one run: the first, and one when the prompt is full.

    `run_config` has the sizes in tokens. `model` writes the brief, if one is wished.
    `workspace_view` shows which files changed since the run touched them, and `hooks` are told of
    each cycle but the first, before it and after.

    Example, the order in which the loop calls it::

        compaction.pin(toolbox.tools)
        await compaction.begin()          # once, for a run without a past
        while working:
            await compaction.catch_up()   # what memory could not give at once
            await compaction.make_room()  # before each request
    """

    def __init__(
        self,
        event_log: EventLog,
        run_config: RunConfig,
        memory: MemorySource,
        workspace_view: WorkspaceView,
        model: Model,
        hooks: RunHooks | None = None,
    ) -> None:
        self._event_log = event_log
        self._hooks = hooks or no_hooks(event_log)
        self._run_config = run_config
        self._memory = memory
        self._workspace_view = workspace_view
        self._model = model
        self._compact_at_tokens = run_config.compact_at_tokens
        self._tools = ToolList(())
        self._warned = False
        self._early: PromptParts | None = None
        """What a cycle was told that began before memory was open, which has to be asked again."""

    def pin(self, tools: ToolList) -> None:
        """Sets the tools that go with every request; each cycle begins with those there are then."""
        self._tools = tools
        self._event_log.context.pin(tools.specs)

    async def begin(self) -> None:
        """Starts the cycle that a run begins with; memory that is not open yet comes later."""
        recalled = await self._recall()
        self._notice_disguises(recalled)
        self._start(first_prompt(self._event_log.context, self._run_config, recalled))

    def _notice_disguises(self, recalled: PromptParts) -> None:
        """Tells a person, in a line each, what is hidden or imitated in what the run begins with."""
        texts = {
            "the instructions of the project": self._run_config.system,
            "the task with what the editor handed over": self._run_config.task_text,
            "memory": recalled.text,
        }
        for name, text in texts.items():
            if found := disguises(text):
                self._event_log.emit(Warned(f"in {name}: {' and '.join(found)}"))

    async def catch_up(self) -> None:
        """Adds what memory has to offer behind the prompt so far, once it is open.

        It does nothing if memory was open when the cycle began.
        """
        if self._early is None or self._memory.opens_soon:
            return
        recalled = await self._recall({one.id for one in self._early.taken})
        if recalled.text:
            number, tokens = self._event_log.state.progress.cycle, self._compact_at_tokens
            self._event_log.emit(Told(f"{memory_source.HEADING}\n\n{recalled.text}", "memory"))
            self._event_log.emit(CyclePacked(number, tokens, recalled.taken, recalled.left_out))

    async def make_room(self) -> None:
        """Starts a new cycle if the prompt, with the tools as they are now, has reached its limit."""
        self.pin(self._tools)
        if self._event_log.context.tokens > self._compact_at_tokens:
            if self._run_config.brief:
                await self._ask_for_brief()
            await self._compact("the prompt reached its limit")

    async def shrink(self, refusal: str, prompt_tokens_max: int | None = None) -> bool:
        """Starts a smaller cycle, as the endpoint refused the prompt; `refusal` is what it said.

        `prompt_tokens_max` is what would fit, where that is known. Returns whether the prompt
        did become smaller.
        """
        tokens = self._event_log.context.tokens
        limits = [self._compact_at_tokens, round(tokens * OVERFLOW_SHARE)]
        if prompt_tokens_max is not None and prompt_tokens_max >= STATED_TOKENS_MIN:
            limits.append(round(prompt_tokens_max * STATED_SHARE))
        # The window is smaller than the settings say, or the estimate was too low; both stay so.
        self._compact_at_tokens = min(limits)
        await self._compact(f"the endpoint refused the prompt: {refusal}")
        return self._event_log.context.tokens < tokens * NOT_SMALLER_SHARE

    async def change_mode(self) -> None:
        """Starts a cycle whose prompt and tools are those of the mode that a person chose."""
        await self._compact("another mode was chosen")

    async def _compact(self, reason: str) -> None:
        await self._hooks.begin_cycle()
        # The new prompt gets what memory could not give before.
        self._late = False
        recalled = await self._recall()
        now = await current_contents(self._event_log.state, self._workspace_view)
        event_log, run_config = self._event_log, self._run_config
        tokens = self._compact_at_tokens
        self._start(
            next_prompt(
                event_log.state, event_log.context, run_config, recalled, tokens, reason, now
            )
        )
        await self._hooks.begin("compact")
        await self._tools.refresh()
        self.pin(self._tools)
        if event_log.context.tokens > tokens and not self._warned:
            self._warned = True
            event_log.emit(Warned(NO_ROOM.format(tokens=event_log.context.tokens, limit=tokens)))

    def _start(self, events: tuple[CycleStarted, CyclePacked]) -> None:
        for event in events:
            self._event_log.emit(event)

    async def _recall(self, told: Collection[str] = ()) -> PromptParts:
        """Returns what memory has to offer for what the run is doing, within its share.

        `told` are the ids of what the run knows already.
        """
        state, emit = self._event_log.state, self._event_log.emit
        tokens_max = round(self._compact_at_tokens * RECALL_SHARE)
        opens_soon = self._memory.opens_soon
        offered = await memory_source.ask_memory(
            self._memory, state.about, state.work.recent_files, tokens_max, emit
        )
        new = [one for one in offered if one.id not in told]
        recalled = memory_source.choose_items(new, tokens_max, self._event_log.context.measure)
        self._early = recalled if opens_soon else None
        return recalled

    async def _ask_for_brief(self) -> None:
        """Asks behind the unchanged prompt, tools included, so that the endpoint has it cached."""
        request = Request(
            (*self._event_log.context.messages, Message("user", BRIEF)), self._tools.specs
        )
        try:
            async with asyncio.timeout(BRIEF_SECONDS_MAX):
                response = await self._model.respond(request, self._on_delta)
        except (ModelError, TimeoutError) as error:
            why = str(error) or f"it took longer than {BRIEF_SECONDS_MAX:g} s"
            self._event_log.emit(Warned(f"the new cycle begins without the model's brief: {why}"))
            return
        text = response.message.text.strip()[:BRIEF_CHARS_MAX]
        written = BriefWritten(
            text, response.usage, response.billed, response.cost_usd, response.role
        )
        self._event_log.emit(written)

    def _on_delta(self, delta: Delta) -> None:
        if isinstance(delta, Waiting):
            self._event_log.emit(ModelWaited(delta.reason, delta.attempt, delta.delay_seconds))


def first_prompt(
    context: Context, run_config: RunConfig, recalled: PromptParts
) -> tuple[CycleStarted, CyclePacked]:
    """Returns the Events that begin a run's first cycle."""
    tokens = run_config.compact_at_tokens
    task = _fit_task(context, run_config, tokens)
    opening, images = _add_recalled(task, recalled), _fit_images(run_config.images, tokens)
    return (
        CycleStarted(1, "the run starts", run_config.system, opening, images=images),
        _list_sections(context, 1, tokens, run_config, task, recalled, more=_section_of(images)),
    )


def next_prompt(
    state: State,
    context: Context,
    run_config: RunConfig,
    recalled: PromptParts,
    tokens: int,
    reason: str,
    now: Mapping[str, str] | None = None,
) -> tuple[CycleStarted, CyclePacked]:
    """Returns the Events that begin the cycle after this one, well below `tokens`.

    `recalled` is what memory gave, `reason` says to people why the cycle begins, and `now`
    are the names of contents of the files by path, None when they could not be had.
    """
    task = _fit_task(context, run_config, tokens)
    known = render_state(state, round(tokens * STATE_SHARE), context.measure, now)
    topics = _keep_topics(state, round(tokens * TOPICS_SHARE), context.measure)
    kept, tail_tokens = context.tail(round(tokens * TAIL_SHARE))
    last_step_max = round(tokens * LAST_STEP_SHARE)
    # Of a long last step the results are cut, or the next compaction would be near.
    chars_max = None
    if tail_tokens > last_step_max:
        chars_max = context.fit_results(kept, last_step_max)
        tail_tokens = last_step_max
    number = state.progress.cycle + 1
    text = f"{task}\n\n# Where you are\n{COMPACTED_NOTE}\n\n{known.text}"
    text += f"\n\n{topics.text}" if topics.text else ""
    tail = PromptSection("tail", f"the last {count_of(kept, 'message')}", tail_tokens)
    images = _fit_images(_images_of_person(state, context, run_config, kept), tokens)
    more = (*_section_of(images), tail)
    message = _add_recalled(text, recalled)
    return (
        CycleStarted(
            number,
            reason,
            run_config.system,
            message,
            kept,
            chars_max,
            images,
        ),
        _list_sections(
            context, number, tokens, run_config, task, known, topics, recalled, more=more
        ),
    )


def _images_of_person(
    state: State, context: Context, run_config: RunConfig, kept: int
) -> tuple[Image, ...]:
    """Returns what the person sent so far but for what is in the last `kept` messages.

    Those of the task come first, then the newest.
    """
    tail = context.messages[len(context.messages) - kept :]
    there = {image for message in tail for image in message.images}
    sent = dict.fromkeys((*run_config.images, *reversed(state.conversation.images)))
    return tuple(image for image in sent if image not in there)


def _fit_images(images: Sequence[Image], tokens: int) -> tuple[Image, ...]:
    """Returns the first images that find room, the very first in any case."""
    left = round(tokens * IMAGES_SHARE)
    fitting = [image for image in images if (left := left - image.tokens) >= 0]
    return tuple(fitting or images[:1])


def _section_of(images: Sequence[Image]) -> tuple[PromptSection, ...]:
    tokens = sum(image.tokens for image in images)
    return (PromptSection("task", count_of(len(images), "image"), tokens),) if images else ()


def _keep_topics(state: State, tokens_max: int, measure: MeasureTokens) -> PromptParts:
    """Returns the results that stay in the prompt, the newest first, each whole or not at all."""
    taken: list[PromptSection] = []
    left_out: list[PromptSection] = []
    texts: list[str] = []
    left = tokens_max
    for topic, text in reversed(state.conversation.topics.items()):
        section = PromptSection("topic", topic, measure(text))
        if section.tokens > left:
            left_out.append(section)
            continue
        left -= section.tokens
        taken.append(section)
        texts.append(f"# {topic}\n{text}")
    return PromptParts("\n\n".join(reversed(texts)), tuple(taken), tuple(left_out))


def _fit_task(context: Context, run_config: RunConfig, tokens: int) -> str:
    """Returns the task; one that would fill the window is cut, with how to see all of it."""
    chars_max = context.chars(round(tokens * TASK_SHARE), run_config.task_text)
    return cut_result(run_config.task_text, chars_max, "task")


def _add_recalled(text: str, recalled: PromptParts) -> str:
    return f"{text}\n\n{memory_source.HEADING}\n\n{recalled.text}" if recalled.text else text


def _list_sections(
    context: Context,
    number: int,
    tokens: int,
    run_config: RunConfig,
    task: str,
    *chosen: PromptParts,
    more: tuple[PromptSection, ...] = (),
) -> CyclePacked:
    fixed = (
        PromptSection("system", "tools", context.tool_tokens),
        PromptSection("system", "instructions", context.measure(run_config.system)),
        PromptSection("task", "task", context.measure(task)),
    )
    taken = [section for one in chosen for section in one.taken]
    left_out = [section for one in chosen for section in one.left_out]
    return CyclePacked(number, tokens, (*fixed, *taken, *more), tuple(left_out))
