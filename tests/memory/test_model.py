"""Files change in every way there is; the tables follow, as a fresh index would have them."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.indexing import IndexProgress
from lsp_server.memory.memory import Memory
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from tests.memory.expected import fresh, fresh_files, missing_vectors, stored, stored_files
from tests.sampling import sampled

T = TypeVar("T")

SECONDS_MAX = 60.0
PATHS = st.sampled_from(
    ["a.py", "b.ts", "pkg/a.py", "pkg/deep/c.go", "pkg/deep/d.md", "docs/e.md", "pkg/语.py", ".env"]
)
FOLDERS = st.sampled_from(["pkg", "pkg/deep", "docs", "moved"])
NAMES = st.sampled_from(["load", "save", "merge", "parse"])
TEXTS = st.lists(st.tuples(NAMES, st.integers(0, 3), st.sampled_from([1, 30])), max_size=4).map(
    lambda parts: "\n\n".join(
        f"def {name}_{number}(value):\n" + "    value = compute(value)  # some work\n" * lines
        for name, number, lines in parts
    )
)
RULES = st.lists(
    st.sampled_from(["*.md", "!e.md", "deep/", "pkg/**", "!pkg/a.py", "a.py", "/docs/", "# note"]),
    max_size=3,
).map("\n".join)


class Workshop(RuleBasedStateMachine):
    """One workspace with its memory; `hints` are the paths that an editor would name."""

    def __init__(self) -> None:
        super().__init__()
        self._scratch = Path(tempfile.mkdtemp())
        self._root = self._scratch / "workspace"
        self._root.mkdir()
        self._runner = asyncio.Runner()
        self._hints: set[Path] = set()
        self._branches: list[Path] = []
        self._memory = self._wait(self._opened())

    @initialize(text=TEXTS)
    def begin(self, text: str) -> None:
        self.write("pkg/a.py", text)
        self.commit()

    @rule(path=PATHS, text=TEXTS)
    def write(self, path: str, text: str) -> None:
        file = self._root / path
        if file.is_dir() or not self._make_room(file):
            return
        file.write_text(text, "utf-8")
        self._hints.add(file)

    @rule(path=PATHS)
    def touch(self, path: str) -> None:
        with suppress(OSError):
            (self._root / path).touch(exist_ok=False)
            self._hints.add(self._root / path)

    @rule(path=PATHS)
    def delete(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)
        self._hints.add(self._root / path)

    @rule(path=PATHS, to=PATHS)
    def rename(self, path: str, to: str) -> None:
        file, other = self._root / path, self._root / to
        if file.is_file() and self._make_room(other):
            file.rename(other)
            self._hints |= {file, other}

    @rule(folder=FOLDERS, to=FOLDERS)
    def move(self, folder: str, to: str) -> None:
        source, other = self._root / folder, self._root / to
        if source.is_dir() and not other.exists() and source not in other.parents:
            other.parent.mkdir(parents=True, exist_ok=True)
            source.rename(other)
            self._hints |= {source, other}

    @rule(folder=FOLDERS, name=st.sampled_from([".gitignore", ".holdfastignore"]), text=RULES)
    def ignore(self, folder: str, name: str, text: str) -> None:
        place = self._root / folder
        file = (place if place.is_dir() else self._root) / name
        file.write_text(text, "utf-8")
        self._hints.add(file)

    @rule()
    def commit(self) -> None:
        """Keeps the tree as a branch."""
        kept = self._scratch / f"branch{len(self._branches)}"
        shutil.copytree(self._root, kept)
        self._branches.append(kept)

    @precondition(lambda self: self._branches)
    @rule(number=st.integers(0, 3))
    def switch(self, number: int) -> None:
        """The tree of a branch; nobody names what changed."""
        branch = self._branches[number % len(self._branches)]
        for entry in self._root.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(branch, self._root, dirs_exist_ok=True)
        self._hints.clear()
        self._wait(self._memory.code.index())

    @rule()
    def kill_workers(self) -> None:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # It may have ended by itself.
                if "lsp_server.memory" in process.cmdline():
                    process.send_signal(signal.SIGKILL)

    @rule()
    def kill_workers_at_work(self) -> None:
        """While an index run needs them."""

        async def work() -> None:
            running = asyncio.create_task(self._memory.code.index())
            await asyncio.sleep(0)
            self.kill_workers()
            await running

        self._hints.clear()
        self._wait(work())

    @rule()
    def cancel(self) -> None:
        """An index run is given up on its way."""
        running: asyncio.Task[object]

        def give_up(_: IndexProgress) -> None:
            running.cancel()

        async def work() -> None:
            nonlocal running
            running = asyncio.create_task(self._memory.code.index(give_up))
            with suppress(asyncio.CancelledError):
                await running

        self._wait(work())

    @rule()
    def reopen(self) -> None:
        """What changed while nothing ran is found."""
        self._wait(self._memory.close())
        self._memory = self._wait(self._opened())
        self._hints.clear()
        self._wait(self._memory.code.index())

    @rule(named=st.booleans())
    def compare(self, named: bool) -> None:
        self._wait(self._compared(named))

    def teardown(self) -> None:
        self._wait(self._compared(named=False))
        self._wait(self._memory.close())
        self._runner.close()
        shutil.rmtree(self._scratch)

    async def _compared(self, named: bool) -> None:
        """Brought up by the paths that changed, or by a walk, the tables hold what they should."""
        if named:
            self._memory.code.files_changed(self._hints)
        else:
            await self._memory.code.index()
        self._hints.clear()
        await self._memory.settle()
        assert await stored(self._memory) == fresh(self._root)
        assert await stored_files(self._memory) == fresh_files(self._root)
        assert await missing_vectors(self._memory) == set()

    async def _opened(self) -> Memory:
        folder, workspace = self._scratch / "memory", Workspace(self._root)
        return await Memory.open(
            folder, workspace, HashingEmbedder(), MemorySettings(), start_process=start_unconfined
        )

    def _make_room(self, file: Path) -> bool:
        """Whether a file can be put there."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            return False
        return not file.is_dir()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(asyncio.wait_for(work, SECONDS_MAX))


TestWorkshop = Workshop.TestCase
TestWorkshop.settings = settings(
    max_examples=sampled(6),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
