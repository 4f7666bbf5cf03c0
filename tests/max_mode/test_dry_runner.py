"""What a candidate would do is found out without doing it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from lsp_server.domain.messages import Choice, Message
from lsp_server.domain.permissions import PermissionMode
from lsp_server.domain.tools import ToolCall
from lsp_server.max_mode.dry_runner import DryRun, DryRunner
from lsp_server.max_mode.syntax import syntax_errors
from lsp_server.memory.syntax import broken_places
from lsp_server.tools.dry_run import ToolDryRun
from lsp_server.workspace.files.disk_editor import DiskEditor
from tests.harness.stand import acts
from tests.harness.tools import Bench


async def look(
    root: Path,
    *calls: tuple[str, object],
    mode: PermissionMode = "full",
    deny: tuple[str, ...] = (),
    missing: str = "",
    text: str = "",
    choice: Choice | None = None,
) -> DryRun:
    bench = Bench(root, mode=mode, deny=deny)
    dry_run_tools = ToolDryRun(bench.workspace, bench.toolbox)

    async def refutes() -> str:
        return missing

    evidence = DryRunner(
        dry_run_tools,
        DiskEditor(bench.documents),
        refutes,
        grammars=lambda path, text: broken_places(path.name, text),
    )
    if choice is None:
        listed = tuple(
            ToolCall(str(n), name, acts(name, arguments).tool_calls[0].arguments_json)  # type: ignore[arg-type]
            for n, (name, arguments) in enumerate(calls)
        )
        choice = Choice(Message("assistant", text, tool_calls=listed), "tool_calls")
    trial = await evidence.try_out(choice, bench.toolbox.specs)
    assert bench.questions == []
    assert bench.events == []
    return trial


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def edit(old: str, new: str, path: str = "a.py") -> tuple[str, object]:
    return ("edit", {"path": path, "old_text": old, "new_text": new})


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        ([edit("x = 1", "x = 2")], ""),
        ([edit("y = 1", "y = 2")], "edit would fail: old_text is not in a.py"),
        ([edit("x = 1", "x = (")], "a.py would not parse"),
        ([edit("x = 1", "x = 2"), edit("x = 2", "x = 3")], ""),
        ([edit("x = 1", "x = 2"), edit("x = 1", "x = 3")], "edit would fail"),
        ([("write", {"path": "b.json", "text": "{"})], "b.json would not parse"),
        ([("write", {"path": "b.json", "text": "{}"})], ""),
        ([("write", {"path": "b.toml", "text": "a = "})], "b.toml would not parse"),
        ([("write", {"path": "b.txt", "text": "{"})], ""),
        ([("write", {"path": "b.py", "text": "z = 1"}), edit("z", "q", "b.py")], ""),
        ([edit("also", "still", "broken.py")], ""),
        ([("read", {"path": "nowhere.py"})], "read would fail"),
        ([("list", {"path": "nowhere"})], "list would fail: nowhere does not exist"),
        ([("read", {"path": "/etc/hostname"})], "outside of the workspace"),
        ([("write", {"path": "../b.py", "text": ""})], "outside of the workspace"),
        ([("bash", {})], "there is no tool 'bash'"),
        ([("shell", {"cmd": "ls"})], "shell lacks command"),
        ([("shell", {"command": "rm -rf ."})], ""),
        ([("shell", {"command": "make a.py"}), edit("y = 1", "y = 2")], ""),
        ([("shell", {"command": "cat a.py"}), edit("y = 1", "y = 2")], "edit would fail"),
        ([("finish", {"summary": "done"})], ""),
    ],
)
async def test_what_cannot_work_is_seen_and_nothing_happens(
    project: Path, calls: list[tuple[str, object]], problem: str
) -> None:
    (project / "a.py").write_text("x = 1\n")
    (project / "broken.py").write_text("also = (\n")
    before, processes = snapshot(project.parent), psutil.Process().children(recursive=True)
    trial = await look(project, *calls)
    assert trial.problem == "" if not problem else problem in trial.problem
    assert snapshot(project.parent) == before
    assert psutil.Process().children(recursive=True) == processes


@pytest.mark.parametrize(
    ("mode", "deny", "call"),
    [
        ("read-only", (), edit("x = 1", "x = 2")),
        ("full", ("edit(a.py)",), edit("x = 1", "x = 2")),
        ("full", ("read(a.py)",), ("read", {"path": "a.py"})),
        ("full", ("shell(rm *)",), ("shell", {"command": "rm a.py"})),
    ],
)
async def test_what_is_forbidden_cannot_work(
    project: Path, mode: PermissionMode, deny: tuple[str, ...], call: tuple[str, object]
) -> None:
    (project / "a.py").write_text("x = 1\n")
    trial = await look(project, call, mode=mode, deny=deny)
    assert trial.problem.startswith("not allowed: ")


async def test_what_may_fail_is_a_doubt(project: Path) -> None:
    (project / "a.py").write_text("x = 1\n")
    make = ("shell", {"command": "make a.py"})
    assert (await look(project, make, edit("y = 1", "y = 2"))).doubts == 1
    assert (await look(project, make, edit("x = 1", "x = 2"))).doubts == 0


async def test_what_a_person_would_be_asked_can_work(project: Path) -> None:
    (project / "a.py").write_text("x = 1\n")
    assert (await look(project, edit("x = 1", "x = 2"), mode="ask")).problem == ""


async def test_an_edit_and_a_write_with_one_result_are_one_proposal(project: Path) -> None:
    (project / "a.py").write_text("x = 1\ny = 1\n")
    narrow = await look(project, edit("x = 1", "x = 2"))
    wide = await look(project, edit("x = 1\ny = 1", "x = 2\ny = 1"))
    whole = await look(project, ("write", {"path": "a.py", "text": "x = 2\ny = 1\n"}))
    other = await look(project, edit("x = 1", "x = 3"))
    assert narrow.form == wide.form == whole.form != other.form
    assert "+x = 2" in narrow.changes


@pytest.mark.parametrize("claim", [[("finish", {"summary": "done"})], []])
async def test_a_claim_that_a_fresh_check_contradicts_cannot_work(
    project: Path, claim: list[tuple[str, object]]
) -> None:
    trial = await look(project, *claim, missing="the tests fail", text="Done.")
    assert trial.problem == "it would stop, but the tests fail"
    assert (await look(project, *claim, text="Done.")).problem == ""


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (Choice(Message("assistant", "x"), "length"), "cut off"),
        (Choice(Message("assistant", "x"), "content_filter"), "withheld"),
        (Choice(Message("assistant", " "), "stop"), "empty"),
    ],
)
async def test_an_answer_that_is_none_cannot_work(
    project: Path, choice: Choice, problem: str
) -> None:
    assert problem in (await look(project, choice=choice)).problem


@pytest.mark.parametrize(
    ("call", "reads"),
    [
        (("read", {"path": "a.py"}), True),
        (("shell", {"command": "git log"}), True),
        (("shell", {"command": "make"}), False),
        (("finish", {"summary": "done"}), False),
        (edit("x = 1", "x = 2"), False),
    ],
)
async def test_finishing_and_changing_are_more_than_reading(
    project: Path, call: tuple[str, object], reads: bool
) -> None:
    (project / "a.py").write_text("x = 1\n")
    assert (await look(project, call)).only_looks is reads


@pytest.mark.parametrize(
    ("name", "text", "errors"),
    [
        ("a.py", "x = 1", 0),
        ("a.py", "x = ", 1),
        ("a.py", "\0", 1),
        ("a.pyi", "x: int", 0),
        ("a.json", "[1]", 0),
        ("a.json", "[1", 1),
        ("a.toml", "a = 1", 0),
        ("a.toml", "a", 1),
        ("a.rs", "fn", None),
        ("a.json", "[" * 100_000, None),
    ],
)
def test_syntax_errors_are_counted_where_a_parser_is_at_hand(
    name: str, text: str, errors: int | None
) -> None:
    assert syntax_errors(Path(name), text) == errors


BROKEN: list[tuple[str, str, str]] = [
    ("a.ts", "const x: number = 1;\n", "const x: number = (1;\n"),
    ("a.tsx", "const x = <b>1</b>;\n", "const x = <b>1</b;\n"),
    ("a.go", "package a\n\nfunc f() {}\n", "package a\n\nfunc f( {}\n"),
    ("a.rs", "fn f() {}\n", "fn f() {{}\n"),
    ("a.java", "class A {}\n", "class A {\n"),
    ("a.c", "int f(void) { return 1; }\n", "int f(void) { return 1 }\n"),
    ("a.rb", "def f\nend\n", "def f(\nend\n"),
    ("a.sh", "if true; then echo; fi\n", "if true; then echo\n"),
    ("a.yaml", "a: [1]\n", "a: [1\n"),
    ("a.css", "a { b: c; }\n", "a { b: c;\n"),
]


@pytest.mark.parametrize(("name", "good", "bad"), BROKEN, ids=lambda value: value[:6].strip())
async def test_what_a_grammar_cannot_read_is_a_doubt_and_no_proof(
    project: Path, name: str, good: str, bad: str
) -> None:
    (project / name).write_text(good)
    worse = await look(project, ("write", {"path": name, "text": bad}))
    assert (worse.problem, worse.doubts) == ("", 1)
    assert any(f"{name} would have" in note for note in worse.notes)
    better = await look(project, ("write", {"path": name, "text": good + "\n"}))
    assert (better.problem, better.doubts) == ("", 0)
    assert f"{name} parses" in better.notes


def test_what_no_grammar_knows_is_not_known() -> None:
    assert broken_places("a.unknown", "x") is None
    assert broken_places("a.md", "# [") is None
    assert broken_places("a.ts", "x" * 300_000) is None
