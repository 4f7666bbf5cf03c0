"""A workspace over a team's base finds what a fresh index of its own would find."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lsp_server.assemble.memory import open_memory
from lsp_server.assemble.team_base import build_base
from lsp_server.domain.errors import MemoryUnavailable
from lsp_server.domain.memories import EVERY_REPOSITORY, CodeChunk, Hit, Query
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.base.base_builder import BuildReport
from lsp_server.memory.base.base_reader import Base
from lsp_server.memory.base.base_schema import LEASES
from lsp_server.memory.base.lease import hold_lease
from lsp_server.memory.database import Database
from lsp_server.memory.memory import Memory
from lsp_server.memory.storage_place import StoragePlace
from lsp_server.memory.table_schema import Row
from lsp_server.redaction.secrets import Secrets
from lsp_server.sandbox.unconfined import start_unconfined
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.commands.commands import HostCommandRunner
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out
from tests.harness.git import git
from tests.memory.expected import fresh

SECONDS_MAX = 120.0
QUERY = "pelican"


@dataclass
class Team:
    """A repository, the base of its team, and memories over it."""

    scratch: Path

    @property
    def root(self) -> Path:
        return self.scratch / "workspace"

    @property
    def uri(self) -> str:
        return (self.scratch / "base").as_uri()

    def begin(self, files: dict[str, str]) -> None:
        self.root.mkdir()
        git(self.root, "init", "-q", "-b", "main")
        self.commit(files)

    def commit(self, files: dict[str, str]) -> None:
        lay_out(self.root, files)
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", "a step")

    async def build(
        self, *, full: bool = False, repositories: tuple[Path, ...] = (), **changed: object
    ) -> BuildReport:
        return await build_base(
            Workspace(self.root),
            Secrets,
            HostCommandRunner(),
            start_unconfined,
            MemorySettings.model_validate({"embedder": "hashing", **changed}),
            self.uri,
            full=full,
            repositories=repositories,
            progress=lambda *_: None,
        )

    @asynccontextmanager
    async def memory(
        self, folder: str = "memory", secrets: Callable[[], Secrets] = Secrets, **changed: object
    ) -> AsyncIterator[Memory]:
        """Opens a memory over the base, without a copy of it, and brings it up to the disk."""
        given = {"embedder": "hashing", "base_uri": self.uri, "base_copy_bytes_max": 0, **changed}
        memory = await open_memory(
            self.scratch / folder,
            Workspace(self.root),
            secrets,
            MemorySettings.model_validate(given),
            commands=HostCommandRunner(),
            start_process=start_unconfined,
        )
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await memory.code.index()
                await memory.settle()
                yield memory
        finally:
            await memory.close()


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


async def seen(memory: Memory, text: str = QUERY) -> dict[str, tuple[str, int, str]]:
    """All that a search for the word finds, which is in every piece of the tests."""
    hits = await memory.reader.search(Query(text, ("code",), limit=1_000))
    chunks = [hit.found for hit in hits if isinstance(hit.found, CodeChunk)]
    assert len({chunk.id for chunk in chunks}) == len(chunks), "a piece is found twice"
    return {chunk.id: (chunk.path, chunk.start_line, chunk.text) for chunk in chunks}


async def test_only_what_differs_from_the_commit_is_indexed(team: Team) -> None:
    team.begin({f"src/m{n}.py": f"def pelican_{n}():\n    return {n}\n" for n in range(20)})
    report = await team.build()
    assert (report.files, report.chunks, report.embedded) == (20, 20, 20)
    (team.root / "src/m3.py").write_text("def pelican_heron():\n    return 'changed'\n")
    (team.root / "src/m4.py").unlink()
    (team.root / "new.py").write_text("def pelican_new():\n    return 'new'\n")
    async with team.memory() as memory:
        status = memory.status()
        assert (status.files, status.chunks, status.problems) == (2, 2, ())
        assert "20 files in 20 pieces" in status.base
        found = await seen(memory)
        assert found == fresh(team.root)
        (best, *_) = await memory.reader.search(Query("pelican_heron", ("code",)))
        assert isinstance(best.found, CodeChunk)
        assert best.found.path == "src/m3.py"
        assert await memory.reader.get(best.found.id) == best.found


async def test_a_build_goes_on_from_the_last_commit(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n", "b.py": "def pelican_b(): ...\n"})
    await team.build()
    git(team.root, "rm", "-q", "b.py")
    team.commit({"c.py": "def pelican_c(): ...\n", "moved/a.py": "def pelican_a(): ...\n"})
    report = await team.build()
    assert (report.files, report.removed) == (2, 1)
    # The text of `moved/a.py` had its vector already.
    assert (report.embedded, report.builds[0].files) == (1, 3)
    async with team.memory() as memory:
        assert memory.status().files == 0
        assert await seen(memory) == fresh(team.root)


@pytest.mark.parametrize(
    ("change", "helps"),
    [
        ({"embedder": "http", "embedding_base_url": "http://127.0.0.1:9/v1", "embedding_model": "m"}, "set the same one"),
        ({"base_uri": "/nowhere/at/all"}, "mount its disk"),
    ],
)  # fmt: skip
async def test_a_base_that_does_not_fit_is_refused_with_what_helps(
    team: Team, change: dict[str, object], helps: str
) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n"})
    await team.build()
    memory = await open_memory(
        team.scratch / "memory",
        Workspace(team.root),
        Secrets,
        MemorySettings.model_validate({"embedder": "hashing", "base_uri": team.uri} | change),
        commands=HostCommandRunner(),
        start_process=start_unconfined,
    )
    try:
        await memory.code.index()
        status = memory.status()
        # It is indexed whole, as without a base.
        assert (status.files, status.base) == (1, "")
        assert helps in status.problems[0]
    finally:
        await memory.close()


async def test_a_commit_that_the_clone_does_not_have_is_named(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n"})
    await team.build()
    shutil.rmtree(team.root / ".git")
    git(team.root, "init", "-q", "-b", "main")
    team.commit({"b.py": "def pelican_b(): ...\n"})
    async with team.memory() as memory:
        assert "git fetch" in memory.status().problems[0]
        assert await seen(memory) == fresh(team.root)


async def test_without_the_store_what_differs_is_searched_alone(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n", "b.py": "def pelican_b(): ...\n"})
    await team.build()
    async with team.memory():
        pass
    (team.scratch / "base").rename(team.scratch / "away")
    (team.root / "b.py").write_text("def pelican_changed(): ...\n")
    async with team.memory() as memory:
        assert {path for path, *_ in (await seen(memory)).values()} == {"b.py"}
        assert "only what differs" in memory.status().problems[0]
    (team.scratch / "away").rename(team.scratch / "base")
    async with team.memory() as memory:
        assert await seen(memory) == fresh(team.root)
        assert not memory.status().problems


async def test_a_store_that_goes_away_meanwhile_is_said(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n", "b.py": "def pelican_b(): ...\n"})
    await team.build()
    async with team.memory() as memory:
        (team.root / "b.py").write_text("def pelican_changed(): ...\n")
        await memory.code.index()
        shutil.rmtree(team.scratch / "base")
        assert {path for path, *_ in (await seen(memory)).values()} == {"b.py"}
        assert "only what differs" in memory.status().problems[0]
        everywhere = Query(QUERY, ("code",), repository=EVERY_REPOSITORY)
        with pytest.raises(MemoryUnavailable, match="the base gave no answer just now"):
            await memory.reader.search(everywhere)


async def test_one_builder_at_a_time(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n"})
    database = await Database.open(StoragePlace(team.uri), writes=True)
    held = asyncio.Event()

    async def work() -> bool:
        try:
            async with hold_lease(database):
                await held.wait()
                return True
        except MemoryUnavailable:
            held.set()  # The other one holds it.
            return False

    await database.table(LEASES.table, writes=True)
    async with asyncio.timeout(SECONDS_MAX):
        assert sum(await asyncio.gather(work(), work())) <= 1
        async with hold_lease(database):
            with pytest.raises(MemoryUnavailable, match="wait for it"):
                await team.build()
    database.close()
    assert (await team.build()).files == 1


async def test_all_repositories_are_searched_at_their_commits(team: Team, tmp_path: Path) -> None:
    code = "def pelican_a():\n    return 1\n"
    team.begin({"a.py": code})
    other = Team(tmp_path / "other")
    other.root.parent.mkdir()
    other.begin({"a.py": code, "b.py": "def pelican_b():\n    return 2\n"})
    git(other.root, "remote", "add", "origin", "https://user:key@example.org/acme/other.git")
    report = await team.build(repositories=(team.root, other.root))
    assert (report.files, report.embedded, report.reused) == (3, 2, 1)
    (team.root / "a.py").write_text("def pelican_changed(): ...\n")
    commits = {one.root: git(one.root, "rev-parse", "HEAD") for one in (team, other)}
    here = ("workspace", "a.py", commits[team.root])
    there = {("example.org/acme/other", name, commits[other.root]) for name in ("a.py", "b.py")}
    async with team.memory() as memory:
        assert await seen(memory) == fresh(team.root), "of its own repository alone"
        for repository, expected in (
            (EVERY_REPOSITORY, {here, *there}),
            ("example.org/acme/other", there),
        ):
            query = Query("pelican", ("code",), repository=repository)
            hits = await memory.reader.search(query, unsaved={"a.py": "def pelican_typed(): ...\n"})
            found = {
                (hit.repository, hit.found.path, hit.commit)
                for hit in hits
                if isinstance(hit.found, CodeChunk)
            }
            assert found == expected
            assert [await memory.reader.get(hit.found.id) for hit in hits] == [
                hit.found for hit in hits
            ]
        with pytest.raises(MemoryUnavailable, match="and not nowhere"):
            await memory.reader.search(Query("pelican", ("code",), repository="nowhere"))


async def test_small_repositories_share_commits(team: Team, tmp_path: Path) -> None:
    """A commit costs as much for one row as for many, and more than the row."""
    team.begin({"a.py": "def pelican_a(): ...\n"})
    others = [Team(tmp_path / f"other{n}") for n in range(6)]
    for n, other in enumerate(others):
        other.scratch.mkdir()
        other.root.mkdir()
        git(other.root, "init", "-q", "-b", "main")
        git(other.root, "remote", "add", "origin", f"https://example.org/acme/other{n}.git")
        other.commit({"a.py": "def pelican_a(): ...\n", f"b{n}.py": f"def pelican_{n}(): ...\n"})
    roots = [team.root, *(other.root for other in others)]
    commits, reports = [], []
    for number in (2, 7):
        reports.append(await team.build(repositories=tuple(roots[:number])))
        versions = (team.scratch / "base").glob("*_*.lance/_versions/*.manifest")
        commits.append(sum(1 for _ in versions))
        shutil.rmtree(team.scratch / "base")
    assert commits[0] == commits[1]
    counts = [(one.files, one.chunks, one.embedded, one.reused) for one in reports]
    assert counts == [(3, 3, 2, 1), (13, 13, 7, 6)]


async def test_how_long_vectors_are_may_show_in_the_first_one(team: Team) -> None:
    """As those of an endpoint do."""
    team.begin({"a.py": "def pelican_a(): ...\n"})

    class Endpoint(HashingEmbedder):
        dimension = 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsp_server.embedders.hashing.HashingEmbedder", Endpoint)
        assert (await team.build()).embedded == 1
    async with team.memory() as memory:
        assert memory.status().problems == ()
        assert await seen(memory) == fresh(team.root)


async def test_a_store_that_goes_away_before_what_is_found_is_shown(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n", "b.py": "def pelican_b(): ...\n"})
    await team.build()
    (team.root / "b.py").write_text("def pelican_changed(): ...\n")

    async def gone(*_: object) -> list[Row]:
        raise MemoryUnavailable("the network is unreachable")

    async with team.memory() as memory:
        assert len(await seen(memory)) == 2
        monkeypatch.setattr(Base, "whole", gone)
        assert [path for path, *_ in (await seen(memory)).values()] == ["b.py"]
        assert "the network is unreachable" in "".join(memory.status().problems)
    async with team.memory() as memory:
        with pytest.raises(MemoryUnavailable, match="the network is unreachable"):
            await memory.reader.search(Query(QUERY, ("code",), repository=EVERY_REPOSITORY))


TAUGHT = {
    ".holdfast/facts.md": "# How we work\n\n- A pelican is tested with make heron.\n",
    ".agents/skills/landing/SKILL.md": "---\nname: landing\n---\nHow a pelican lands.\n",
}


async def test_what_other_repositories_teach_is_found_as_files_of_theirs(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n", **TAUGHT, ".holdfast/goals.yaml": "pelican"})
    other = Team(team.scratch / "other")
    other.scratch.mkdir()
    other.begin({"b.py": "def pelican_b(): ...\n", **TAUGHT})
    root = other.root.rename(other.scratch / "rocket")
    await team.build(repositories=(team.root, root))
    async with team.memory() as memory:
        search = memory.reader.search
        assert await seen(memory) == fresh(team.root), "at home a person trusts the facts first"
        all_kinds = await search(Query(QUERY, repository=EVERY_REPOSITORY))
        paths = sorted((hit.repository, path_of(hit)) for hit in all_kinds)
        taught = [(name, path) for name in ("rocket", "workspace") for path in sorted(TAUGHT)]
        assert paths == sorted([*taught, ("rocket", "b.py"), ("workspace", "a.py")])
        facts = await search(Query(QUERY, ("fact",), repository="rocket"))
        assert sorted(map(path_of, facts)) == sorted(TAUGHT)
        assert not await search(Query(QUERY, ("action",), repository="rocket"))
        assert not await search(Query(QUERY, ("fact",))), "they are none of this workspace"


def path_of(hit: Hit) -> str:
    assert isinstance(hit.found, CodeChunk)
    return hit.found.path


async def test_without_a_base_there_are_no_other_repositories(team: Team) -> None:
    team.begin({"a.py": "def pelican_a(): ...\n"})
    async with team.memory(base_uri=None) as memory:
        with pytest.raises(MemoryUnavailable, match=r"memory\.base_uri"):
            await memory.reader.search(Query("x", ("code",), repository=EVERY_REPOSITORY))


async def test_secrets_get_into_no_base_and_into_no_answer(team: Team) -> None:
    key = "AKIA" + "QWERTYUIOPASDFGH"
    team.begin(
        {
            "a.py": f"def pelican_a():\n    return '{key}'\n",
            "b.py": "def pelican_b():\n    return 'only-i-know-this'\n",
            ".env": "PELICAN=never-to-be-read\n",
        }
    )
    await team.build()
    stored = b"".join(
        path.read_bytes() for path in (team.scratch / "base").rglob("*") if path.is_file()
    )
    assert key.encode() not in stored
    assert b"never-to-be-read" not in stored
    mine = Secrets(("only-i-know-this",))
    async with team.memory(secrets=lambda: mine) as memory:
        texts = "".join(text for *_, text in (await seen(memory)).values())
        assert "pelican_b" in texts
        assert "only-i-know-this" not in texts


async def test_a_killed_build_shows_nothing_and_leaves_nothing(team: Team) -> None:
    team.begin({f"m{n}.py": f"def pelican_{n}():\n    return {n}\n" for n in range(40)})
    await team.build()
    team.commit({f"m{n}.py": f"def pelican_new_{n}():\n    return {n}\n" for n in range(20)})

    class Cut(HashingEmbedder):
        async def embed(self, texts: object) -> list[list[float]]:
            raise MemoryUnavailable("the build dies here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsp_server.embedders.hashing.HashingEmbedder", Cut)
        with pytest.raises(MemoryUnavailable, match="dies here"):
            await team.build()
    async with team.memory() as memory:
        assert memory.status().files == 20, "what is there is still the commit of before"
        assert await seen(memory) == fresh(team.root)
    report = await team.build()
    assert (report.files, report.embedded) == (0, 20)
    async with team.memory() as memory:
        assert memory.status().files == 0
        assert await seen(memory) == fresh(team.root)


NAMES = st.sampled_from(["a.py", "b.md", "pkg/a.py", "pkg/deep/c.go"])
TEXTS = st.one_of(
    st.none(), st.integers(0, 5).map(lambda n: f"def pelican_{n}(x):\n    return x + {n}\n")
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, TEXTS),
        st.tuples(st.just("commit")),
        st.tuples(st.just("branch"), st.sampled_from(["main", "other"])),
        st.tuples(st.just("rebase")),
        st.tuples(st.just("ignore"), st.sampled_from(["*.md", "deep/", "a.py", "# none"])),
        st.tuples(st.just("remember")),
    ),
    max_size=8,
)


def take(team: Team, step: tuple[str | None, ...]) -> None:
    """Changes the repository as a person would; what git refuses is left."""
    root = team.root
    match step:
        case ("write", str(path), None):
            (root / path).unlink(missing_ok=True)
        case ("write", str(path), str(text)):
            lay_out(root, {path: text})
        case ("ignore", rule):
            lay_out(root, {".holdfastignore": f"# pelican\n{rule}\n"})
        case ("commit",):
            team.commit({})
        case ("branch", str(name)):
            team.commit({})
            known = git(root, "branch", "--list", name).strip()
            git(root, "checkout", "-q", *([name] if known else ["-b", name]))
        case ("rebase",):
            team.commit({})
            git(root, "rebase", "-q", "-X", "theirs", "main")
        case _:
            pass


@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, at=st.integers(0, 3), copied=st.sampled_from([0, 10_000_000]))
def test_the_layers_hold_what_a_fresh_index_would(
    steps: list[tuple[str | None, ...]], at: int, copied: int
) -> None:
    """Edits, two branches, rebases, deleted files and rules, with the base of some commit or a copy."""

    async def work(team: Team) -> None:
        team.begin(
            {"a.py": "def pelican_first(): ...\n", "pkg/a.py": "def pelican_second(): ...\n"}
        )
        git(team.root, "branch", "other")
        for step in steps[:at]:
            await asyncio.to_thread(partial(_quietly, take), team, step)
        await team.build()
        for step in steps[at:]:
            await asyncio.to_thread(partial(_quietly, take), team, step)
            if step == ("remember",):
                async with team.memory(base_copy_bytes_max=copied) as memory:
                    assert await seen(memory) == fresh(team.root)
        async with team.memory(base_copy_bytes_max=copied) as memory:
            assert await seen(memory) == fresh(team.root)

    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(work(Team(Path(scratch).resolve())))


def _quietly(
    change: Callable[[Team, tuple[str | None, ...]], None], team: Team, step: tuple[str | None, ...]
) -> None:
    try:
        change(team, step)
    except CalledProcessError:  # A rebase that conflicts stays where it is, as a person's would.
        if (team.root / ".git/rebase-merge").exists():
            git(team.root, "rebase", "--abort")
