"""A `Sampler` draws several answers to one prompt without paying for it several times.

Where the endpoint honours `n`, one request brings them all. Elsewhere one request
leads and the others follow at its first piece, when the endpoint has the prompt in
its cache. Once enough answers are there, the requests that lag behind are
cancelled, which closes their connections.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.messages import Request
from lsp_server.domain.ports import Model
from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.patience import Patience
from lsp_server.max_mode.sample_set import SampleSet
from lsp_server.max_mode.sampling_request import SamplingRequest

TOGETHER_TIMES_MAX = 3
"""How often one request for all the missing answers is tried in a wave."""


class Sampler:
    """A `Sampler` draws the candidates of one step into `samples`.

    Close it, or requests run on in `tasks`. `quorum` and `grace_seconds` are those of
    `Patience`.

    Example::

        async with asyncio.TaskGroup() as tasks:
            sampler = Sampler(model, request, tasks, stats)
            await sampler.draw(3)
            sampler.close()
        answers = sampler.samples.candidates
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
        self.samples = SampleSet(request, endpoint_stats)
        self._model = model
        self._request = request
        self._tasks = tasks
        self._endpoint_stats = endpoint_stats
        self._clock = asyncio.get_running_loop().time
        self._patience = Patience(self.samples, endpoint_stats, self._clock, quorum, grace_seconds)
        self._changed = asyncio.Event()
        self._running: set[SamplingRequest] = set()
        self._queue: deque[SamplingRequest] = deque()
        self.asked = 0
        """How many answers were asked for and not given up."""
        self._warm = False
        """Whether the endpoint has the prompt in its cache by now."""
        self._turned_away = False

    async def draw(self, wanted: int) -> None:
        """Returns when `wanted` answers were drawn in all, less the failed and the late ones."""
        self._patience.begin_wave(self._ended)
        await self._draw_together(wanted)
        await self._draw_side_by_side(wanted)

    async def draw_at_once(self, wanted: int) -> None:
        """Asks for `wanted` answers in one request, and returns when it has ended.

        An endpoint that gives one answer to a request gives one here; nothing else is sent.
        """
        self._patience.begin_wave(self._ended)
        sent = SamplingRequest(replace(self._request, choices=wanted), self._begun)
        self._start(sent)
        await sent.ended.wait()
        self._end_together(sent)

    def close(self) -> None:
        """Cancels what is still under way."""
        self._cancel_running()
        self._endpoint_stats.end_step(turned_away=self._turned_away)

    @property
    def _ended(self) -> int:
        return self.asked - len(self._running) - len(self._queue)

    def _enough(self, wanted: int) -> bool:
        return self._patience.is_satisfied(self._ended, wanted)

    async def _draw_together(self, wanted: int) -> None:
        """Sends one request for all, where that works or was never tried; fewer may come."""
        for _ in range(TOGETHER_TIMES_MAX):
            missing = wanted - self.asked
            known = self._endpoint_stats.honours_choices
            if missing < 2 or known is False or self._enough(wanted):
                return
            sent = SamplingRequest(replace(self._request, choices=missing), self._begun)
            self._start(sent)
            await (sent.ended if known else sent.clear).wait()
            if not sent.ended.is_set():
                self.asked += 1  # It brings one answer alone; the others need not wait for it.
                return
            self._end_together(sent)
            if sent.response is None:
                return

    def _end_together(self, sent: SamplingRequest) -> None:
        """Takes in what came of a request for several answers."""
        self._running.discard(sent)
        if sent.response is None:
            self.asked += self.samples.fail_together(sent)
            return
        self.asked += max(len(sent.response.choices), len(sent.heard))
        self._warm = True
        self.samples.take(sent)

    async def _draw_side_by_side(self, wanted: int) -> None:
        missing = 0 if self._enough(wanted) else wanted - self.asked
        for _ in range(missing):
            self._enqueue()
        while self.samples.refused is None and (self._queue or self._running):
            self._start_next(wanted)
            seconds = self._patience.seconds(
                self._running,
                wanted,
                ended=self._ended,
                queued=len(self._queue),
                warm=self._warm,
            )
            if seconds == 0 and self.samples.candidates:
                if self._patience.is_alone(wanted):
                    self._cancel_running()
                return
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                if self._enough(wanted):
                    return
                self._warm = True  # The leader takes too long; a cold start costs less.
                if not self._queue and not self.samples.candidates:
                    self._enqueue()  # Another one beside the first, which is slow.
            self._changed.clear()
            self._collect()

    def _enqueue(self) -> None:
        self._queue.append(SamplingRequest(self._request, self._begun))
        self.asked += 1

    def _start_next(self, wanted: int) -> None:
        limit = self._endpoint_stats.parallel_max
        while self._queue and not self._enough(wanted):
            if self._running and not self._warm:
                return
            if limit is not None and len(self._running) >= limit:
                return
            self._start(self._queue.popleft())

    def _start(self, sent: SamplingRequest) -> None:
        self.samples.requests.append(sent)
        sent.beside = len(self._running)
        self._running.add(sent)
        sent.start(self._model, self._tasks, self._clock)

    def _cancel_running(self) -> None:
        """Cancels those under way; nobody counts on them any more."""
        self.asked -= len(self._running) + len(self._queue)
        for sent in self._running:
            sent.cancel()
            self.samples.failures.append("cancelled: the others were ready long before")
        self._running.clear()
        self._queue.clear()

    def _begun(self, sent: SamplingRequest) -> None:
        """Takes in that the first piece of a request came, or its end."""
        if sent.heard and not self._warm:
            self._warm = True
            stats, took = self._endpoint_stats, self._clock() - sent.started
            stats.leader_seconds = max(stats.leader_seconds, took)
        self._changed.set()

    def _collect(self) -> None:
        for sent in sorted(self._running, key=self.samples.requests.index):
            if not sent.ended.is_set():
                continue
            self._running.discard(sent)
            if sent.response is not None:
                self._warm = True
                self.samples.take(sent)
            elif _was_one_too_many(sent):
                self._turned_away = True
                self._endpoint_stats.one_too_many(sent.beside)
                again = SamplingRequest(self._request, self._begun)
                again.is_second = True
                self._queue.append(again)
            else:
                self.samples.fail(sent)
                if self.samples.refused is not None:
                    self._queue.clear()


def _was_one_too_many(sent: SamplingRequest) -> bool:
    """Says whether it was turned away before it brought anything, while others were served."""
    turned_away = isinstance(sent.error, ModelUnavailable) and not sent.heard
    return turned_away and sent.beside > 0 and not sent.is_second
