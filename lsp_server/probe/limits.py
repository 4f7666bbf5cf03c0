"""This module reads in the answers of an endpoint where its limits are, and that it can be stopped."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.domain.errors import PromptTooLong
from lsp_server.models.exchange_recorder import RecordedExchange
from lsp_server.probe.abilities import not_shown
from lsp_server.probe.asker import ProbedAnswer
from lsp_server.probe.finding import AbilityFinding, Answer
from lsp_server.probe.questions import HUGE_ANSWER_TOKENS
from lsp_server.settings.sections import ModelSettings
from lsp_server.text.count import count_of
from lsp_server.text.truncate import truncate

HEADERS_SHOWN_MAX = 8
HEADER_CHARS_MAX = 40
STOP_SECONDS_MAX = 2.0
"""A cancelled request has to be over by then on our side."""
CUT_SHARE = 0.7
"""A prompt of which less is counted was cut: words of the test are one token each, or nearly so."""

_RATE_HEADERS = ("ratelimit", "rate-limit", "retry-after")


def context(
    listed: int | None, overflow: ProbedAnswer | None, words: int, settings: ModelSettings
) -> AbilityFinding:
    """Reads how long a prompt may be, and what the endpoint says to one that is too long."""
    ability, set_tokens = "context length", settings.context_tokens
    reported = f"listed: {count_of(listed, 'token')}" if listed else "none is listed"
    if overflow is None:
        return AbilityFinding(
            ability, "yes" if listed else "unknown",
            f"{reported}; a longer prompt was not tried, as it may be paid for",
            _smaller("model.context_tokens", listed, set_tokens),
        )  # fmt: skip
    stated = overflow.limits().window_tokens or listed
    told = f"{reported}; {words} words: {overflow.said(overflow.refused_last) or overflow.error}"
    if isinstance(overflow.error, PromptTooLong):
        return AbilityFinding(
            ability, "yes", told, _smaller("model.context_tokens", stated, set_tokens)
        )
    if overflow.response is None:
        size = stated or "what the server has"
        advice = (
            f"a prompt that is too long is not known as such: set model.context_tokens to {size}"
        )
        return AbilityFinding(ability, "unknown", told, advice if overflow.refused_last else "")
    counted = overflow.response.usage.prompt_tokens
    if counted < words * CUT_SHARE:
        return AbilityFinding(
            ability, "no",
            f"{reported}; of {words} words it counted {count_of(counted, 'token')} "
            "and said nothing",
            f"it cuts prompts in silence, so that a run forgets its task: give the server a larger "
            f"window, and set model.context_tokens to it (here {set_tokens})",
        )  # fmt: skip
    return AbilityFinding(
        ability, "partly",
        f"{reported}; taken: {count_of(counted, 'token')}, so it is at least that",
        _smaller("model.context_tokens", listed, set_tokens),
    )  # fmt: skip


def longest_answer(answered: ProbedAnswer, settings: ModelSettings) -> AbilityFinding:
    """Reads how long an answer may be, from what the endpoint says to a wish for far too much."""
    ability, limits = "longest answer", answered.limits()
    if answered.response is not None or answered.stopped:
        told = f"{HUGE_ANSWER_TOKENS} tokens were asked for and not refused"
        return AbilityFinding(ability, "unknown", told)
    stated = limits.answer_tokens or limits.window_tokens
    advice = _smaller("model.output_tokens_max", stated, settings.output_tokens_max)
    told = answered.said(answered.refused_last) or str(answered.error)
    return AbilityFinding(ability, "yes" if stated else "unknown", told, advice)


def rate_limits(exchanges: Sequence[RecordedExchange]) -> AbilityFinding:
    """Reads the headers that say how often the endpoint may be asked."""
    found = dict[str, str]()
    for exchange in exchanges:
        for name, value in exchange.headers.items():
            if any(part in name for part in _RATE_HEADERS):
                found[name] = value
    limited = sum(exchange.status == 429 for exchange in exchanges)
    refused = f"; {count_of(limited, 'request')} refused with 429" if limited else ""
    if found:
        told = ", ".join(
            f"{name}: {truncate(found[name], HEADER_CHARS_MAX)}"
            for name in sorted(found)[:HEADERS_SHOWN_MAX]
        )
        return AbilityFinding("rate limits", "yes", told + refused)
    return AbilityFinding("rate limits", "no", f"no header says any{refused}")


def cancel(answered: ProbedAnswer, next_one: ProbedAnswer) -> AbilityFinding:
    """Reads whether an answer can be cancelled, and the endpoint works on afterwards."""
    if not answered.stopped:
        if answered.response is None:
            return not_shown("cancel", answered)
        return AbilityFinding(
            "cancel", "unknown", "the answer was whole before it could be cancelled"
        )
    pieces = count_of(answered.pieces, "piece")
    told = f"closed after {pieces}, over {answered.stop_seconds:.1f} s later"
    if next_one.response is None and not next_one.stopped and next_one.refused is None:
        return AbilityFinding("cancel", "no", f"{told}; then: {next_one.error}")
    later = f"the next request was answered after {next_one.first_seconds:.1f} s"
    ended: Answer = "yes" if answered.stop_seconds <= STOP_SECONDS_MAX else "partly"
    return AbilityFinding("cancel", ended, f"{told}; {later}")


def _smaller(setting: str, stated: int | None, set_to: int) -> str:
    return f"set {setting} to {stated} (here {set_to})" if stated and stated < set_to else ""
