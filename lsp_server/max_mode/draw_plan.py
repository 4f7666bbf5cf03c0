"""This module decides how many candidates a step draws, and when it has enough of them.

Where an endpoint gives several answers to one request, candidates share the price of the
prompt, and more of them are drawn. Where each pays for it again, most steps do with one:
a step that only looks can be corrected by the next one, a change often cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.domain.candidates import DrawStrategy
from lsp_server.max_mode.dry_runner import DryRunGroup

COMPARED_MIN = 2
"""The fewest candidates that can differ. Where each pays for the prompt again there are no more
while one of them can work: another costs about as much as the judge who decides between two."""


@dataclass(frozen=True, slots=True)
class DrawPlan:
    """A `DrawPlan` says how one step is drawn.

    `samples` is how many candidates there may be, and `first_draw` how many come first.
    `shares_prompt` says whether candidates share the price of the prompt.

    >>> plan = DrawPlan("gated", samples=5, first_draw=3, shares_prompt=False)
    >>> plan.waves(healthy=True, agreed=True)
    [1, 2, 5]
    """

    strategy: DrawStrategy
    samples: int
    first_draw: int
    shares_prompt: bool

    def waves(self, *, healthy: bool, agreed: bool) -> list[int]:
        """Returns how many candidates there shall be after each wave.

        `healthy` says whether the last step went well. After a step on which the candidates
        did not agree (`agreed`), all are drawn at once where they share the prompt: a second
        wave would probably follow anyway, and reads the prompt once more.
        """
        waves = {self.samples}
        if self._is_frugal:
            waves.add(COMPARED_MIN)
        elif self.strategy != "always" and agreed:
            waves.add(self.first_draw)
        if self.strategy == "gated" and healthy:
            waves.add(1)
        return sorted({min(wave, self.samples) for wave in waves})

    def has_enough(self, groups: Sequence[DryRunGroup], wanted: int) -> bool:
        """Says whether no more are drawn after a wave of `wanted` that fell into `groups`."""
        if self._is_settled(groups, wanted):
            return True
        able = any(not group.dry_run.problem for group in groups)
        return self._is_frugal and able and wanted >= COMPARED_MIN

    def is_majority(self, group: DryRunGroup, drawn: int) -> bool:
        """Says whether enough of the `drawn` candidates would do the same to do without a judge.

        That is more than half of all that may be drawn, or of those that were where more
        are not; with the strategy `always` the judge decides all the same.
        """
        of = drawn if self._is_frugal else self.samples
        size = len(group.candidates)
        return self.strategy != "always" and size > 1 and size * 2 > of

    @property
    def _is_frugal(self) -> bool:
        """Says whether to do with fewer candidates, as each pays for the prompt again."""
        return self.strategy == "gated" and not self.shares_prompt

    def _is_settled(self, groups: Sequence[DryRunGroup], wanted: int) -> bool:
        """Says whether nothing is left to choose: all agree, or the gate lets the only one pass."""
        if len(groups) != 1 or groups[0].dry_run.problem:
            return False
        if len(groups[0].candidates) == 1 < self.samples:
            return wanted == 1 and groups[0].dry_run.only_looks
        return True
