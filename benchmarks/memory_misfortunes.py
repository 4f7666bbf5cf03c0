"""What memory says when files and places are not as they should be, and that all else is kept.

python -m benchmarks.memory_misfortunes [--json FILE]
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row, arguments, show
from tests.data.misfortunes import CASES, Case, NotHere


async def run(name: str, case: Case) -> Row:
    """Raises AssertionError when anything else was lost."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            said = await case(Path(scratch))
        except NotHere as reason:
            return {"case": name, "said": f"(not tried: {reason})"}
    seconds = time.perf_counter() - started
    return {"case": name, "seconds": seconds, "all else kept": "yes", "said": said or "(nothing)"}


def main() -> None:
    options = arguments(__doc__).parse_args()
    rows = [asyncio.run(run(name, case)) for name, (case, _) in CASES.items()]
    show("Misfortunes of memory", rows, options.json)


if __name__ == "__main__":
    main()
