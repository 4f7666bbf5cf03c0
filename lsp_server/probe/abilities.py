"""This module reads in the answers of an endpoint what it can do, one ability each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from lsp_server.models.exchange_recorder import RecordedExchange
from lsp_server.probe import questions
from lsp_server.probe.asker import ProbedAnswer, fields_in
from lsp_server.probe.finding import AbilityFinding
from lsp_server.text.count import count_of
from lsp_server.text.truncate import truncate

EXCERPT_CHARS_MAX = 80
LISTED_MAX = 6

_WINDOW_KEYS = (
    "loaded_context_length",  # LM Studio
    "n_ctx",  # llama.cpp
    "max_model_len",  # vLLM, SGLang
    "context_length",  # OpenRouter, Together, LM Studio
    "max_context_length",
    "context_window",  # Groq
    "max_input_tokens",
)
"""Where a listing says how long a prompt may be, the more particular ones first."""
_USAGE_KEYS = ("prompt_tokens", "input_tokens", "cache_creation_input_tokens")
_CACHE_KEYS = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_REASONING_KEYS = (
    "reasoning_content", "reasoning", "reasoning_details", "reasoning_tokens", "thinking",
    "thinking_delta", "encrypted_content",
)  # fmt: skip
_NO_CALLS = (
    "a run needs calls: take a model that was taught them, and a server that knows their form "
    "(vLLM: --enable-auto-tool-choice --tool-call-parser; llama.cpp: --jinja)"
)


def models(listing: RecordedExchange | Exception, name: str) -> AbilityFinding:
    """Reads whether the endpoint lists its models, the asked one among them."""
    if isinstance(listing, Exception):
        return AbilityFinding("models", "unknown", str(listing))
    names = [str(entry.get("id")) for entry in _entries(listing)]
    if listing.status != 200 or not names:
        return AbilityFinding(
            "models",
            "no",
            f"GET models: status {listing.status}, no list",
            "model.name has to be set, as it cannot be chosen",
        )
    shown = ", ".join(names[:LISTED_MAX]) + (" and more" if len(names) > LISTED_MAX else "")
    if name in names:
        return AbilityFinding("models", "yes", f"{len(names)} listed, {name} among them")
    return AbilityFinding(
        "models", "partly", f"{name} is not among the {len(names)} listed: {shown}",
        "a name that is not listed may still be served; else correct model.name",
    )  # fmt: skip


def listed_window(listing: RecordedExchange | Exception, name: str) -> int | None:
    """Returns the window that the listing has for a model, in tokens."""
    if isinstance(listing, Exception):
        return None
    for entry in _entries(listing):
        if entry.get("id") == name:
            found = dict(fields_in(entry, _WINDOW_KEYS))
            sizes = [found[key] for key in _WINDOW_KEYS if isinstance(found.get(key), int)]
            return next((size for size in sizes if size > 0), None)
    return None


Replies: TypeAlias = Sequence[tuple[str, RecordedExchange | Exception]]
"""What was said to an empty request at the place of each other wire, by its name."""


def wires(wire: str, replies: Replies, api_key: str | None) -> AbilityFinding:
    """Reads which protocols the endpoint has a place for."""
    parts = [f"{wire} is set"]
    for name, reply in replies:
        if isinstance(reply, Exception):
            parts.append(f"{name}: {reply}")
        else:
            said = _excerpt(reply.error(api_key).sentence)
            parts.append(f"{name}: status {reply.status}{said}")
    names = ", ".join([wire, *wires_with_a_place(replies)])
    said = f"{names} ({'; '.join(parts)})"
    if all(isinstance(reply, Exception) for _, reply in replies):
        return AbilityFinding("wires", "unknown", said)
    return AbilityFinding("wires", "yes", said)


def wires_with_a_place(replies: Replies) -> list[str]:
    """Returns the wires whose place says what it misses in an empty request."""
    return [
        name for name, reply in replies if not isinstance(reply, Exception) and _has_a_place(reply)
    ]


def _has_a_place(reply: RecordedExchange) -> bool:
    said = reply.error(None).sentence
    # LM Studio answers 200 and an error for a place that it does not have.
    answers_it = reply.status == 200 and not said
    return answers_it or reply.status in (400, 422) or "required" in said


def answers(first: ProbedAnswer, other_wires: Sequence[str]) -> AbilityFinding:
    """Reads whether the endpoint answers at all."""
    if first.response is None:
        others = f"; model.wire may have to be {' or '.join(other_wires)}" if other_wires else ""
        advice = f"no run can work until this is mended{others}"
        return AbilityFinding("answers", "no", str(first.error), advice)
    if first.cut_off_thinking:
        return AbilityFinding("answers", "partly", "its thinking took all of the answer's length",
                       "raise model.output_tokens_max")  # fmt: skip
    seconds = f"first piece after {first.first_seconds:.1f} s, all after {first.last_seconds:.1f} s"
    return AbilityFinding("answers", "yes", f"status 200{_excerpt(first.text)}; {seconds}")


def streaming(first: ProbedAnswer) -> AbilityFinding:
    """Reads whether the answer came in pieces."""
    taken = first.taken
    if taken is None:
        return not_shown("streaming", first)
    kind = taken.headers.get("content-type", "no content type").partition(";")[0]
    if taken.streamed and first.pieces > 1:
        return AbilityFinding("streaming", "yes", f"{kind}, {count_of(first.pieces, 'piece')}")
    return AbilityFinding(
        "streaming", "partly" if taken.streamed else "no",
        f"{kind}, {count_of(first.pieces, 'piece')}",
        "an answer is shown once it is whole, and may take ten times model.silence_timeout_seconds",
    )  # fmt: skip


def usage(first: ProbedAnswer) -> AbilityFinding:
    """Reads whether the endpoint counts tokens in what it streams."""
    if first.response is None:
        return not_shown("usage", first)
    for key, tokens in first.fields(*_USAGE_KEYS):
        if isinstance(tokens, int) and tokens > 0:
            counted = first.response.usage
            return AbilityFinding(
                "usage", "yes", f"{key}: {tokens}, {counted.completion_tokens} for the answer"
            )
    return AbilityFinding(
        "usage", "no", "no usage in the answer", "tokens and costs are estimated from bytes"
    )


def cached_tokens(again: ProbedAnswer) -> AbilityFinding:
    """Reads whether a prompt that was sent before is said to be cached."""
    if again.response is None:
        return not_shown("cached tokens", again)
    tokens, prompt = again.response.usage.cached_tokens, again.response.usage.prompt_tokens
    if tokens:
        return AbilityFinding("cached tokens", "yes", f"{tokens} of {prompt} at the second time")
    keys = sorted({key for key, _ in again.fields(*_CACHE_KEYS)})
    told = f"{', '.join(keys)}: 0 at the second time" if keys else "no field for it"
    return AbilityFinding(
        "cached tokens", "no", f"{told}, of {prompt}",
        "each step may pay for the whole prompt: context.budget_tokens bounds it, and "
        'max_mode.strategy = "gated" draws less',
    )  # fmt: skip


def temperature(first: ProbedAnswer, again: ProbedAnswer) -> AbilityFinding:
    """Reads whether a temperature is taken, and whether 0 gives the same answer twice."""
    if first.response is None or again.response is None:
        return not_shown("temperature", again)
    refused = first.refused
    if refused is not None and "temperature" in refused.error(first.api_key).words.lower():
        return AbilityFinding("temperature", "no", first.refusal,
                       "Max Mode draws at the endpoint's own temperature")  # fmt: skip
    if first.text == again.text:
        return AbilityFinding("temperature", "yes", "the same answer twice at 0")
    return AbilityFinding(
        "temperature", "unknown", "two different answers at 0, so it may be ignored"
    )


def several_choices(answered: ProbedAnswer, count: int) -> AbilityFinding:
    """Reads whether one request gives several answers."""
    ability, means = "n", f"Max Mode sends a request for each candidate, {count} instead of one"
    if answered.response is None:
        return not_shown(ability, answered, means)
    given = len(answered.response.choices)
    if given == count:
        texts = [choice.message.text for choice in answered.response.choices]
        different = len(set(texts))
        return AbilityFinding(
            ability, "yes", f"{given} answers to n = {count}, {different} different"
        )
    told = answered.refusal or f"{given} answer to n = {count}, nothing said"
    return AbilityFinding(ability, "partly" if given > 1 else "no", told, means)


def tools(answered: ProbedAnswer, forced: ProbedAnswer) -> AbilityFinding:
    """Reads whether the model calls a tool by itself, or at least where a call is demanded."""
    if answered.response is None:
        return not_shown("tools", answered, _NO_CALLS)
    if calls := answered.response.message.tool_calls:
        return AbilityFinding("tools", "yes", f"{calls[0].name} {truncate(calls[0].arguments, 60)}")
    if answered.cut_off_thinking:
        return AbilityFinding("tools", "unknown", "its thinking took all of the answer's length")
    told = f"status 200, no call{_excerpt(answered.text)}"
    if forced.response is not None and forced.response.message.tool_calls:
        return AbilityFinding(
            "tools", "partly", f"{told}; one where it is demanded",
            'hold it to calls with model.extra_body.tool_choice, such as "required"',
        )  # fmt: skip
    return AbilityFinding("tools", "no", told, _NO_CALLS)


def parallel_tools(answered: ProbedAnswer) -> AbilityFinding:
    """Reads whether one answer has several calls."""
    if answered.response is None:
        return not_shown("parallel tools", answered)
    count = len(answered.response.message.tool_calls)
    if count > 1:
        return AbilityFinding("parallel tools", "yes", f"{count_of(count, 'call')} in one answer")
    told = f"{count} of 2 calls in one answer"
    return AbilityFinding(
        "parallel tools", "no" if count else "unknown", told, "a run takes more steps"
    )


def forced_call(answered: ProbedAnswer, asked: object) -> AbilityFinding:
    """Reads whether a call can be demanded."""
    ability, written = "tool_choice", json.dumps(asked)
    if answered.response is None:
        return not_shown(ability, answered)
    if answered.response.message.tool_calls:
        return AbilityFinding(
            ability, "yes", f"a call to “Say hello”, with {written}",
            "a small model that forgets to call is held to it by model.extra_body.tool_choice",
        )  # fmt: skip
    told = answered.refusal or f"status 200, but words{_excerpt(answered.text)}"
    return AbilityFinding(ability, "no", told, "model.extra_body.tool_choice does nothing here")


def json_schema(answered: ProbedAnswer) -> AbilityFinding:
    """Reads whether an answer can be held to a schema."""
    ability = "json_schema"
    if answered.response is None:
        return not_shown(ability, answered)
    if answered.cut_off_thinking:
        return AbilityFinding(ability, "unknown", "its thinking took all of the answer's length")
    follows = _verdict(answered.text)
    if answered.refused is not None:
        return AbilityFinding(
            ability, "no", answered.refusal,
            "verdicts are asked for with their schema in words"
            + ("" if follows else ", which this model did not follow: set judge.name to another"),
        )  # fmt: skip
    if follows:
        return AbilityFinding(ability, "yes", truncate(answered.text.strip(), EXCERPT_CHARS_MAX))
    return AbilityFinding(
        ability, "no", f"status 200, but not by the schema{_excerpt(answered.text)}",
        "a verdict that cannot be read is asked for twice: take another model.wire, or another judge.name",
    )  # fmt: skip


def json_object(answered: ProbedAnswer) -> AbilityFinding:
    """Reads whether an answer can be held to JSON of any form, which Holdfast does not need."""
    ability = "json_object"
    if answered.response is None:
        return not_shown(ability, answered)
    if answered.refused is not None:
        return AbilityFinding(ability, "no", answered.refusal)
    if answered.cut_off_thinking:
        return AbilityFinding(ability, "unknown", "its thinking took all of the answer's length")
    if isinstance(_value(answered.text), dict):
        return AbilityFinding(ability, "yes", truncate(answered.text.strip(), EXCERPT_CHARS_MAX))
    return AbilityFinding(ability, "no", f"status 200, but no JSON{_excerpt(answered.text)}")


def images(answered: ProbedAnswer) -> AbilityFinding:
    """Reads whether the model sees an image: a red square."""
    ability, means = "images", "set model.images to no, which saves a refused request a session"
    if answered.response is None:
        return not_shown(ability, answered, means)
    if answered.response.without_images or answered.refused is not None:
        return AbilityFinding(ability, "no", answered.refusal, means)
    if questions.COLOUR in answered.text.lower():
        return AbilityFinding(
            ability, "yes", f"a {questions.COLOUR} square is said to be{_excerpt(answered.text)}"
        )
    return AbilityFinding(
        ability, "unknown", f"taken, but a {questions.COLOUR} square is said to be{_excerpt(answered.text)}",
        "it may be dropped in silence: set model.images to no, unless the model is made for images",
    )  # fmt: skip


def reasoning(all_answers: Sequence[ProbedAnswer]) -> AbilityFinding:
    """Reads under which keys the model's thinking comes."""
    found = dict[str, str]()
    for answered in all_answers:
        for key, value in answered.fields(*_REASONING_KEYS):
            if value and key not in found:
                found[key] = str(value)
    if found:
        first = next((value for value in found.values() if not value.isdigit()), "")
        return AbilityFinding("reasoning", "yes", f"{', '.join(found)}{_excerpt(first)}")
    if any("<think" in str(answered.text) for answered in all_answers):
        return AbilityFinding("reasoning", "partly", "as <think> in the text")
    count = sum(answered.response is not None for answered in all_answers)
    return AbilityFinding("reasoning", "no", f"no such field in {count} answers")


def not_shown(ability: str, answered: ProbedAnswer, advice: str = "") -> AbilityFinding:
    """Returns the finding for a question that was not answered."""
    refused = answered.refused
    if refused is not None and refused.status in (400, 404, 422):
        return AbilityFinding(ability, "no", answered.refusal, advice)
    return AbilityFinding(ability, "unknown", answered.refusal)


def _entries(listing: RecordedExchange) -> list[dict[str, Any]]:
    match listing.values:
        case [{"data": [*entries]}, *_]:
            return [entry for entry in entries if isinstance(entry, dict)]
        case _:
            return []


def _value(text: str) -> object:
    try:
        return json.loads(text[text.find("{") : text.rfind("}") + 1] or text)
    except (ValueError, RecursionError):
        return None


def _verdict(text: str) -> bool:
    value = _value(text)
    return isinstance(value, dict) and value.get("verdict") in questions.VERDICTS


def _excerpt(text: str) -> str:
    """A piece of a text, behind what it is."""
    line = " ".join(text.split())
    return f": “{truncate(line, EXCERPT_CHARS_MAX)}”" if line else ""
