"""When deliveries are made."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from office.calendar import add_working_days


def deliveries(first: date, every: int, times: int) -> list[date]:
    """The dates of so many deliveries, `every` months apart."""
    months = [first.year * 12 + first.month - 1 + every * number for number in range(times)]
    return [add_working_days(_day_in(first.day, *divmod(month, 12)), 0) for month in months]


def _day_in(day: int, year: int, month_before: int) -> date:
    month = month_before + 1
    return date(year, month, min(day, monthrange(year, month)[1]))
