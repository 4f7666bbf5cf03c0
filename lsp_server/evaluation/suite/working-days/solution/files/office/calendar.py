"""Which days are working days."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache


def easter(year: int) -> date:
    """Easter Sunday, by the algorithm of Meeus, Jones and Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def _holidays(year: int) -> tuple[date, ...]:
    sunday = easter(year)
    fixed = [(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)]
    days = [sunday - timedelta(days=2), sunday + timedelta(days=1)]
    return tuple(sorted([*(date(year, month, day) for month, day in fixed), *days]))


def holidays(year: int) -> list[date]:
    """The holidays of a year, in order."""
    return list(_holidays(year))


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays(day.year)


def add_working_days(start: date, count: int) -> date:
    """The working day that is so many working days later, or earlier for a negative count."""
    day, step = start, timedelta(days=-1 if count < 0 else 1)
    if count >= 0:
        while not is_working_day(day):
            day += step
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def working_days_between(start: date, end: date) -> int:
    """The number of working days from start on and before end; negative if end is before start."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range((end - start).days))
