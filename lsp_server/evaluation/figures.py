"""This module writes figures as people read them; what is unknown is a dash."""

from __future__ import annotations

from collections.abc import Callable

from lsp_server.evaluation.statistics import Interval
from lsp_server.evaluation.summary import Estimate

UNKNOWN = "\N{EN DASH}"


def percent(value: float | None) -> str:
    """Writes a share.

    >>> percent(0.853)
    '85 %'
    """
    return UNKNOWN if value is None else f"{100 * value:.0f} %"


def dollars(value: float | None) -> str:
    """Writes an amount with as many digits as say something.

    >>> dollars(1234.5), dollars(0.01234), dollars(0.0)
    ('$1,234', '$0.0123', '$0')
    """
    if value is None:
        return UNKNOWN
    if value == 0:
        return "$0"
    return (
        f"${value:,.0f}" if value >= 100 else f"${value:,.2f}" if value >= 1 else f"${value:#.3g}"
    )


def count(value: float | None) -> str:
    """Writes a number with its thousands, above a million with three digits.

    >>> count(12345), count(1234567)
    ('12,345', '1.23 M')
    """
    if value is None:
        return UNKNOWN
    return f"{value / 1e6:.3g} M" if value >= 1e6 else f"{value:,.0f}"


def seconds(value: float) -> str:
    """Writes a time.

    >>> seconds(0.31), seconds(75.2)
    ('0.3 s', '75 s')
    """
    return f"{value:.1f} s" if value < 10 else f"{value:,.0f} s"


def interval(found: Interval, written: Callable[[float | None], str]) -> str:
    """Writes an interval, as in `80 % to 90 %`; empty where there is none.

    >>> interval(Interval(0.5, None), percent)
    '50 % or more'
    """
    match found:
        case Interval(None, None):
            return ""
        case Interval(low, None):
            return f"{written(low)} or more"
        case _:
            return f"{written(found.low)} to {written(found.high)}"


def estimate(found: Estimate, written: Callable[[float | None], str]) -> str:
    """Writes a value with its interval behind it."""
    text = interval(found.interval, written)
    return written(found.value) + (f" ({text})" if text and found.value is not None else "")


def probability(p: float) -> str:
    """Writes a p.

    >>> probability(0.03125), probability(0.00001)
    ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
