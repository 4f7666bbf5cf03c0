from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lsp_server.domain.errors import MemoryUnavailable, ModelUnavailable
from lsp_server.domain.memories import (
    ActionOutcome,
    ActionRecord,
    CodeChunk,
    Fact,
    Hit,
    MemoryKind,
    Query,
)
from lsp_server.memory.actions import ACTIONS
from lsp_server.memory.facts import FACTS
from lsp_server.memory.forget_request import ForgetRequest
from lsp_server.memory.memory import Memory
from tests.data.planted import planted
from tests.harness.expectation import until
from tests.memory.conftest import Opener
from tests.memory.expected import database_of

NOW = datetime.now(UTC)
FILES = {
    "src/retry.py": "def wait_before_retry(attempt):\n    return min(60, 2 ** attempt)\n",
    "src/store.py": "class Store:\n    def load(self, key):\n        return self.rows[key]\n",
    "src/parse.ts": "export function parseHeader(line: string) {\n  return line.split(':')\n}\n",
    "tests/test_retry.py": "def test_wait_before_retry():\n    assert wait_before_retry(9) == 60\n",
    "docs/retry.md": "# Retry\n\nWe wait before each retry.\n",
    "src/工具.py": "def 计算总价(订单):\n    return sum(订单)\n",
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def action(
    key: str, title: str, outcome: ActionOutcome = "ok", *, days: float = 0.0, **more: object
) -> ActionRecord:
    at = (NOW - timedelta(days=days)).isoformat()
    fields = {"run_id": f"run-{key}", "tool": "shell", **more}
    return ActionRecord(id=key, step=1, at=at, title=title, outcome=outcome, **fields)  # type: ignore[arg-type]


def paths(hits: Sequence[Hit]) -> list[str]:
    return [hit.found.path for hit in hits if isinstance(hit.found, CodeChunk)]


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.found.id for hit in hits]


async def find(memory: Memory, text: str, kind: MemoryKind, **more: object) -> Sequence[Hit]:
    return await memory.reader.search(Query(text, kinds=(kind,), **more))  # type: ignore[arg-type]


CODE_QUESTIONS = [
    ("wait_before_retry", "src/retry.py"),
    ("how long to wait before a retry", "src/retry.py"),
    ("waitBeforeRetry", "src/retry.py"),
    ("test that waiting is bounded", "tests/test_retry.py"),
    ("parse a header", "src/parse.ts"),
    ("Store", "src/store.py"),
    ("总价", "src/工具.py"),
]


