"""A `DayBudget` bounds what evolution may spend on models in a day, over all processes and restarts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lsp_server.domain.errors import HoldfastError
from lsp_server.system.atomic_file import replace_file
from lsp_server.system.private_folder import make_private
from lsp_server.system.process_lock import ProcessLock

LOCK_SECONDS_MAX = 10.0


class BudgetSpent(HoldfastError):
    """The models of evolution have spent what a day may cost, or it cannot be seen what they spent."""


@dataclass(frozen=True, slots=True)
class Spending:
    """A `Spending` is what was taken on a day: tokens, US dollars, and seconds of waiting."""

    day: str = ""
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    def __add__(self, more: Spending) -> Spending:
        return replace(
            self,
            tokens=self.tokens + more.tokens,
            cost_usd=self.cost_usd + more.cost_usd,
            seconds=self.seconds + more.seconds,
        )

    def __sub__(self, less: Spending) -> Spending:
        return self + Spending("", -less.tokens, -less.cost_usd, -less.seconds)

    def exceeds(self, most: Spending) -> str:
        """Says which bound would be passed; empty if none is."""
        if self.tokens > most.tokens:
            return f"evolution.tokens_per_day is {most.tokens}"
        if self.cost_usd > most.cost_usd:
            return f"evolution.cost_usd_per_day is {most.cost_usd:g}"
        if self.seconds > most.seconds:
            return f"evolution.seconds_per_day is {most.seconds:g}"
        return ""


@functools.cache
def _format() -> TypeAdapter[Spending]:
    # It takes a while to make, and few starts spend anything on their own.
    return TypeAdapter(Spending)


class DayBudget:
    """A `DayBudget` is kept in the file `path`. Blocking.

    What a question may take is taken before it is asked, and what it did not need given back
    after: a process that is killed in between has spent it. `today` gives the day, such as
    `2026-01-31`.
    """

    def __init__(self, path: Path, today: Callable[[], str]) -> None:
        self._path = path
        self._today = today

    def take(self, wanted: Spending, most: Spending) -> None:
        """Takes what a question may cost. Raises BudgetSpent where the day has no room for it."""
        self._change(wanted, most)

    def settle(self, taken: Spending, spent: Spending) -> None:
        """Puts in the place of what was taken what was spent, though it may be more."""
        self._change(spent - taken, None)

    def spent(self) -> Spending:
        """Returns what was spent today. Raises BudgetSpent where that cannot be read."""
        try:
            data = self._path.read_bytes()
            known = _format().validate_json(data)
        except FileNotFoundError:
            return Spending(self._today())
        except (OSError, ValidationError) as error:
            why = f"{self._path} cannot be read; remove it once you have looked at it"
            raise BudgetSpent(f"what was spent today is not known: {why}") from error
        # A clock that goes back gives no new day.
        return known if known.day >= self._today() else Spending(self._today())

    def _change(self, change: Spending, most: Spending | None) -> None:
        try:
            make_private(self._path.parent)
            with ProcessLock(self._path.with_suffix(".lock")).waiting(LOCK_SECONDS_MAX):
                after = self.spent() + change
                if most is not None and (why := after.exceeds(most)):
                    raise BudgetSpent(f"no model is asked any more today, as {why}")
                data = _format().dump_json(_format().validate_python(asdict(after)))
                replace_file(self._path, data, private=True)
        except (OSError, TimeoutError) as error:
            raise BudgetSpent(f"what is spent cannot be kept in {self._path}: {error}") from error
