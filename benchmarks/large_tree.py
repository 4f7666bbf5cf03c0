"""What looking after a large tree costs: how long commands wait so that they can be undone.

A tree of small files with 240 ignore patterns. Before and after each command all files
that count are looked at; a command that makes many files has them kept. `git status`
of the same tree in the same run is the baseline, and the longest time in which the
event loop answered nothing stands beside.

    python -m benchmarks.large_tree [--files 30000] [--made 5000] [--untracked] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.table import Row, arguments, show
from lsp_server.workspace.checkpoints.checkpoints import Checkpoints
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.ignore import Ignore

FILES_PER_FOLDER = 100
PATTERNS = 240
TICK_SECONDS = 0.005


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=30_000)
    parser.add_argument("--made", type=int, default=5_000, help="files that a command makes")
    parser.add_argument("--untracked", action="store_true", help="git tracks none of them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        project = make_project(folder / "project", options.files, tracked=not options.untracked)
        rows = asyncio.run(measure(project, folder / "data", options.made))
    show(f"{options.files:,} files, {PATTERNS} patterns", rows, options.json)
    return 0


def make_project(root: Path, files: int, *, tracked: bool) -> Path:
    for number in range(files):
        group = number // FILES_PER_FOLDER
        path = root / f"part{group % 20}" / f"module{group}" / f"file{number}.py"
        if number % FILES_PER_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_text(f"value = {number}\n" * 20)
    kinds = ("*.ending{}", "/folder{}/", "name{}*part/of")
    lines = (kinds[number % 3].format(number) for number in range(PATTERNS))
    (root / ".gitignore").write_text("\n".join(lines))
    git(root, "init", "-q")
    if tracked:
        git(root, "add", ".")
    return root


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, stdout=subprocess.DEVNULL)


async def measure(root: Path, data: Path, made: int) -> list[Row]:
    workspace = Workspace(root)
    checkpoints = Checkpoints(data, workspace, Ignore(workspace))

    def make() -> None:
        (root / "made").mkdir()
        for number in range(made):
            (root / "made" / f"file{number}.txt").write_text(f"made {number}\n")

    baseline = min(seconds_of_status(root) for _ in range(3))
    rows: list[Row] = [row("git status", baseline, baseline, 0)]
    for name, effect in (
        ("first command", nothing),
        ("second command", nothing),
        ("later command", nothing),
        (f"{made:,} files made", make),
        (f"{made:,} files removed", lambda: shutil.rmtree(root / "made")),
    ):
        rows.append(await command(checkpoints, name, effect, baseline))
    return rows


async def command(
    checkpoints: Checkpoints, name: str, effect: Callable[[], object], baseline: float
) -> Row:
    """The time that a command took beside its own effect, and the longest silence of the loop."""
    with longest_pause() as pause:
        started = time.monotonic()
        async with checkpoints.record_command(lambda _: None):
            own = time.monotonic()
            await asyncio.to_thread(effect)
            own = time.monotonic() - own
        seconds = time.monotonic() - started - own
    return row(name, seconds, baseline, max(pause))


@contextmanager
def longest_pause() -> Iterator[list[float]]:
    """Fills a list with the times that the event loop took longer than it was asked to."""
    pauses = [0.0]

    async def watch() -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            pauses.append(time.monotonic() - asked - TICK_SECONDS)

    watching = asyncio.ensure_future(watch())
    try:
        yield pauses
    finally:
        watching.cancel()


def row(name: str, seconds: float, baseline: float, pause: float) -> Row:
    return {
        "what": name,
        "seconds": seconds,
        "x git status": seconds / baseline,
        "longest pause ms": pause * 1000,
        "load": os.getloadavg()[0],
    }


def seconds_of_status(root: Path) -> float:
    started = time.monotonic()
    git(root, "status", "--porcelain", "--untracked-files=all")
    return time.monotonic() - started


def nothing() -> None:
    """The effect of a command that changes no file."""


if __name__ == "__main__":
    sys.exit(main())
