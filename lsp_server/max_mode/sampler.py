"""Several answers to one prompt, without paying for it several times or waiting for the last.

Where the endpoint honours `n`, one request brings them all. Elsewhere one request
leads and the others follow at its first piece, when the endpoint has the prompt in
its cache. Once enough are in, those that lag behind are cancelled, which closes
their connections.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from dataclasses import dataclass, field, replace

from lsp_server.domain.errors import ModelRefused, ModelUnavailable, PromptTooLong
from lsp_server.domain.messages import Choice, Request, Usage
from lsp_server.domain.ports import Model
from lsp_server.max_mode.normal_form import message_chars, prompt_chars
from lsp_server.max_mode.sampling_request import CHARS_PER_TOKEN, SamplingRequest

LEADER_SECONDS_MAX = 10.0
"""How long the others wait for the leader's first piece; longer if this run saw longer."""
ALONE_SECONDS_MIN = 1.0
ALONE_LATENCIES = 2.0
"""A candidate that is drawn alone is waited for this many usual latencies, then for the
first of two."""
LATENCIES_KEPT = 16
GRACE_SECONDS_MIN = 0.25
"""Network jitter alone may take as long."""
CALM_STEPS = 10
"""Steps without a refusal after which one more request at a time is tried."""
TOGETHER_TIMES_MAX = 3
REFUSALS_MAX = 2


@dataclass(frozen=True, slots=True)
class SampledAnswer:
    """One answer; `usage` is what it would have cost alone."""

    number: int
    choice: Choice
    usage: Usage


@dataclass(slots=True)
class EndpointStats:
    """What was seen of an endpoint and model, kept from step to step and shared by runs.

    `honours_choices` is None until it was tried; `parallel_max` None while no
    request was refused for being one too many.
    """

    honours_choices: bool | None = None
    parallel_max: int | None = None
    leader_seconds: float = 0.0
    calm_steps: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    """Seconds that the last answers took."""

    def describe(self) -> str:
        """What is known, for a person."""
        several = {
            None: "not known yet whether it gives several answers to one request",
            True: "gives several answers to one request, so that they share its prompt",
            False: "gives one answer to a request, so that each candidate pays for the prompt",
        }
        parts = [several[self.honours_choices]]
        if self.parallel_max is not None:
            parts.append(f"takes {self.parallel_max} requests at once at most")
        if self.latencies:
            seconds, count = statistics.median(self.latencies), len(self.latencies)
            parts.append(f"an answer took {seconds:.1f} s (median of {count})")
        return "; ".join(parts)


