"""From a commit's message to the files that it changes, on a repository with a past.

What is indexed is the tree before the first commit that is asked about, and the
commits up to there are remembered as memory remembers a project's past, so that
nothing of an answer is known. A commit counts with one to five of that tree's files
and a message of four words.

    python -m benchmarks.memory_commits REPOSITORY [--commits 200] [--words] [--json FILE]
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from benchmarks.memory_quality import Baselines, WordsAlone, all_chunks
from benchmarks.table import Row, arguments, show
from lsp_server.domain.memories import ActionRecord, CodeChunk, Query
from lsp_server.embedders.minilm import MiniLmEmbedder
from lsp_server.memory.fusion import fuse_rankings
from lsp_server.memory.memory import Memory
from lsp_server.redaction.redactor import Redactor
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.session.memory.backfill import learn_commits
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace
from lsp_server.workspace.git.git_log import Commit, read_commits

READ_MAX = 6_000
FILES_MAX = 5
WORDS_MIN = 4
HITS = 60
PAST_WEIGHT = 0.25
COMMITS_MIN = 10

Ranking: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]


def in_order(paths: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(paths))


class Answers:
    """Files for a message, from one memory."""

    def __init__(self, memory: Memory, baselines: Baselines) -> None:
        self._memory = memory
        self._baselines = baselines

    async def bm25(self, message: str) -> Sequence[str]:
        return in_order([chunk.path for chunk in await self._baselines.bm25(message)])

    async def code(self, message: str) -> Sequence[str]:
        hits = await self._memory.reader.search(Query(message, ("code",), HITS))
        return in_order([hit.found.path for hit in hits if isinstance(hit.found, CodeChunk)])

    async def past(self, message: str) -> Sequence[str]:
        hits = await self._memory.reader.search(Query(message, ("action",), HITS))
        found = [hit.found.files for hit in hits if isinstance(hit.found, ActionRecord)]
        return in_order([path for paths in found for path in paths])

    async def both(self, message: str) -> Sequence[str]:
        code, past = await self.code(message), await self.past(message)
        scores = fuse_rankings([(1.0, code), (PAST_WEIGHT, past)])
        return sorted(scores, key=lambda path: -scores[path])


async def measured(method: str, ranking: Ranking, asked: Sequence[Commit]) -> Row:
    at_5 = at_10 = reciprocal = 0.0
    for commit in asked:
        found = (await ranking(f"{commit.subject}\n{commit.body}"))[:10]
        wanted = set(commit.files)
        at_5 += len(wanted & set(found[:5])) / len(wanted)
        at_10 += len(wanted & set(found)) / len(wanted)
        reciprocal += next((1 / n for n, path in enumerate(found, 1) if path in wanted), 0.0)
    figures = {"recall@5": at_5, "recall@10": at_10, "MRR@10": reciprocal}
    mean = {name: f"{value / len(asked):.3f}" for name, value in figures.items()}
    return {"method": method, "commits": len(asked), **mean}


def git(repository: Path, *command: str) -> bytes:
    done = subprocess.run(("git", "-C", str(repository), *command), check=True, capture_output=True)
    return done.stdout


async def prepared(repository: Path, clone: Path, number: int) -> tuple[list[Commit], int]:
    """The commits that are asked about; `clone` is at the state before the first of them."""
    past = await read_commits(repository, READ_MAX, HostCommandRunner())
    newest = past[: min(number, len(past) // 2)]
    git(repository, "clone", "--quiet", "--no-hardlinks", ".", str(clone))
    git(clone, "checkout", "--quiet", "--detach", f"{newest[-1].id}^")
    there = set(git(clone, "ls-files", "-z").decode().split("\0"))
    known = [
        replace(commit, files=tuple(path for path in commit.files if path in there))
        for commit in newest
    ]
    return [commit for commit in known if counts(commit)], len(past) - len(newest)


def counts(commit: Commit) -> bool:
    message = f"{commit.subject} {commit.body}".split()
    return 1 <= len(commit.files) <= FILES_MAX and len(message) >= WORDS_MIN


async def run(repository: Path, scratch: Path, number: int, *, vectors: bool) -> list[Row]:
    clone = scratch / "clone"
    asked, learned = await prepared(repository, clone, number)
    if len(asked) < COMMITS_MIN:
        raise SystemExit(f"only {len(asked)} commits of {repository} can be asked about")
    embedder = MiniLmEmbedder() if vectors else WordsAlone()
    memory = await Memory.open(
        scratch / "memory",
        Workspace(clone),
        embedder,
        MemorySettings(),
        start_process=start_unconfined,
    )
    try:
        await memory.code.index()
        commits = await read_commits(clone, READ_MAX, HostCommandRunner())
        await learn_commits(memory, commits, Redactor())
        if vectors:
            await memory.settle()
        answers = Answers(memory, Baselines(await all_chunks(memory)))
        rows = [
            await measured("plain BM25", answers.bm25, asked),
            await measured("memory, code", answers.code, asked),
            await measured("memory, past commits", answers.past, asked),
            await measured(f"code and {PAST_WEIGHT} of past commits", answers.both, asked),
        ]
    finally:
        await memory.close()
    return [{**row, "learned from": learned} for row in rows]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--words", action="store_true", help="without vectors")
    options = parser.parse_args()
    repository = options.repository.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        work = run(repository, Path(scratch), options.commits, vectors=not options.words)
        rows = asyncio.run(work)
    show(f"From commit message to files, {repository.name}", rows, options.json)


if __name__ == "__main__":
    main()
