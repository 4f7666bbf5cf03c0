"""`EndpointStats` keep what Max Mode saw of an endpoint, so that the next step draws wisely."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

from lsp_server.domain.candidates import DrawStrategy, WantedStrategy
from lsp_server.text.count import count_of

LATENCIES_KEPT = 16
CALM_STEPS = 10
"""Steps without a refusal after which one more request at a time is tried."""


@dataclass(slots=True)
class EndpointStats:
    """`EndpointStats` keep what was seen of one endpoint and model, over steps and runs.

    `honours_choices` says whether several answers come to one request, None until
    it was tried. `parallel_max` is how many requests it takes at once, None while
    none was refused for being one too many.
    """

    honours_choices: bool | None = None
    parallel_max: int | None = None
    leader_seconds: float = 0.0
    """The longest that a first piece of an answer took."""
    calm_steps: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    """Seconds that the last answers took."""

    def end_step(self, *, turned_away: bool) -> None:
        """Counts a step; after enough calm ones, one more request at a time is tried."""
        self.calm_steps = 0 if turned_away else self.calm_steps + 1
        if self.parallel_max is not None and self.calm_steps >= CALM_STEPS:
            self.parallel_max += 1
            self.calm_steps = 0

    def one_too_many(self, beside: int) -> None:
        """Notes that a request was turned away while `beside` others were served."""
        self.parallel_max = min(self.parallel_max or beside, beside)

    def strategy(self, wanted: WantedStrategy) -> DrawStrategy | None:
        """Returns how candidates are drawn here; None while that hangs on what is not known yet.

        >>> EndpointStats(honours_choices=False).strategy("auto")
        'gated'
        """
        if wanted != "auto":
            return wanted
        if self.honours_choices is None:
            return None
        return "adaptive" if self.honours_choices else "gated"

    def describe(self) -> str:
        """Returns what is known, in words for a person."""
        several = {
            None: "not known yet whether it gives several answers to one request",
            True: "gives several answers to one request, so that they share its prompt",
            False: "gives one answer to a request, so that each candidate pays for the prompt",
        }
        parts = [several[self.honours_choices]]
        if self.parallel_max is not None:
            parts.append(f"takes {count_of(self.parallel_max, 'request')} at once at most")
        if self.latencies:
            seconds, count = statistics.median(self.latencies), len(self.latencies)
            parts.append(f"an answer took {seconds:.1f} s (median of {count})")
        return "; ".join(parts)