class Sampler:
    """The candidates of one step. `close` it, or its stragglers run on in `tasks`.

    `quorum` candidates, all but one by default, start the grace period of
    `grace_seconds`, by default half the median latency.
    """

    def __init__(
        self,
        model: Model,
        request: Request,
        tasks: asyncio.TaskGroup,
        endpoint_stats: EndpointStats,
        *,
        quorum: int | None = None,
        grace_seconds: float | None = None,
    ) -> None:
        self.candidates: list[SampledAnswer] = []
        self.failures: list[str] = []
        self.refused: ModelRefused | None = None
        """Set when the endpoint will not take the prompt at all."""
        self._model = model
        self._request = request
        self._tasks = tasks
        self._endpoint_stats = endpoint_stats
        self._quorum_wanted = quorum
        self._grace_wanted_seconds = grace_seconds
        self._clock = asyncio.get_running_loop().time
        self._changed = asyncio.Event()
        self._attempts: list[SamplingRequest] = []
        self._running: set[SamplingRequest] = set()
        self._queue: deque[SamplingRequest] = deque()
        self._asked = self._ended_before = 0
        self._warm = False
        self._turned_away = False
        self._refusals = 0
        self._refused_together = False
        self._quorum_at: float | None = None

    async def draw(self, wanted: int) -> None:
        """Until `wanted` answers were drawn in all, short of the failed and the late."""
        self._quorum_at = None
        self._ended_before = self._ended
        await self._draw_together(wanted)
        await self._draw_side_by_side(wanted)

    def close(self) -> None:
        """Cancels what is still under way."""
        self._let_go()
        endpoint_stats = self._endpoint_stats
        endpoint_stats.calm_steps = 0 if self._turned_away else endpoint_stats.calm_steps + 1
        if endpoint_stats.parallel_max is not None and endpoint_stats.calm_steps >= CALM_STEPS:
            endpoint_stats.parallel_max += 1
            endpoint_stats.calm_steps = 0

    @property
    def billed(self) -> Usage:
        """All that was paid so far; estimated where the endpoint could not count."""
        prompt = self.prompt
        return sum((attempt.billed(prompt) for attempt in self._attempts), Usage())

    def expected(self, wanted: int) -> Usage:
        """About what drawing up to `wanted` answers would add."""
        missing = max(0, wanted - self._asked)
        said = max((each.usage.completion_tokens for each in self.candidates), default=0)
        requests = min(missing, 1) if self._endpoint_stats.honours_choices else missing
        prompt = self.prompt
        return Usage(
            prompt.prompt_tokens * requests, prompt.cached_tokens * requests, said * missing
        )

    @property
    def prompt(self) -> Usage:
        """The prompt's size, as the endpoint counted it if it did."""
        for candidate in self.candidates:
            return replace(candidate.usage, completion_tokens=0)
        return Usage(prompt_chars(self._request) // CHARS_PER_TOKEN)

    def _quorum(self, wanted: int) -> int:
        """How many have to be there, one of this wave at least."""
        least = max(min(2, wanted), wanted - 1)
        if self._quorum_wanted is not None:
            least = min(self._quorum_wanted, wanted)
        return max(least, min(self._ended_before + 1, wanted))

    @property
    def _ended(self) -> int:
        return self._asked - len(self._running) - len(self._queue)

    def _enough(self, wanted: int) -> bool:
        """Whether nobody else is needed; failed ones count, else a straggler holds the step."""
        return self._ended >= self._quorum(wanted) and len(self.candidates) >= min(2, wanted)

    async def _draw_together(self, wanted: int) -> None:
        """One request for all, where that works or was never tried; fewer may come."""
        for _ in range(TOGETHER_TIMES_MAX):
            missing = wanted - self._asked
            if missing < 2 or self._endpoint_stats.honours_choices is False or self._enough(wanted):
                return
            attempt = SamplingRequest(replace(self._request, choices=missing), self._begun)
            self._start(attempt)
            await (attempt.ended if self._endpoint_stats.honours_choices else attempt.clear).wait()
            if not attempt.ended.is_set():
                self._asked += 1  # It speaks for itself alone; the others need not wait for it.
                return
            self._running.discard(attempt)
            if attempt.response is None:
                self._give_up_together(attempt)
                return
            self._asked += max(len(attempt.response.choices), len(attempt.heard))
            self._take(attempt)

    def _give_up_together(self, attempt: SamplingRequest) -> None:
        """A refusal may be about `n` alone, so it does not count against the prompt yet."""
        match attempt.error:
            case PromptTooLong() as error:
                self.refused = error
            case ModelRefused():
                self._refused_together = True
            case _:
                self._asked += 1
        self.failures.append(str(attempt.error))

    async def _draw_side_by_side(self, wanted: int) -> None:
        missing = 0 if self._enough(wanted) else wanted - self._asked
        self._queue.extend(SamplingRequest(self._request, self._begun) for _ in range(missing))
        self._asked += missing
        while self.refused is None and (self._queue or self._running):
            self._start_next(wanted)
            seconds = self._patience_seconds(wanted)
            if seconds == 0:
                if wanted == 1:
                    self._let_go()
                return
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                if self._enough(wanted):
                    return
                self._warm = True  # The leader takes too long; a cold start costs less.
                if not self._queue:
                    self._second()
            self._changed.clear()
            self._collect()

    def _start_next(self, wanted: int) -> None:
        limit = self._endpoint_stats.parallel_max
        while self._queue and not self._enough(wanted):
            if self._running and not self._warm:
                return
            if limit is not None and len(self._running) >= limit:
                return
            self._start(self._queue.popleft())

    def _let_go(self) -> None:
        """Cancels those under way; nobody counts on them any more."""
        self._asked -= len(self._running) + len(self._queue)
        for attempt in self._running:
            attempt.cancel()
            self.failures.append("cancelled: the others were ready long before")
        self._running.clear()
        self._queue.clear()

    def _second(self) -> None:
        """Another one beside one that was drawn alone and is slow."""
        self._queue.append(SamplingRequest(self._request, self._begun))
        self._asked += 1

    def _start(self, attempt: SamplingRequest) -> None:
        self._attempts.append(attempt)
        attempt.beside = len(self._running)
        self._running.add(attempt)
        attempt.start(self._model, self._tasks, self._clock)

    def _begun(self, attempt: SamplingRequest) -> None:
        """The first piece of an attempt came, or its end."""
        if attempt.heard and not self._warm:
            self._warm = True
            took = self._clock() - attempt.started
            self._endpoint_stats.leader_seconds = max(self._endpoint_stats.leader_seconds, took)
        self._changed.set()

    def _patience_seconds(self, wanted: int) -> float | None:
        """How long the next change is worth waiting for; None: as long as the model takes."""
        if not self._enough(wanted):
            return self._patience_with_one(wanted)
        if wanted == 1:
            return 0.0
        latencies = [each.seconds for each in self._attempts if each.response]
        grace = self._grace_wanted_seconds
        if grace is None:
            grace = max(GRACE_SECONDS_MIN, statistics.median(latencies) / 2)
        now = self._clock()
        if self._quorum_at is None:
            self._quorum_at = now
        deadline = self._quorum_at + grace
        shortest = min(message_chars(each.choice.message) for each in self.candidates)
        for attempt in self._running:
            if attempt.may_end_by(deadline, now, shortest, min(latencies)):
                return max(0.0, deadline - now)
        return 0.0

    def _patience_with_one(self, wanted: int) -> float | None:
        """How long one alone may take: a leader until its first piece, an only one in all."""
        latencies = self._endpoint_stats.latencies
        if wanted == 1 and latencies and len(self._running) == self._asked == 1:
            (attempt,) = self._running
            usual = max(ALONE_SECONDS_MIN, ALONE_LATENCIES * statistics.median(latencies))
            return max(0.0, attempt.started + usual - self._clock())
        if self._queue and self._running and not self._warm:
            return max(LEADER_SECONDS_MAX, 3 * self._endpoint_stats.leader_seconds)
        return None

    def _collect(self) -> None:
        for attempt in sorted(self._running, key=self._attempts.index):
            if attempt.ended.is_set():
                self._running.discard(attempt)
                self._settle(attempt)

    def _settle(self, attempt: SamplingRequest) -> None:
        if attempt.response is not None:
            self._take(attempt)
        elif self._was_one_too_many(attempt):
            self._turned_away = True
            limit = self._endpoint_stats.parallel_max
            self._endpoint_stats.parallel_max = min(limit or attempt.beside, attempt.beside)
            again = SamplingRequest(self._request, self._begun)
            again.is_second = True
            self._queue.append(again)
        else:
            self.failures.append(str(attempt.error))
            if isinstance(attempt.error, ModelRefused):
                self._heed_refusal(attempt.error)

    def _heed_refusal(self, error: ModelRefused) -> None:
        """A length, and what was refused twice, is the prompt's fault: others fare no better."""
        self._refusals += 1
        too_often = self._refusals >= REFUSALS_MAX or isinstance(error, PromptTooLong)
        if too_often and not self.candidates:
            self.refused = error
            self._queue.clear()

    def _was_one_too_many(self, attempt: SamplingRequest) -> bool:
        """Turned away before it said anything, while others were served."""
        turned_away = isinstance(attempt.error, ModelUnavailable) and not attempt.heard
        return turned_away and attempt.beside > 0 and not attempt.is_second

    def _take(self, attempt: SamplingRequest) -> None:
        response = attempt.response
        assert response is not None
        self._warm = True
        self._endpoint_stats.latencies.append(attempt.seconds)
        if attempt.request.choices > 1:
            given = max(len(response.choices), len(attempt.heard))
            self._endpoint_stats.honours_choices = given > 1
        elif self._refused_together:
            self._endpoint_stats.honours_choices = False
        sizes = [message_chars(choice.message) for choice in response.choices]
        for choice, size in zip(response.choices, sizes, strict=True):
            share = size / sum(sizes) if sum(sizes) else 1 / len(sizes)
            said = round(response.billed.completion_tokens * share)
            usage = replace(response.billed, completion_tokens=said)
            self.candidates.append(SampledAnswer(len(self.candidates), choice, usage))
        spoilt = len(attempt.heard) - len(response.choices)
        self.failures += ["the answer repeated itself without end"] * max(0, spoilt)
