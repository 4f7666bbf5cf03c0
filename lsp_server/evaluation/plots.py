"""This module draws the plots of a report as SVG; colours and fonts are those of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from lsp_server.evaluation.summary import Estimate

WIDTH, BAR_WIDTH = 460, 700
ROW = 34
LABEL, VALUE = 92, 76
"""What labels on the left and values on the right take."""
TICKS = 4


@dataclass(frozen=True, slots=True)
class PlotRow:
    """A `PlotRow` is one line of a plot of intervals; `text` stands at its end."""

    label: str
    estimate: Estimate
    text: str


@dataclass(frozen=True, slots=True)
class BarRow:
    """A `BarRow` is one bar of parts, of which each is a class of the page and a count."""

    label: str
    parts: Sequence[tuple[str, int]]
    text: str


def interval_plot(
    title: str,
    rows: Sequence[PlotRow],
    written: Callable[[float | None], str],
    end: float | None = None,
) -> str:
    """Draws a dot with its interval for each row, from 0 to `end` or to what the rows need."""
    end = end or _nice_end(rows)
    scale = _Scale(end)
    parts = [*_axis(scale, len(rows), written)]
    for number, row in enumerate(rows):
        parts += _row(row, scale, number)
    return _svg(title, WIDTH, len(rows) * ROW + 28, parts)


def bar_plot(title: str, rows: Sequence[BarRow]) -> str:
    """Draws a bar of parts for each row; all bars are as long as their counts say."""
    end = max((sum(count for _, count in row.parts) for row in rows), default=0) or 1
    scale = _Scale(float(end), BAR_WIDTH)
    parts: list[str] = []
    for number, row in enumerate(rows):
        middle, at = _middle(number), 0.0
        parts.append(_label(row.label, middle))
        for kind, count in row.parts:
            if count:
                x, width = scale.at(at), scale.at(at + count) - scale.at(at)
                parts.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{middle - 8}" '
                    f'width="{max(1.0, width - 1):.1f}" height="16" rx="2"/>'
                )
            at += count
        parts.append(_value(row.text, middle, BAR_WIDTH))
    return _svg(title, BAR_WIDTH, len(rows) * ROW + 8, parts)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values lie between the labels and the numbers at the end."""

    end: float
    width: int = WIDTH

    def at(self, value: float) -> float:
        share = min(1.0, max(0.0, value / self.end))
        return LABEL + share * (self.width - LABEL - VALUE)


def _nice_end(rows: Sequence[PlotRow]) -> float:
    """A round number that no row exceeds by far; an interval without end is cut."""
    values = [one.estimate.interval.high or one.estimate.value or 0.0 for one in rows]
    most = max(values, default=0.0) or 1.0
    step = math.pow(10, math.floor(math.log10(most)))
    return next(step * factor for factor in (1, 2, 4, 5, 10) if step * factor >= most)


def _axis(scale: _Scale, rows: int, written: Callable[[float | None], str]) -> Iterator[str]:
    bottom = rows * ROW + 4
    for number in range(TICKS + 1):
        value = scale.end * number / TICKS
        x = scale.at(value)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{escape(written(value))}</text>'


def _row(row: PlotRow, scale: _Scale, number: int) -> Iterator[str]:
    middle, found = _middle(number), row.estimate
    yield _label(row.label, middle)
    if found.value is not None:
        low, high = found.interval.low, found.interval.high
        if low is not None or high is not None:
            start, end = scale.at(low or 0.0), scale.at(scale.end if high is None else high)
            yield f'<line class="whisker" x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"/>'
        yield f'<circle class="dot" cx="{scale.at(found.value):.1f}" cy="{middle}" r="5"/>'
    yield _value(row.text, middle)


def _middle(number: int) -> int:
    return number * ROW + ROW // 2 + 4


def _label(text: str, middle: int) -> str:
    return f'<text class="label" x="{LABEL - 14}" y="{middle + 4}">{escape(text)}</text>'


def _value(text: str, middle: int, width: int = WIDTH) -> str:
    return f'<text class="value" x="{width}" y="{middle + 4}">{escape(text)}</text>'


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
