"""The arithmetic of a company's base: bytes, requests and dollars, from measured costs of one unit.

The units are what the other benchmarks of a team's memory print; give newer ones with `--units FILE`,
a JSON object with names of `Units`. Prices are assumptions, those of large object stores and of
machines that are rented by the hour.

    python -m benchmarks.team_memory_arithmetic [--files 1000000] [--pieces 100000000] [--readers 10000]
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Row, arguments, show

DAYS = 22
"""Working days of a month."""
QUERIES_A_DAY = 200
"""Of one reader."""
OPENED_A_DAY = 4
CHANGED_SHARE = 0.01
"""The share of files that a day's build reads."""
RATE_SECONDS = 8 * 3_600


@dataclass(frozen=True, slots=True)
class Units:
    """What one unit costs, as measured, indexes included.

    The vectors have 384 numbers of two bytes, as the shipped model's have; those that were measured
    had 512.
    """

    piece_bytes: float = 1_268.0
    vector_bytes: float = 1_387.0 - 128 * (2 + 4 / 8)
    words_index_bytes: float = 147.0
    vector_index_bytes: float = 281 * 384 / 512
    open_requests: float = 320 - 24
    open_bytes: float = 45.2e6 - 2.0e6
    copy_requests: float = 67.0
    copy_bytes: float = 59.7e6
    """Of a repository of 6,468 pieces in a base of 246,805."""
    copied_open_requests: float = 17.0
    copied_open_bytes: float = 47e3
    query_requests: float = 24.0
    query_bytes: float = 2.0e6
    embed_cpu_seconds: float = 1 / 60
    saved_share: float = 0.069


@dataclass(frozen=True, slots=True)
class Prices:
    """Assumptions, in US dollars."""

    gigabyte_month: float = 0.023
    thousand_reads: float = 0.0004
    gigabyte_out: float = 0.0
    """Within a region; 0.09 to the internet."""
    cpu_hour: float = 0.04


def rows_of(units: Units, prices: Prices, files: int, pieces: int, readers: int) -> list[Row]:
    stored = pieces * (units.piece_bytes + units.vector_bytes) / 1e9
    words, vectors = (
        pieces * one / 1e9 for one in (units.words_index_bytes, units.vector_index_bytes)
    )
    queries, opened = readers * QUERIES_A_DAY, readers * OPENED_A_DAY
    requests = queries * units.query_requests + opened * units.open_requests
    sent = queries * units.query_bytes + opened * units.open_bytes
    kept = readers * units.copy_requests + opened * units.copied_open_requests
    kept_sent = readers * units.copy_bytes + opened * units.copied_open_bytes
    cpu = pieces * (1 - units.saved_share) * units.embed_cpu_seconds
    day = cpu * CHANGED_SHARE
    hour = prices.cpu_hour / 3_600
    return [
        line("files in the base", files, "files"),
        line("one version of the base", stored, "GB", stored * prices.gigabyte_month),
        line("of it the index of words", words, "GB"),
        line("of it the index of vectors", vectors, "GB"),
        line("requests a day", requests, "reads", requests * DAYS / 1e3 * prices.thousand_reads),
        line("requests, evenly in eight hours", requests / RATE_SECONDS, "reads/s"),
        line("sent a day", sent / 1e9, "GB", sent * DAYS / 1e9 * prices.gigabyte_out),
        line("with copies, requests a day", kept, "reads", kept * DAYS / 1e3 * prices.thousand_reads),
        line("with copies, sent a day", kept_sent / 1e9, "GB", kept_sent * DAYS / 1e9 * prices.gigabyte_out),
        line("first build", cpu / 3_600, "processor hours", cpu * hour),
        line("a build each day", day / 3_600, "processor hours", day * DAYS * hour),
        line("a million pieces", cpu / pieces * 1e6 / 3_600, "processor hours", cpu / pieces * 1e6 * hour),
    ]  # fmt: skip


def line(what: str, amount: float, unit: str, dollars: float | None = None) -> Row:
    return {"what": what, "amount": float(amount), "unit": unit, "dollars (a month)": dollars}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=10**6)
    parser.add_argument("--pieces", type=int, default=10**8)
    parser.add_argument("--readers", type=int, default=10**4)
    parser.add_argument("--units", type=Path)
    options = parser.parse_args()
    units = Units(**json.loads(options.units.read_text())) if options.units else Units()
    rows = rows_of(units, Prices(), options.files, options.pieces, options.readers)
    show("A company's base", rows, options.json)


if __name__ == "__main__":
    main()
