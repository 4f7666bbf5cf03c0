"""Which days are working days."""

from __future__ import annotations

from datetime import date, timedelta


def holidays(year: int) -> list[date]:
    """The holidays of a year, in order."""
    return [date(year, 1, 1), date(year, 5, 1), date(year, 10, 3), date(year, 12, 25), date(year, 12, 26)]


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def add_working_days(start: date, count: int) -> date:
    """The working day that is so many working days later."""
    day = start
    for _ in range(count):
        day += timedelta(days=1)
        if not is_working_day(day):
            day += timedelta(days=1)
    return day


def working_days_between(start: date, end: date) -> int:
    """The number of working days from start on and before end."""
    return sum(is_working_day(start + timedelta(days=n)) for n in range((end - start).days))
