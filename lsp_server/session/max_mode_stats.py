"""This module counts what Max Mode did in a run, for the doctor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lsp_server.domain.events import CandidatesJudged, Event, JudgeFellBack, ModelAnswered
from lsp_server.domain.messages import Usage
from lsp_server.text.count import count_of


@dataclass(slots=True)
class MaxModeStats:
    """`MaxModeStats` are the totals of one run.

    `chosen` counts steps by what chose the winner. `answers` is what the winners alone
    cost, `billed` what was paid for all candidates and the judge.
    """

    chosen: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    failed: int = 0
    fell_back: int = 0
    answers: Usage = Usage()
    billed: Usage = Usage()

    def describe(self) -> str:
        """Returns one line for a person; empty for a run without Max Mode."""
        if not self.chosen:
            return ""
        by = ", ".join(f"{way} {count}" for way, count in self.chosen.most_common())
        total, own = self.billed.total_tokens, self.answers.total_tokens
        drawn = count_of(self.candidates, "candidate")
        parts = [
            f"steps chosen: {self.chosen.total()} of {drawn} (by {by})",
            f"candidates that did not come: {self.failed}" if self.failed else "",
            f"steps that the judge did not decide: {self.fell_back}" if self.fell_back else "",
            f"tokens billed: {total:,}, of which the chosen answers took {own:,}",
        ]
        return "; ".join(filter(None, parts))


def max_mode_stats(events: Iterable[Event]) -> MaxModeStats:
    """Counts over all Events of a run."""
    stats = MaxModeStats()
    for event in events:
        match event:
            case CandidatesJudged(by=by, drawn=candidates, failures=failures):
                stats.chosen[by] += 1
                stats.candidates += candidates
                stats.failed += len(failures)
            case JudgeFellBack(rung="asked again"):
                stats.fell_back += 1
            case ModelAnswered(usage=usage, billed=billed):
                stats.answers += usage
                stats.billed += billed
            case _:
                pass
    return stats
