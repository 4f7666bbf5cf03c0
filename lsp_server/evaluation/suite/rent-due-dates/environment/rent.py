"""When rent is due."""

from __future__ import annotations

from datetime import date, timedelta


def due_date(contract_day: int, year: int, month: int) -> date:
    """The due date in a month of a contract that began on `contract_day`."""
    try:
        return date(year, month, contract_day)
    except ValueError:
        return date(year + month // 12, month % 12 + 1, 1)


def days_until_due(contract_day: int, today: date) -> int:
    """The days from today to the next due date."""
    due = due_date(contract_day, today.year, today.month)
    if due <= today:
        due = due_date(contract_day, today.year + today.month // 12, today.month % 12 + 1)
    return (due - today - timedelta(days=1)).days
