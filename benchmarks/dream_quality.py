"""How much of what past runs show a dream finds, and how much else it suggests.

Journals of sixty runs are planted with each seed: by the hand that wrote the rules, and by another
one. They have true knowledge, false, stale and repeated, and texts that ask to be remembered.
No model is asked.

    python -m benchmarks.dream_quality [--seeds 10]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.table import Row, arguments, show
from tests.data.dream_score import PLANTS, Score, scored


def main() -> None:
    """Prints precision and recall of each seed, and what was wrong or missed."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    scores = [
        (name, seed, _score(name, seed)) for name in PLANTS for seed in range(1, given.seeds + 1)
    ]
    show("What dreams find", [_row(*one) for one in scores], given.json)
    for name, seed, score in scores:
        for how, texts in (("wrong", score.wrong), ("missed", score.missed)):
            sys.stdout.writelines(f"{name} {seed} {how}: {one}\n" for one in texts)


def _score(name: str, seed: int) -> Score:
    with tempfile.TemporaryDirectory() as folder:
        return scored(PLANTS[name], Path(folder), seed)


def _row(name: str, seed: int, score: Score) -> Row:
    return {
        "runs of": name,
        "seed": seed,
        "planted": score.wanted,
        "right": score.right,
        "wrong": len(score.wrong),
        "precision": round(score.precision, 3),
        "recall": round(score.recall, 3),
        "injected": len(score.injected),
    }


if __name__ == "__main__":
    main()
