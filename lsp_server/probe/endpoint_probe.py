"""This module probes one endpoint: the order of the questions, and the limits of them all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lsp_server.domain.messages import Request, Usage
from lsp_server.probe import abilities, limits, questions
from lsp_server.probe.address import shown_address
from lsp_server.probe.asker import PROBE_SECONDS_MAX, Asker, ProbedAnswer
from lsp_server.probe.finding import AbilityFinding, ProbeReport, Role
from lsp_server.settings.sections import ModelSettings

PATHS: Mapping[str, str] = MappingProxyType(
    {"chat": "chat/completions", "messages": "messages", "responses": "responses"}
)
"""Where each wire is served."""
REQUESTS_MAX = 14
"""Besides those that are sent again in another form, of which an endpoint took none."""
CHOICES = 3
PIECES_BEFORE_CANCEL = 3
PIECES_MAX = 40
"""An answer to a wish for ten million tokens is read no further."""
OVERFLOW_ANSWER_TOKENS_MAX = 16
SHORT_QUESTIONS_TOKENS = 2_000
NEEDED: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        "worker": frozenset({"answers", "tools"}),
        "judge": frozenset({"answers"}),
        "cheap": frozenset({"answers"}),
    }
)
"""The abilities without which a role cannot do its work."""


def largest_usage(settings: ModelSettings) -> Usage:
    """Returns what a probe may take, at most and about."""
    prefix = 2 * questions.PREFIX_LINES * questions.LINE_TOKENS
    prompt = prefix + questions.OVERFLOW_WORDS_MAX + SHORT_QUESTIONS_TOKENS
    return Usage(prompt, 0, REQUESTS_MAX * _answer_tokens(settings))


async def probe_endpoint(
    role: Role,
    settings: ModelSettings,
    api_key: str | None,
    *,
    seconds_max: float = PROBE_SECONDS_MAX,
) -> ProbeReport:
    """Asks an endpoint what shows its abilities; failures are findings.

    `settings` need `base_url` and `name`. What is not found within `seconds_max` is unknown.
    Raises ConfigurationError for settings or an environment that cannot work.
    """
    asker = Asker(settings, api_key, seconds_max=seconds_max)
    try:
        probe = _Probe(settings, asker)
        findings = tuple([_for_role(role, finding) async for finding in probe.findings()])
    finally:
        await asker.close()
    return ProbeReport(
        role,
        settings.name or "",
        shown_address(settings.base_url or ""),
        probe.wire,
        findings,
        len(asker.exchanges),
        asker.billed,
        settings.prices.cost_usd(asker.billed),
        asker.seconds,
        NEEDED[role],
    )


def _for_role(role: Role, finding: AbilityFinding) -> AbilityFinding:
    """The finding with the settings named as the role has them."""
    if role == "worker":
        return finding
    return replace(finding, advice=re.sub(r"\bmodel\.(?=[a-z])", f"{role}.", finding.advice))


class _Probe:
    """The questions to one endpoint, in their order."""

    def __init__(self, settings: ModelSettings, asker: Asker) -> None:
        self.wire = settings.wire
        self._settings = settings
        self._asker = asker
        self._answers: list[ProbedAnswer] = []

    async def findings(self) -> AsyncIterator[AbilityFinding]:
        """Yields what is found; nothing more where the endpoint does not answer at all."""
        listing = await self._asker.fetched("GET", "models")
        window = abilities.listed_window(listing, self._settings.name or "")
        yield abilities.models(listing, self._settings.name or "")
        others = await self._other_wires()
        yield abilities.wires(self.wire, others, self._asker.api_key)
        greeting = questions.greeting(_lines(window))
        # Whoever set the address wants to know at once that nothing answers there.
        first = await self._ask(greeting, again=False)
        yield abilities.answers(first, abilities.wires_with_a_place(others))
        if first.response is None:
            return
        yield abilities.streaming(first)
        yield abilities.usage(first)
        again = await self._ask(greeting)
        yield abilities.cached_tokens(again)
        yield abilities.temperature(first, again)
        yield abilities.several_choices(await self._ask(questions.several(CHOICES)), CHOICES)
        async for finding in self._calls():
            yield finding
        async for finding in self._forms():
            yield finding
        async for finding in self._limits(window):
            yield finding

    async def _other_wires(self) -> abilities.Replies:
        others = [(name, path) for name, path in PATHS.items() if name != self.wire]
        return [(name, await self._asker.fetched("POST", path, b"{}")) for name, path in others]

    async def _calls(self) -> AsyncIterator[AbilityFinding]:
        called = await self._ask(questions.two_calls())
        force = questions.FORCED_CALL[self.wire]
        forced = await self._ask(questions.no_call(), extra_body=self._body(force))
        yield abilities.tools(called, forced)
        yield abilities.parallel_tools(called)
        yield abilities.forced_call(forced, force)

    async def _forms(self) -> AsyncIterator[AbilityFinding]:
        yield abilities.json_schema(await self._ask(questions.schema()))
        if (form := questions.JSON_OBJECT.get(self.wire)) is None:
            yield AbilityFinding("json_object", "no", f"the wire {self.wire} has nothing for it")
        else:
            answered = await self._ask(questions.json_object(), extra_body=self._body(form))
            yield abilities.json_object(answered)
        yield abilities.images(await self._ask(questions.image(), images="auto"))
        yield abilities.reasoning(self._answers)

    async def _limits(self, listed: int | None) -> AsyncIterator[AbilityFinding]:
        cancelled = await self._ask(questions.endless(), pieces_max=PIECES_BEFORE_CANCEL)
        huge = await self._ask(
            questions.short(),
            pieces_max=PIECES_MAX,
            again=False,
            output_tokens_max=questions.HUGE_ANSWER_TOKENS,
        )
        yield limits.cancel(cancelled, huge)
        yield limits.longest_answer(huge, self._settings)
        words = questions.overflow_words(listed or huge.limits().window_tokens)
        overflow = None
        if words is not None:
            question = questions.overflow(words)
            overflow = await self._ask(question, output_tokens_max=OVERFLOW_ANSWER_TOKENS_MAX)
        yield limits.context(listed, overflow, words or 0, self._settings)
        yield limits.rate_limits(self._asker.exchanges)

    async def _ask(
        self, request: Request, *, pieces_max: int | None = None, again: bool = True, **changes: Any
    ) -> ProbedAnswer:
        short = {"output_tokens_max": _answer_tokens(self._settings)}
        answered = await self._asker.ask(
            request, {**short, **changes}, pieces_max=pieces_max, again=again
        )
        self._answers.append(answered)
        return answered

    def _body(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._settings.extra_body, **more}


def _answer_tokens(settings: ModelSettings) -> int:
    return min(settings.output_tokens_max, questions.ANSWER_TOKENS_MAX)


def _lines(window: int | None) -> int:
    """As many lines as leave most of a small window free."""
    lines = questions.PREFIX_LINES
    return min(lines, window // (2 * questions.LINE_TOKENS)) if window else lines
