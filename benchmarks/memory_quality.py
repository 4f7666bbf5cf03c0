"""How well memory finds code: docstrings asked of functions that lost them.

The functions of the standard library lose their docstrings and are indexed as they
stand in their files. The first sentence of a public function's docstring is the
question; what counts is the rank of the first hit that shows lines of the function.
`--words` leaves vectors out, which takes seconds instead of ten minutes.

    python -m benchmarks.memory_quality [--queries 1000] [--words] [--json FILE]
"""

from __future__ import annotations

import ast
import asyncio
import random
import re
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Row, arguments, show
from lsp_server.domain.errors import ModelUnavailable
from lsp_server.domain.memories import CodeChunk, Query
from lsp_server.embedders.minilm import MiniLm
from lsp_server.memory.memory import Memory
from lsp_server.settings import MemorySettings
from lsp_server.workspace.paths import Workspace

RANKS = 10
SKIPPED = ("test", "tests", "idlelib", "lib2to3", "site-packages", "encodings", "turtledemo")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where its answer stands after the docstrings are gone."""

    question: str
    path: str
    start_line: int
    end_line: int


def stripped(source: str, path: str) -> tuple[str, list[Asked]]:
    """The source without the docstrings of its functions, and the questions they were."""
    lines = source.splitlines(keepends=True)
    gone: set[int] = set()
    found: list[tuple[str, int, int]] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.end_lineno:
            continue
        docstring = ast.get_docstring(node)
        body = node.body[0]
        if not docstring or len(node.body) < 2 or not body.end_lineno:
            continue
        gone |= set(range(body.lineno, body.end_lineno + 1))
        question = re.split(r"(?<=[.!?])\s|\n\n", docstring.strip())[0].replace("\n", " ").strip()
        public = not node.name.startswith("_")
        if public and 4 <= len(question.split()) <= 40:
            found.append((question, node.lineno, node.end_lineno))
    kept = [0] * (len(lines) + 2)
    for number in range(1, len(lines) + 1):
        kept[number] = kept[number - 1] + (number not in gone)
    text = "".join(line for number, line in enumerate(lines, 1) if number not in gone)
    asked = [Asked(q, path, kept[first], kept[last]) for q, first, last in found]
    return text, asked


def library() -> Iterator[tuple[str, str]]:
    """Paths and sources of the standard library."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root)
        if not set(relative.parts[:-1]) & set(SKIPPED):
            yield relative.as_posix(), file.read_text("utf-8", "replace")


def make_workspace(root: Path) -> list[Asked]:
    asked: list[Asked] = []
    for path, source in library():
        try:
            text, questions = stripped(source, path)
        except (SyntaxError, ValueError):
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
        asked += questions
    return asked


async def rank(memory: Memory, asked: Asked) -> int | None:
    hits = await memory.search(Query(asked.question, kinds=("code",), limit=RANKS))
    for place, hit in enumerate(hits, start=1):
        chunk = hit.found
        assert isinstance(chunk, CodeChunk)
        overlaps = chunk.start_line <= asked.end_line and chunk.end_line >= asked.start_line
        if chunk.path == asked.path and overlaps:
            return place
    return None


async def measured(memory: Memory, method: str, asked: Sequence[Asked]) -> Row:
    started = time.perf_counter()
    ranks = [await rank(memory, one) for one in asked]
    seconds = time.perf_counter() - started
    found = [place for place in ranks if place is not None]
    return {
        "method": method,
        "chunks": memory.status().chunks,
        "queries": len(asked),
        "MRR@10": sum(1 / place for place in found) / len(asked),
        "R@1": found.count(1) / len(asked),
        "R@10": len(found) / len(asked),
        "ms a query": seconds / len(asked) * 1e3,
    }


async def run(queries: int, *, vectors: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "workspace"
        root.mkdir()
        asked = make_workspace(root)
        counts = Counter(one.question for one in asked)
        unique = [one for one in asked if counts[one.question] == 1]
        chosen = random.Random(1).sample(unique, min(queries, len(unique)))
        rows: list[Row] = []
        folder, workspace, settings = Path(scratch) / "memory", Workspace(root), MemorySettings()
        memory = await Memory.open(folder, workspace, WordsAlone(), settings)
        await memory.index()
        rows.append(await measured(memory, "words", chosen))
        await memory.close()
        if vectors:
            memory = await Memory.open(folder, workspace, MiniLm(), settings)
            started = time.perf_counter()
            await memory.index()
            await memory.settled()
            seconds = time.perf_counter() - started
            row = await measured(memory, "words and vectors", chosen)
            rows.append({**row, "vectors a second": memory.status().chunks / seconds})
            await memory.close()
        return rows


class WordsAlone:
    """An embedder that is never there."""

    dimension = 0
    fingerprint = "none"

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise ModelUnavailable(f"{len(texts)} texts stay without a vector")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--words", action="store_true", help="without vectors")
    options = parser.parse_args()
    rows = asyncio.run(run(options.queries, vectors=not options.words))
    show("From docstring to function, standard library", rows, options.json)


if __name__ == "__main__":
    main()
