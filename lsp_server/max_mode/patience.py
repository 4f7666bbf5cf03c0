"""A `Patience` decides how long the candidates of a step are worth waiting for."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection

from lsp_server.max_mode.endpoint_stats import EndpointStats
from lsp_server.max_mode.normal_form import message_chars
from lsp_server.max_mode.sample_set import SampleSet
from lsp_server.max_mode.sampling_request import SamplingRequest

LEADER_SECONDS_MAX = 10.0
"""How long the others wait for the leader's first piece; longer if this run saw longer."""
ALONE_SECONDS_MIN = 1.0
ALONE_LATENCIES = 2.0
"""A candidate that is drawn alone is waited for this many usual latencies. Then the first one
of a step gets another beside it, and a later one is given up."""
GRACE_SECONDS_MIN = 0.25
"""Network jitter alone may take as long."""


class Patience:
    """A `Patience` decides how long one wave of candidates may take.

    `quorum` candidates, all but one by default, start the grace period of
    `grace_seconds`, by default half the median latency. `clock` gives seconds.
    """

    def __init__(
        self,
        samples: SampleSet,
        endpoint_stats: EndpointStats,
        clock: Callable[[], float],
        quorum: int | None,
        grace_seconds: float | None,
    ) -> None:
        self._samples = samples
        self._endpoint_stats = endpoint_stats
        self._clock = clock
        self._quorum = quorum
        self._grace_seconds = grace_seconds
        self._quorum_at: float | None = None
        self._ended_before = 0

    def begin_wave(self, ended: int) -> None:
        """Starts over for the next wave; `ended` requests have ended before it."""
        self._quorum_at = None
        self._ended_before = ended

    def is_satisfied(self, ended: int, wanted: int) -> bool:
        """Says whether no more answers are needed when `ended` of `wanted` requests have ended."""
        # Failed ones count as ended: else one slow request would hold up the step.
        return ended >= self._least(wanted) and len(self._samples.candidates) >= min(2, wanted)

    def is_alone(self, wanted: int) -> bool:
        """Says whether the wave up to `wanted` is of one candidate."""
        return wanted - self._ended_before == 1

    def seconds(
        self,
        running: Collection[SamplingRequest],
        wanted: int,
        *,
        ended: int,
        queued: int,
        warm: bool,
    ) -> float | None:
        """Returns how many seconds the next change is worth waiting for.

        None sets no limit, 0 means that no other answer is worth it. `warm` says whether
        the endpoint has the prompt in its cache, so that no request waits for the first.
        """
        if self.is_satisfied(ended, wanted):
            return self._after_quorum(running, wanted)
        if self.is_alone(wanted) and len(running) == 1 and ended < wanted and not queued:
            (only,) = running
            return self._for_the_only_one(only)
        if queued and running and not warm:
            return self._for_the_leader()
        return None

    def _after_quorum(self, running: Collection[SamplingRequest], wanted: int) -> float:
        """Returns the seconds that the next answer is worth once enough are there; 0 for none."""
        if wanted == 1:
            return 0.0
        latencies = [each.seconds for each in self._samples.requests if each.response]
        grace = self._grace_seconds
        if grace is None:
            grace = max(GRACE_SECONDS_MIN, statistics.median(latencies) / 2)
        now = self._clock()
        if self._quorum_at is None:
            self._quorum_at = now
        deadline = self._quorum_at + grace
        shortest = min(message_chars(each.choice.message) for each in self._samples.candidates)
        for request in running:
            if request.may_end_by(deadline, now, shortest, min(latencies)):
                return max(0.0, deadline - now)
        return 0.0

    def _for_the_only_one(self, only: SamplingRequest) -> float | None:
        """Returns the seconds left to a candidate that is drawn alone; None sets no limit."""
        latencies = self._endpoint_stats.latencies
        if not latencies:
            return None
        usual = max(ALONE_SECONDS_MIN, ALONE_LATENCIES * statistics.median(latencies))
        return max(0.0, only.started + usual - self._clock())

    def _for_the_leader(self) -> float:
        """Returns the seconds that the others wait for the first piece of the first answer."""
        return max(LEADER_SECONDS_MAX, 3 * self._endpoint_stats.leader_seconds)

    def _least(self, wanted: int) -> int:
        """Returns how many have to have ended, one of this wave at least."""
        least = max(min(2, wanted), wanted - 1)
        if self._quorum is not None:
            least = min(self._quorum, wanted)
        return max(least, min(self._ended_before + 1, wanted))
