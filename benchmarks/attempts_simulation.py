"""A SIMULATION of several attempts beside Max Mode, at what each of them costs.

No language model takes part. A task has 20 steps, of which a third decide: there a wrong
step loses the attempt, a wrong read costs another step. Each step is right with probability
p, and attempts err independently, which real ones do only in part. Where there are checks an
attempt that is right is found; without any, a judge names a right one with probability q
if there is one. Max Mode is the real code, as in `max_mode_simulation`. `equal tokens` is
how many attempts the price of a scheme pays for, and what these would have reached.

    python -m benchmarks.attempts_simulation [--runs 400] [--json FILE]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from benchmarks.max_mode_simulation import Cell, Outcome, Scheme, task
from benchmarks.table import Row, arguments, show

READS = 2 / 3
JUDGE = 0.8
COUNTS = (1, 3, 5)
MAX_MODE: tuple[Scheme, ...] = ("adaptive", "always")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    rows = [row for p in (0.8, 0.9, 0.95) for row in asyncio.run(measure(p, options.runs))]
    title = f"SIMULATION, {options.runs} tasks a row, 20 steps, two of three only read, q {JUDGE:g}"
    show(title, rows, options.json)
    return 0


async def measure(p: float, runs: int) -> list[Row]:
    single = await outcomes("single", p, runs * max(COUNTS))
    price_of_one = sum(one.cost for one in single) / len(single)
    rate = sum(one.succeeded for one in single) / len(single)
    rows: list[Row] = []
    for count in COUNTS:
        tries = [single[at * count : (at + 1) * count] for at in range(runs)]
        checked = sum(any(one.succeeded for one in group) for group in tries) / runs
        judged = sum(map(judge_finds, tries)) / runs
        rows.append(
            {
                "p": p,
                "scheme": f"{count} attempt{'s' * (count > 1)}",
                "price x": float(count),
                "with checks": checked,
                "judge alone": judged,
            }
        )
    for scheme in MAX_MODE:
        found = await outcomes(scheme, p, runs)
        ratio = sum(one.cost for one in found) / runs / price_of_one
        success = sum(one.succeeded for one in found) / runs
        rows.append(
            {
                "p": p,
                "scheme": f"Max Mode, {scheme}",
                "price x": ratio,
                "with checks": success,
                "judge alone": success,
                "attempts at equal tokens": 1 - (1 - rate) ** ratio,
            }
        )
    return rows


async def outcomes(scheme: Scheme, p: float, count: int) -> list[Outcome]:
    return [await task(Cell(scheme, p, JUDGE, READS), seed) for seed in range(count)]


def judge_finds(attempts: Sequence[Outcome]) -> float:
    """The chance that a judge picks one that is right."""
    right = sum(one.succeeded for one in attempts)
    if right in (0, len(attempts)):
        return float(right > 0)
    return JUDGE


if __name__ == "__main__":
    sys.exit(main())
