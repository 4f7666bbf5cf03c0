"""This module brings a conversation into the shape that an endpoint takes, before it is encoded.

What is done here is done in the same way each time, so that the beginning of a growing
conversation stays the same and the endpoint finds it in its cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from lsp_server.domain.ids import Id
from lsp_server.domain.messages import Message
from lsp_server.domain.tools import ToolCall
from lsp_server.models.history_form import NO_WORDS, HistoryForm
from lsp_server.models.shown_images import IMAGES_MAX, behind_results, show_newest

GO_ON = "I have read the results."
"""The answer between a tool's result and a person's message."""


def shaped(
    messages: tuple[Message, ...],
    form: HistoryForm,
    tools: tuple[str, ...],
    images_max: int = IMAGES_MAX,
    refused_images: frozenset[Id] = frozenset(),
) -> tuple[Message, ...]:
    """Returns the messages in a form; `tools` are the names of those that are offered.

    They have at most `images_max` images, and none of `refused_images`.

    >>> shaped((Message("assistant", ""),), HistoryForm(), ())[0].text
    '(no words)'
    """
    shown = behind_results(show_newest(messages, images_max), refused_images)
    made: Iterable[Message] = (_clean(message, form, tools) for message in shown)
    if form.one_call_each:
        made = _one_call_each(tuple(made))
    if form.system_in_user:
        made = _system_in_user(tuple(made))
    if form.merged:
        made = _merged(made)
    if form.answers_between:
        made = _answers_between(tuple(made))
    return tuple(made)


def _clean(message: Message, form: HistoryForm, tools: tuple[str, ...]) -> Message:
    """The message without what endpoints refuse; itself when there is nothing of it."""
    changed: dict[str, object] = {}
    # Nothing is said by it, and the next message may not follow the one before.
    if not message.text.strip() and not message.tool_calls and message.role != "system":
        changed["text"] = NO_WORDS
    calls = tuple(_clean_call(call, form, tools) for call in message.tool_calls)
    if calls != message.tool_calls:
        changed["tool_calls"] = calls
    if message.tool_call_id is not None:
        call_id = form.call_id(message.tool_call_id)
        if call_id != message.tool_call_id:
            changed["tool_call_id"] = call_id
    return replace(message, **changed) if changed else message  # type: ignore[arg-type]


def _clean_call(call: ToolCall, form: HistoryForm, tools: tuple[str, ...]) -> ToolCall:
    id_, name = form.call_id(call.id), form.name(call.name, tools)
    return call if (id_, name) == (call.id, call.name) else replace(call, id=id_, name=name)


def _one_call_each(messages: tuple[Message, ...]) -> Iterator[Message]:
    """Gives each call a message of its own, with its result behind it."""
    results = {each.tool_call_id: each for each in messages if each.tool_call_id is not None}
    for message in messages:
        if len(message.tool_calls) < 2:
            if message.tool_call_id is None or message.tool_call_id in results:
                yield message
            continue
        text, reasoning = message.text, message.reasoning
        for call in message.tool_calls:
            yield replace(message, text=text, reasoning=reasoning, tool_calls=(call,))
            text = reasoning = ""
            if (result := results.pop(call.id, None)) is not None:
                yield result


def _system_in_user(messages: tuple[Message, ...]) -> Iterator[Message]:
    system = "\n\n".join(each.text for each in messages if each.role == "system")
    for message in messages:
        if message.role == "user" and system:
            yield replace(message, text=f"{system}\n\n{message.text}")
            system = ""
        elif message.role != "system":
            yield message


def _merged(messages: Iterable[Message]) -> Iterator[Message]:
    """Makes one message of neighbours of one role that say nothing but text."""
    last: Message | None = None
    for message in messages:
        if last is not None and _may_join(last, message):
            text, images = f"{last.text}\n\n{message.text}", last.images + message.images
            last = replace(last, text=text, images=images)
            continue
        if last is not None:
            yield last
        last = message
    if last is not None:
        yield last


def _may_join(first: Message, second: Message) -> bool:
    return first.role == second.role != "tool" and not (first.tool_calls or second.tool_calls)


def _answers_between(messages: tuple[Message, ...]) -> Iterator[Message]:
    yield from messages[:1]
    for before, message in pairwise(messages):
        if (before.role, message.role) == ("tool", "user"):
            yield Message("assistant", GO_ON)
        yield message