async def test_code_is_found_by_words_and_by_vectors(opened: Opener, root: Path) -> None:
    write(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        assert paths(await find(memory, "wait_before_retry", "code"))[0] == "src/retry.py"
        await memory.settle()
        for question, path in CODE_QUESTIONS:
            assert paths(await find(memory, question, "code"))[0] == path, question
        narrowed = await find(memory, "retry", "code", path="docs")
        assert paths(narrowed) == ["docs/retry.md"]
        assert paths(await find(memory, "retry", "code", path="src/retry.py")) == ["src/retry.py"]
        (best, *_) = await find(memory, "parseHeader", "code", limit=1)
        assert await memory.reader.get(best.found.id) == best.found
        assert not memory.status().problems


async def test_odd_questions_find_something_or_nothing(opened: Opener, root: Path) -> None:
    write(root, FILES)
    async with opened() as memory:
        await memory.code.index()
        for text in ("", " ", "'", '"; DROP TABLE', "the", "\x00", "(((", "AND OR NOT", "語" * 500):
            assert isinstance(await memory.reader.search(Query(text)), tuple)
        assert await find(memory, "retry", "code", path="no/such' folder") == ()


class Broken:
    """An embedder whose endpoint is down."""

    dimension = 0
    fingerprint = "broken"

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise ModelUnavailable("the endpoint is down")


async def test_without_an_embedder_words_are_compared(opened: Opener, root: Path) -> None:
    write(root, FILES)
    async with opened(Broken()) as memory, asyncio.timeout(30):
        await memory.code.index()
        with pytest.raises(MemoryUnavailable, match="endpoint is down"):
            await memory.settle()
        assert paths(await find(memory, "wait before retry", "code"))[0] == "src/retry.py"
        assert "endpoint is down" in memory.status().problems[0]


async def test_actions_are_found_at_once_best_first(opened: Opener) -> None:
    async with opened() as memory:
        memory.records.add(action("a", "pytest tests/test_retry.py", result="3 passed"))
        memory.records.add(
            action("b", "pytest tests/test_store.py", "failed", result="KeyError: key")
        )
        memory.records.add(action("c", "pytest tests/test_old.py", days=90))
        memory.records.add(action("d", "edit src/store.py", tool="edit", files=("src/store.py",)))
        assert ids(await find(memory, "pytest retry", "action"))[0] == "a"
        assert ids(await find(memory, "pytest failed with an error", "action"))[0] == "b"
        assert ids(await find(memory, "pytest", "action"))[-1] == "c"
        assert ids(await find(memory, "store", "action", tool="edit")) == ["d"]
        assert ids(await find(memory, "store", "action", path="src/store.py")) == ["d"]
        assert ids(await find(memory, "pytest", "action", run_id="run-b")) == ["b"]
        since = (NOW - timedelta(days=1)).isoformat()
        assert "c" not in ids(await find(memory, "pytest", "action", since=since))


async def test_an_outcome_that_comes_later_replaces(opened: Opener) -> None:
    async with opened() as memory:
        memory.records.add(action("a", "edit parser", "ok"))
        await memory.reader.search(Query("parser"))
        memory.records.add(action("a", "edit parser", "reverted"))
        found = await memory.reader.get("a")
        assert isinstance(found, ActionRecord)
        assert found.outcome == "reverted"
        assert len(await find(memory, "parser", "action")) == 1


async def test_what_only_looked_has_no_vector_and_is_found_by_its_words(opened: Opener) -> None:
    async with opened() as memory, asyncio.timeout(60):
        memory.records.add(action("read", "read src/parser.py", tool="read", looked=True))
        memory.records.add(action("edit", "edit src/parser.py", tool="edit"))
        await memory.settle()
        assert memory.status().pending == 0
        contents = await memory.reader.contents()
        assert not contents.missing_vectors
        assert sorted(one.id for one in contents.actions if one.looked) == ["read"]
        assert set(ids(await find(memory, "src/parser.py", "action"))) == {"read", "edit"}
        # What changed something is told before what looked at the same.
        assert ids(await find(memory, "parser", "action"))[0] == "edit"


async def test_of_a_row_that_changes_from_step_to_step_the_last_state_is_kept(
    opened: Opener,
) -> None:
    async with opened() as memory, asyncio.timeout(60):
        for number in range(50):
            memory.records.add(action("task", f"the task after {number} steps"))
            memory.records.add(action(f"step-{number}", f"step {number}"))
        await memory.settle()
        found = await memory.reader.get("task")
        assert isinstance(found, ActionRecord)
        assert found.title == "the task after 49 steps"
        assert len((await memory.reader.contents()).actions) == 51


async def test_what_was_done_to_a_file_is_told_newest_first(opened: Opener) -> None:
    async with opened() as memory:
        for i in range(5):
            memory.records.add(
                action(f"a{i}", "edit", days=i, tool="edit", files=("a.py", f"b{i}.py"))
            )
        assert [one.id for one in await memory.reader.history("a.py", 3)] == ["a0", "a1", "a2"]
        assert [one.id for one in await memory.reader.history("b4.py")] == ["a4"]
        assert await memory.reader.history("no'body.py") == ()


async def test_the_status_says_how_much_there_is(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    write(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        memory.records.add(action("a", "edit"))
        await memory.records.remember("It works", "person")
        await until(lambda: memory.status().facts, "the extent is measured")
        status = memory.status()
        assert (status.actions, status.facts, status.failed_optimizes) == (1, 1, 0)
        assert status.bytes_on_disk is not None
        assert 10_000 < status.bytes_on_disk < 10_000_000


async def test_one_run_does_not_fill_the_answer_and_repeats_are_one(opened: Opener) -> None:
    async with opened() as memory:
        for i in range(6):
            memory.records.add(action(f"a{i}", f"build part {i}", run_id="one"))
            memory.records.add(action(f"b{i}", "build all"))
        hits = await find(memory, "build", "action")
        runs = [hit.found.run_id for hit in hits if isinstance(hit.found, ActionRecord)]
        titles = [hit.found.title for hit in hits if isinstance(hit.found, ActionRecord)]
        assert runs.count("one") == 2
        assert titles.count("build all") == 1


async def test_only_what_is_really_alike_is_worth_telling(opened: Opener) -> None:
    async with opened() as memory:
        for i in range(8):
            memory.records.add(
                action(f"a{i}", f"install grammar {i} for the parser", reason=f"try {i}")
            )
        told = await memory.reader.relevant_actions(Query("install a grammar for the parser"))
        assert len(told) == 3
        assert (
            await memory.reader.relevant_actions(Query("why is the socket closed too early")) == ()
        )


async def test_facts_are_told_only_when_they_can_be_trusted(opened: Opener) -> None:
    async with opened() as memory:
        mine = await memory.records.remember("Tests run with uv run pytest", "person")
        shown = await memory.records.remember("The parser is generated", "agent", "evidence-1")
        claim = await memory.records.remember("The cache is never emptied", "agent")
        assert [fact.status for fact in (mine, shown, claim)] == ["claimed", "verified", "claimed"]
        assert {fact.id for fact in await memory.reader.trusted_facts()} == {mine.id, shown.id}
        assert ids(await find(memory, "cache emptied", "fact"))[0] == claim.id
        assert await memory.records.mark_stale("evidence-1") == 1
        await memory.records.remember("The cache is never emptied", "agent", "evidence-2")
        assert await memory.records.mark_stale("nobody") == 0
        assert {fact.id for fact in await memory.reader.trusted_facts()} == {mine.id, claim.id}
        again = await memory.records.remember("Tests  run with\nuv run pytest", "person")
        assert again.id == mine.id
        found = await memory.reader.get(shown.id)
        assert isinstance(found, Fact)
        assert found.status == "stale"


async def test_what_is_remembered_outlives_the_process(opened: Opener) -> None:
    async with opened() as memory:
        memory.records.add(action("a", "pytest"))
        fact = await memory.records.remember("Tests run with uv", "person")
    async with opened() as memory:
        assert ids(await memory.reader.search(Query("pytest uv", kinds=("action", "fact")))) == [
            "a",
            fact.id,
        ]


class Constant:
    """An embedder for which all texts are alike; `ready` ends its trouble."""

    dimension = 2

    def __init__(self, fingerprint: str, *, ready: bool = True) -> None:
        self.fingerprint = fingerprint
        self.ready = ready
        self.texts = 0

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if not self.ready:
            raise ModelUnavailable("not now")
        self.texts += len(texts)
        return [[1.0, 0.0] for _ in texts]


async def test_another_embedder_makes_all_vectors_anew_while_words_serve(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    def vector_tables() -> int:
        return len(list((tmp_path / "memory" / "tables").glob("*_vectors_*.lance")))

    write(root, FILES)
    first, second = Constant("first"), Constant("second", ready=False)
    async with opened(first) as memory, asyncio.timeout(30):
        await memory.code.index()
        memory.records.add(action("a", "pytest"))
        await memory.records.remember("It works", "person")
        await memory.settle()
        made = first.texts
    async with opened(second) as memory, asyncio.timeout(30):
        await memory.code.index()
        assert memory.status().pending == made
        assert paths(await find(memory, "wait_before_retry", "code"))[0] == "src/retry.py"
        assert ids(await find(memory, "pytest", "action")) == ["a"]
        assert vector_tables() == 3
    async with opened(first) as memory, asyncio.timeout(30):
        await memory.settle()
        assert first.texts == made
    second.ready = True
    async with opened(second) as memory, asyncio.timeout(30):
        await memory.settle()
        assert (second.texts, memory.status().pending) == (made, 0)
        await until(lambda: vector_tables() == 3, "the first embedder's vectors are gone")


def holding(folder: Path, text: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text in path.read_bytes()]


@pytest.mark.parametrize(
    "forgetting",
    [ForgetRequest(id="a"), ForgetRequest(text="PELICAN"), ForgetRequest(before=NOW.isoformat(), text="p"),
     ForgetRequest(run_id="run-a")],
    ids=["id", "text", "before", "run"],
)  # fmt: skip
async def test_what_is_forgotten_is_on_no_disk(
    opened: Opener, tmp_path: Path, forgetting: ForgetRequest
) -> None:
    async with opened() as memory, asyncio.timeout(30):
        memory.records.add(action("a", "deploy the pelican", days=1))
        memory.records.add(action("b", "deploy the heron"))
        await memory.settle()
        assert await memory.records.forget(forgetting) == 1
        assert ids(await find(memory, "deploy", "action")) == ["b"]
        assert not holding(tmp_path / "memory", b"pelican")
        assert holding(tmp_path / "memory", b"heron")
        assert await memory.records.forget(ForgetRequest()) == 0


async def test_forgetting_one_of_many_leaves_no_file_of_before(
    opened: Opener, tmp_path: Path
) -> None:
    """Few deleted rows are not worth a new file to the database; to us they are."""
    async with opened() as memory, asyncio.timeout(60):
        for i in range(300):
            memory.records.add(action(f"id-{i:03}", f"step {i}", result=f"unlike {i * i} others"))
        await memory.records.remember("Herons are grey", "person")
        await memory.settle()
    database = await database_of(tmp_path / "memory")
    for schema in (ACTIONS.table, FACTS.table):
        await (await database.table(schema, writes=True)).upkeep.optimize()
    database.close()
    async with opened() as memory, asyncio.timeout(60):
        assert holding(tmp_path / "memory", b"id-077")
        before = set((tmp_path / "memory" / "tables").glob("action*/**/*.lance"))
        assert await memory.records.forget(ForgetRequest(text="STEP 77")) == 1
        left = holding(tmp_path / "memory", b"")
        assert not before & set(left)
        assert not holding(tmp_path / "memory", b"id-077")
        assert not holding(tmp_path / "memory", b"step 77")
        assert not (await memory.reader.contents()).missing_vectors
        hits = await find(memory, "step 78", "action", limit=400)
        assert "id-078" in ids(hits)
        assert (await memory.measure()).actions == 299
        assert [fact.text for fact in await memory.reader.trusted_facts()] == ["Herons are grey"]
    async with opened() as memory:
        assert not memory.status().problems
        assert isinstance(await memory.reader.get("id-078"), ActionRecord)


async def test_no_secret_reaches_the_disk(opened: Opener, tmp_path: Path, root: Path) -> None:
    secrets = planted()
    lines = [f"{one.line}\n" for one in secrets]
    text = "".join(lines)
    write(root, {"app.py": text, "a.ts": text, ".env": text, "docs/a.md": text, "a.txt": text})
    async with opened() as memory, asyncio.timeout(60):
        await memory.code.index()
        for i, line in enumerate(lines):
            arguments = json.dumps({"command": line})
            cut = "x" * (7_999 - len(line) // 2) + line
            memory.records.add(
                action(f"a{i}", line, arguments=arguments, result=line, reason=line, files=(line,))
            )
            memory.records.add(action(f"b{i}", "cat", result=cut, tool=line))
        for line in lines[::10]:
            await memory.records.remember(line, "person")
        await memory.settle()
        question = Query("secret", kinds=("code",))
        assert await memory.reader.search(question, unsaved={"b.py": text})
        status = memory.status()
        assert (status.files, status.skipped) == (5, {"its name says that it holds secrets": 1})
    stored = b"".join(file.read_bytes() for file in holding(tmp_path / "memory", b""))
    assert b"redacted:aws-key" in stored
    lowered = stored.lower()
    for one in secrets:
        assert one.text.encode() not in stored
        assert one.text.lower().encode() not in lowered
        assert one.text[-20:].lower().encode() not in lowered


async def test_the_folder_is_private(opened: Opener, tmp_path: Path) -> None:
    async with opened():
        assert stat.S_IMODE((tmp_path / "memory").stat().st_mode) == 0o700


async def test_a_second_process_reads_and_queues_its_records(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    write(root, FILES)
    async with opened() as first, asyncio.timeout(60):
        await first.code.index()
        first.records.add(action("a", "pytest of the first"))
        await first.settle()
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            READER,
            str(tmp_path / "memory"),
            str(root),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        while second.returncode is None:
            write(root, {"src/retry.py": f"def wait_before_retry(n):\n    return {id(object())}\n"})
            first.code.files_changed([root / "src/retry.py"])
            await first.settle()
            try:
                async with asyncio.timeout(0.05):
                    await second.wait()
            except TimeoutError:
                continue
        assert second.stdout is not None
        assert (await second.stdout.read()).decode().split() == ["False", "src/retry.py", "a", "0"]
        first.code.files_changed([root / "src/retry.py"])
        await first.settle()  # The writer empties the queue.
        assert "b" in ids(await find(first, "pytest of the second", "action"))
        assert [fact.text for fact in await first.reader.trusted_facts()] == [
            "A fact of the second"
        ]


READER = """
import asyncio, sys
from pathlib import Path
from lsp_server.domain.memories import ActionRecord, Query
from lsp_server.embedders.hashing import HashingEmbedder
from lsp_server.memory.memory import Memory
from lsp_server.settings.sections import MemorySettings
from lsp_server.workspace.files.paths import Workspace
from lsp_server.sandbox.unconfined import start_unconfined

async def main():
    folder, root = map(Path, sys.argv[1:])
    memory = await Memory.open(folder, Workspace(root), HashingEmbedder(), MemorySettings(), start_process=start_unconfined)
    print(memory.status().writes)
    for _ in range(20):
        (hit, *_) = await memory.reader.search(Query("wait_before_retry", kinds=("code",)))
    print(hit.found.path)
    print((await memory.reader.search(Query("pytest", kinds=("action",))))[0].found.id)
    print((await memory.code.index()).changed)
    memory.records.add(ActionRecord("b", "run", 1, "2026-01-01T00:00:00+00:00", "shell", "pytest of the second"))
    await memory.records.remember("A fact of the second", "person")
    await memory.close()

asyncio.run(main())
"""


async def test_the_second_becomes_the_writer_when_the_first_goes(
    opened: Opener, root: Path
) -> None:
    write(root, FILES)
    async with opened() as first:
        await first.code.index()
        async with opened() as second:
            assert (first.status().writes, second.status().writes) == (True, False)
            with pytest.raises(MemoryUnavailable, match="another process"):
                await second.records.forget(ForgetRequest(text="x"))
            await first.close()
            write(root, {"src/new.py": "def brand_new(): ...\n"})
            assert (await second.code.index()).chunks == 1
            assert paths(await find(second, "brand_new", "code"))[0] == "src/new.py"


@pytest.mark.parametrize("damage", ["_versions", "data"])
async def test_damaged_tables_are_made_anew(
    opened: Opener, tmp_path: Path, root: Path, damage: str
) -> None:
    write(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        await memory.settle()
    for table in ("chunks", "actions"):
        for file in (tmp_path / "memory" / "tables" / f"{table}.lance" / damage).glob("*"):
            file.write_bytes(b"rubbish")
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        assert paths(await find(memory, "wait_before_retry", "code"))[0] == "src/retry.py"
        memory.records.add(action("a", "pytest"))
        assert ids(await find(memory, "pytest", "action")) == ["a"]
        assert any("chunks" in problem for problem in memory.status().problems)


async def test_tables_that_break_while_open_are_mended_by_the_next_run(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    write(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        await memory.settle()
        for file in (tmp_path / "memory" / "tables" / "chunks.lance" / "data").glob("*"):
            file.unlink()
        with pytest.raises(MemoryUnavailable, match="next index run repairs"):
            await memory.reader.search(Query("wait_before_retry"))
        await memory.code.index()
        assert paths(await find(memory, "wait_before_retry", "code"))[0] == "src/retry.py"


async def test_broken_vectors_are_made_anew_by_the_next_run(
    opened: Opener, tmp_path: Path, root: Path
) -> None:
    write(root, FILES)
    async with opened() as memory, asyncio.timeout(30):
        await memory.code.index()
        await memory.settle()
        (table,) = (tmp_path / "memory" / "tables").glob("chunk_vectors_*.lance")
        for file in (table / "data").glob("*"):
            file.unlink()
        with pytest.raises(MemoryUnavailable, match="next index run repairs"):
            await memory.reader.search(Query("wait_before_retry"))
        await memory.code.index()
        assert memory.status().pending
        assert paths(await find(memory, "wait_before_retry", "code"))[0] == "src/retry.py"


async def test_names_and_texts_of_any_kind_are_no_problem(opened: Opener, root: Path) -> None:
    odd = "odd \udcff \x00 name ' \" \n"
    async with opened() as memory, asyncio.timeout(30):
        memory.records.add(action(odd, odd, result=odd, files=(odd,), tool=odd, run_id=odd))
        write(root, {"it's a \u00a0 name.py": "def oddly_named(): ...\n"})
        memory.code.files_changed(
            [root / "it's a \u00a0 name.py", root / "no \udcff such", Path("/elsewhere")]
        )
        await memory.settle()
        assert len(await find(memory, "odd name", "action")) == 1
        assert len(await find(memory, "oddly_named", "code")) == 1
        assert not memory.status().problems


async def test_a_folder_that_cannot_be_used_is_memory_unavailable(
    opened: Opener, tmp_path: Path
) -> None:
    (tmp_path / "memory").write_text("a file", "utf-8")
    with pytest.raises(MemoryUnavailable, match="cannot be used"):
        async with opened():
            pass


async def test_the_tables_can_be_elsewhere(opened: Opener, tmp_path: Path, root: Path) -> None:
    write(root, FILES)
    async with opened(uri=str(tmp_path / "elsewhere")) as memory:
        await memory.code.index()
    assert list((tmp_path / "elsewhere").glob("*/chunks.lance"))
    assert not (tmp_path / "memory" / "tables").exists()


async def test_when_every_table_is_damaged_all_of_the_code_is_found_again(
    root: Path, opened: Opener, tmp_path: Path
) -> None:
    (root / "a.py").write_text("def boiler():\n    return 1\n")
    async with opened() as memory:
        await memory.code.index()
        await memory.settle()
    for manifest in (tmp_path / "memory").rglob("*.manifest"):
        manifest.write_bytes(b"")
    async with opened() as memory:
        await memory.code.index()
        assert len(await memory.reader.search(Query("boiler", ("code",)))) == 1
        await memory.settle()
        assert memory.status().pending == 0
        assert len(await memory.reader.search(Query("boiler", ("code",)))) == 1
