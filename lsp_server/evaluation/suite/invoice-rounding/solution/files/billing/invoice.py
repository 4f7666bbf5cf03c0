"""Invoices and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass

from billing import money


@dataclass(frozen=True)
class Line:
    what: str
    quantity: int
    price: str
    discount_percent: int = 0


def line_total(line: Line) -> int:
    """What a line costs, in cents."""
    full = line.quantity * money.parse(line.price)
    return money.percent_of(full, 100 - line.discount_percent)


def total(lines: list[Line], tax_percent: int) -> int:
    """What the whole invoice costs with tax, in cents."""
    net = sum(line_total(line) for line in lines)
    return net + money.percent_of(net, tax_percent)
