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


def line_total(line: Line) -> float:
    """What a line costs."""
    full = line.quantity * money.parse(line.price)
    return full - money.percent_of(full, line.discount_percent)


def total(lines: list[Line], tax_percent: int) -> float:
    """What the whole invoice costs, with tax."""
    net = sum(line_total(line) for line in lines)
    return net + money.percent_of(net, tax_percent)
