"""What Holdfast takes when nothing happens: the installed environment, and a server with a project indexed.

The environment is what a plain `pip install holdfast` brings, by the files that its packages
say they have. The server reads a project of so many files of the standard library, is let
alone until nothing is left to index, and is weighed with all processes below it. With
`--embedder hashing` no model of vectors is loaded.

    python -m benchmarks.footprint [--files 5000] [--embedder minilm] [--json FILE]
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import psutil
from packaging.requirements import Requirement

from benchmarks import clients
from benchmarks.sources import files, standard_library
from benchmarks.startup import Server, tree_mb
from benchmarks.table import Row, arguments, show

INDEX_SECONDS_MAX = 1_800.0
LOOK_SECONDS = 5.0
"""Until then the index may not have begun."""
CALM_SECONDS = 90.0
"""After the index, until what idles has given back what it can."""
SHOWN_MAX = 8


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--embedder", default="minilm")
    options = parser.parse_args()
    machine = (
        f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    show(f"an installed environment; {machine}", environment())
    with tempfile.TemporaryDirectory() as temporary:
        rows = server(Path(temporary), options.files, options.embedder)
    show(
        f"a server with {options.files} files, embedder {options.embedder}; {machine}",
        rows,
        options.json,
    )
    return 0


def environment() -> list[Row]:
    """The largest packages of an environment, and all of them."""
    sizes = {one.name: size(one) for one in closure("holdfast").values()}
    largest = sorted(sizes.items(), key=lambda each: -each[1])[:SHOWN_MAX]
    rows: list[Row] = [{"package": f"all {len(sizes)} packages", "MB": sum(sizes.values()) / 1e6}]
    for name, bytes_ in largest:
        rows.append({"package": name, "MB": bytes_ / 1e6})
    return rows


def closure(name: str) -> dict[str, Distribution]:
    """A package and all that it needs here, without extras that nobody asks for."""
    found: dict[str, Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset())]
    while waiting:
        wanted, extras = waiting.pop()
        key = re.sub(r"[-_.]+", "-", wanted).lower()
        try:
            one = found.setdefault(key, distribution(wanted))
        except PackageNotFoundError:
            continue
        for line in one.requires or ():
            needed = Requirement(line)
            holds = any(
                needed.marker is None or needed.marker.evaluate({"extra": extra})
                for extra in ("", *extras)
            )
            known = re.sub(r"[-_.]+", "-", needed.name).lower() in found
            if holds and not (known and not needed.extras):
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def size(one: Distribution) -> int:
    """The bytes of a package's files; of one that is installed from a checkout those of its sources."""
    paths = [Path(str(one.locate_file(each))) for each in one.files or ()]
    if one.name == "holdfast":
        paths = [*(Path(__file__).parents[1] / "lsp_server").rglob("*")]
    there = (path for path in paths if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in there)


def server(folder: Path, count: int, embedder: str, tree: Path = clients.OURS) -> list[Row]:
    """Weighs a server once its project is indexed."""
    project = make_project(folder / "project", count)
    settings = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": embedder}
    with Server(project, folder / "data", settings, tree=tree) as one:
        one.initialize()
        one.notify("initialized", {})
        started = time.monotonic()
        while time.monotonic() - started < INDEX_SECONDS_MAX:
            reply = one.command("holdfast.status")
            if reply["state"] == "idle" and time.monotonic() - started > LOOK_SECONDS:
                break
            time.sleep(1)
        seconds = time.monotonic() - started
        peak = tree_mb(one.process.pid)
        time.sleep(CALM_SECONDS)
        found = processes(one.process.pid)
    total = {
        "process": "all",
        "RSS MB": sum(mb for _, mb, _ in found),
        "own MB": sum(own for _, _, own in found),
        "index s": seconds,
        "at its end MB": peak,
    }
    rows: list[Row] = [total]
    for name, mb, own in found:
        rows.append({"process": name, "RSS MB": mb, "own MB": own})
    return rows


def make_project(folder: Path, count: int) -> Path:
    """So many files of the standard library, copied once more where there are fewer."""
    sources = list(files(standard_library(), (".py",), ("test", "site-packages")))
    for number in range(count):
        source = sources[number % len(sources)]
        target = folder / str(number // len(sources)) / source.relative_to(standard_library())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def processes(pid: int) -> list[tuple[str, float, float]]:
    """Name, megabytes held and those held alone of each process below, the heaviest first."""
    found: list[tuple[str, float, float]] = []
    root = psutil.Process(pid)
    for each in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):  # It may end meanwhile.
            line = [*each.cmdline(), each.name()]
            name = "server" if each == root else " ".join(Path(word).name for word in line[:3])
            memory: Any = each.memory_full_info()
            found.append((name[:40], memory.rss / 1e6, memory.uss / 1e6))
    return sorted(found, key=lambda each: -each[1])


if __name__ == "__main__":
    sys.exit(main())
