"""Invoices as text."""

from __future__ import annotations

from billing import money
from billing.invoice import Line, line_total, total


def render(lines: list[Line], tax_percent: int) -> str:
    """A line for each line, and the total behind them."""
    rows = [f"{line.what}: {money.shown(line_total(line))}" for line in lines]
    return "\n".join([*rows, f"total: {money.shown(total(lines, tax_percent))}"])
