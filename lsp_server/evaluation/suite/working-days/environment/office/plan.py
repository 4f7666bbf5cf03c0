"""When deliveries are made."""

from __future__ import annotations

from datetime import date

from office.calendar import add_working_days


def deliveries(first: date, every: int, times: int) -> list[date]:
    """The dates of so many deliveries, `every` months apart."""
    found = [add_working_days(first, 0)]
    while len(found) < times:
        last = found[-1]
        month = last.month + every
        found.append(add_working_days(last.replace(year=last.year + month // 12, month=month % 12), 0))
    return found
