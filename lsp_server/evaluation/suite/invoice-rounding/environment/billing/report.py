"""Invoices as text."""

from __future__ import annotations

from billing.invoice import Line, line_total, total


def render(lines: list[Line], tax_percent: int) -> str:
    """A line for each line, and the total behind them."""
    rows = [f"{line.what}: {line_total(line)}" for line in lines]
    return "\n".join([*rows, f"total: {total(lines, tax_percent)}"])
