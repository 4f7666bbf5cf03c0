"""How many planted secrets are found, how often code is taken for one, and how fast.

The false alarms are counted in the standard library, its tests included, and in
well documented packages; each is a value that somebody would miss. Hostile texts must
take time in proportion to their length: twice as long, about twice the time.

    python -m benchmarks.secrets [--planted 6000] [--show] [--json FILE]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.sources import DOCUMENTED, SourceMissing, files, python_package, standard_library
from benchmarks.table import Row, arguments, show
from lsp_server.redaction.secrets import redact
from tests.data.hostile import HOSTILE, hostile
from tests.data.issued import TEMPLATES, issued
from tests.data.planted import KINDS, Planted, planted

WRAPPINGS: dict[str, Callable[[str], str]] = {
    "as written": str,
    "in JSON": lambda text: json.dumps({"content": text}),
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"content": text})),
    "in a diff": lambda text: "+" + text.replace("\n", "\n+"),
    "after a path and line": lambda text: f"src/a.py:12:{text}",
}


HOSTILE_CHARS = 300_000
SLOWEST = 12


def passed(secrets: list[Planted], kinds: int) -> Iterator[Row]:
    """Planted secrets that come through, by how their lines are quoted."""
    for name, wrap in WRAPPINGS.items():
        missed = [one for one in secrets if one.text in redact(wrap(one.line)).text]
        yield {"planted": name, "kinds": kinds, "number": len(secrets), "not found": len(missed)}


def slowest() -> list[Row]:
    """The hostile texts that take longest, and how much longer twice as much of them takes."""
    rows = [_hostile_row(name) for name in HOSTILE]
    return sorted(rows, key=lambda row: -float(row["s/MB"] or 0))[:SLOWEST]


def _hostile_row(name: str) -> Row:
    once, twice = (_seconds(hostile(name, chars)) for chars in (HOSTILE_CHARS, 2 * HOSTILE_CHARS))
    return {"hostile": name, "s/MB": once / HOSTILE_CHARS * 1e6, "twice as long": twice / once}


def _seconds(text: str) -> float:
    started = time.process_time()
    redact(text)
    return time.process_time() - started


def alarms(name: str, folder: Path, *, told: bool) -> Row:
    texts = {
        path: path.read_text("utf-8", "replace")
        for path in files(folder, (".py",), ("site-packages",))
    }
    started = time.process_time()
    found = {path: redacted for path, text in texts.items() if (redacted := redact(text)).count}
    seconds = time.process_time() - started
    megabytes = sum(map(len, texts.values())) / 1e6
    for path, redacted in found.items() if told else ():
        for line in redacted.text.splitlines():
            if "\u2039redacted:" in line:
                sys.stderr.write(f"{path}: {line.strip()[:120]}\n")
    return {
        "source": name,
        "MB": megabytes,
        "alarms": sum(redacted.count for redacted in found.values()),
        "MB/cpu-s": megabytes / seconds,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--planted", type=int, default=6_000)
    parser.add_argument("--show", action="store_true", help="each line that is taken for a secret")
    options = parser.parse_args()
    show("Planted secrets", list(passed(planted(options.planted), len(KINDS))))
    rounds = [one for seed in range(20) for one in issued(seed)]
    show("Secrets of services", list(passed(rounds, len(TEMPLATES))))
    show("Hostile texts", slowest())
    rows = [alarms("Python's library", standard_library(), told=options.show)]
    for requirement in DOCUMENTED:
        try:
            rows.append(alarms(requirement, python_package(requirement), told=options.show))
        except SourceMissing as error:
            rows.append({"source": f"{requirement} ({error})"})
    show("False alarms", rows, options.json)


if __name__ == "__main__":
    main()
