"""A `SampleSet` holds the answers that came for one step, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsp_server.domain.errors import ModelRefused, PromptTooLong
from lsp_server.domain.messages import Choice, Request, Usage
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.normal_form import message_chars, prompt_chars
from lsp_server.max_mode.sampling_request import CHARS_PER_TOKEN, SamplingRequest

REFUSALS_MAX = 2
"""So many refusals of one prompt are the prompt's fault; others would fare no better."""


@dataclass(frozen=True, slots=True)
class SampledAnswer:
    """A `SampledAnswer` is one answer; `usage` is what it would have cost alone."""

    number: int
    choice: Choice
    usage: Usage


class SampleSet:
    """A `SampleSet` keeps the candidates of one step, in the order in which they came."""

    def __init__(self, request: Request, endpoint_stats: EndpointStats) -> None:
        self.candidates: list[SampledAnswer] = []
        self.failures: list[str] = []
        self.refused: ModelRefused | None = None
        """Set when the endpoint will not take the prompt at all."""
        self.requests: list[SamplingRequest] = []
        """All that were sent."""
        self._request = request
        self._endpoint_stats = endpoint_stats
        self._refusals = 0
        self._refused_together = False

    @property
    def billed(self) -> Usage:
        """Returns all that was paid so far; estimated where the endpoint could not count."""
        prompt = self.prompt
        return sum((request.billed(prompt) for request in self.requests), Usage())

    @property
    def prompt(self) -> Usage:
        """Returns the prompt's size, as the endpoint counted it if it did."""
        for candidate in self.candidates:
            return replace(candidate.usage, completion_tokens=0)
        return Usage(prompt_chars(self._request) // CHARS_PER_TOKEN)

    def expected(self, missing: int) -> Usage:
        """Estimates what so many more answers would cost."""
        longest = max((each.usage.completion_tokens for each in self.candidates), default=0)
        requests = min(missing, 1) if self._endpoint_stats.honours_choices else missing
        prompt = self.prompt
        return Usage(
            prompt.prompt_tokens * requests, prompt.cached_tokens * requests, longest * missing
        )

    def take(self, sent: SamplingRequest) -> None:
        """Adds the answers of a request, and learns of the endpoint from them."""
        response = sent.response
        assert response is not None
        self._endpoint_stats.latencies.append(sent.seconds)
        if sent.request.choices > 1:
            given = max(len(response.choices), len(sent.heard))
            self._endpoint_stats.honours_choices = given > 1
        elif self._refused_together:
            self._endpoint_stats.honours_choices = False
        sizes = [message_chars(choice.message) for choice in response.choices]
        for choice, size in zip(response.choices, sizes, strict=True):
            share = size / sum(sizes) if sum(sizes) else 1 / len(sizes)
            own = round(response.billed.completion_tokens * share)
            usage = replace(response.billed, completion_tokens=own)
            self.candidates.append(SampledAnswer(len(self.candidates), choice, usage))
        spoilt = len(sent.heard) - len(response.choices)
        self.failures += ["the answer repeated itself without end"] * max(0, spoilt)

    def fail(self, sent: SamplingRequest) -> None:
        """Counts a request that failed. A prompt that is too long, or refused twice, is refused."""
        self.failures.append(str(sent.error))
        if not isinstance(sent.error, ModelRefused):
            return
        self._refusals += 1
        for_good = self._refusals >= REFUSALS_MAX or isinstance(sent.error, PromptTooLong)
        if for_good and not self.candidates:
            self.refused = sent.error

    def fail_together(self, sent: SamplingRequest) -> bool:
        """Counts a request for several answers that failed, and says whether one answer is lost.

        A refusal may be about `n` alone, so it does not count against the prompt yet.
        """
        self.failures.append(str(sent.error))
        match sent.error:
            case PromptTooLong() as error:
                self.refused = error
            case ModelRefused():
                self._refused_together = True
            case _:
                return True
        return False
