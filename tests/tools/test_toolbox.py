from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lsp_server.domain.permissions import Answer, Answered, PermissionMode, Question
from lsp_server.domain.tasks import Mode
from lsp_server.domain.tools import Needs, NeedsUnknown, ToolCall, ToolResult, ToolSpec
from lsp_server.settings.sections import PermissionSettings
from lsp_server.tools.approval import Approval
from lsp_server.tools.builtin import BUILTIN_NAMES
from lsp_server.tools.toolbox import Toolbox
from lsp_server.tools.write import Write
from lsp_server.workspace.files.disk_editor import DiskEditor
from lsp_server.workspace.files.paths import Workspace
from tests.harness.files import lay_out
from tests.harness.tools import Bench

PERSON_SECONDS = 0.5


def call(name: str, arguments: str) -> ToolCall:
    return ToolCall("1", name, arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "the arguments are empty"),
        ('{"path": "a"', "not valid JSON: Expecting ',' delimiter at line 1, column 13, near"),
        ('{"path": "a',  "Unterminated string"),
        ('{"path": "a",}', "not valid JSON"),
        ('{"path": "a", "path": "b"}', "'path' twice"),
        ('["a"]', "must be a JSON object"),
        ('"a"', "must be a JSON object"),
        ('{"start_line": NaN}', "NaN"),
        ('{"a":' * 100_000, "cannot be read"),
        ('{"start_line": ' + "9" * 10_000 + "}", "cannot be read"),
        ("{'path': 'a'}", "not valid JSON"),
        ('{"path": "a"} {}', "Extra data"),
        ("{}", "path: field required, got {}\nexpected: {path: string, start_line?: integer, end_line?: integer}"),
        ('{"path": 1}', "path: input should be a valid string, got 1"),
        ('{"path": "a", "start_line": "3"}', 'start_line: input should be a valid integer, got "3"'),
        ('{"path": "a", "lines": 3}', "lines: extra inputs are not permitted, got 3"),
        ('{"path": "a", "start_line": 0}', "start_line: input should be greater than or equal to 1"),
    ],
)  # fmt: skip
async def test_wrong_arguments_are_shown_and_never_repaired(
    project: Path, arguments: str, message: str
) -> None:
    result = await Bench(project).toolbox.dispatch(call("read", arguments))
    assert result.is_error
    assert message in result.text


async def test_an_unknown_tool_names_the_nearest_and_all(project: Path) -> None:
    result = await Bench(project).call("raed", path="a")
    assert result.is_error
    assert "did you mean 'read'? there are: read, list, search, edit, write, shell" in result.text


@pytest.mark.parametrize(
    ("name", "arguments", "title", "read_only"),
    [
        ("read", '{"path": "a"}', "read a", True),
        ("edit", '{"path": "src/a.py", "old_text": "", "new_text": ""}', "edit src/a.py", False),
        ("shell", '{"command": "pytest -q\\nls"}', "$ pytest -q ls", False),
        ("shell", '{"command": "git status"}', "$ git status", True),
        ("search", '{"query": "x"}', "search 'x'", True),
        ("list", '{"pattern": "*.py"}', "list *.py", True),
        ("list", "{}", "list", True),
        ("recall", '{"id": "call_1"}', "recall call_1", True),
        ("plan", '{"items": [1, 2]}', "plan, 2 items", True),
        ("finish", '{"summary": "x"}', "finish", True),
        ("edit", '{"path": 3', "edit", False),
        ("shell", "", "shell", False),
        ("nothing", "[]", "nothing", False),
        ("shell", json.dumps({"command": "x" * 500}), "$ " + "x" * 97 + "…", False),
    ],
)
def test_titles_and_effects_of_any_call(
    project: Path, name: str, arguments: str, title: str, read_only: bool
) -> None:
    toolbox = Bench(project).toolbox
    assert toolbox.title(call(name, arguments)) == title
    assert toolbox.read_only(call(name, arguments)) == read_only


def test_specs_are_compact_and_stable(project: Path) -> None:
    specs = Bench(project).toolbox.specs
    assert [spec.name for spec in specs] == [
        "read", "list", "search", "edit", "write", "shell", "diagnostics", "plan", "recall", "finish",
    ]  # fmt: skip
    assert {spec.name for spec in specs if not spec.looks} == {"edit", "write", "shell"}
    text = json.dumps([dict(spec.parameters) for spec in specs])
    assert not [word for word in ("title", "$ref", "$defs", "anyOf", "null") if f'"{word}"' in text]
    assert len(text) + sum(len(spec.description) for spec in specs) < 5100
    assert specs[3].parameters["required"] == ["path", "old_text", "new_text"]


async def test_what_is_denied_does_not_run(project: Path) -> None:
    bench = Bench(project, deny=("edit(*.lock)",))
    result = await bench.call("write", path="uv.lock", text="x")
    assert (result.is_error, result.text) == (
        True, "refused: the rule `edit(*.lock)` forbids it; find another way",
    )  # fmt: skip
    assert not (project / "uv.lock").exists()


async def test_a_person_sees_the_diff_and_decides(project: Path) -> None:
    lay_out(project, {"a": "one\ntwo\n"})
    bench = Bench(project, mode="ask", answers=["deny", None, "once", "once"])
    for _ in range(2):
        refused = await bench.call("edit", path="a", old_text="two", new_text="2")
        assert refused.is_error
        assert "it was not allowed" in refused.text
    assert (project / "a").read_text() == "one\ntwo\n"
    assert not (await bench.call("edit", path="a", old_text="two", new_text="2")).is_error
    assert not (await bench.call("write", path="b", text="new")).is_error
    assert "-two\n+2" in bench.questions[0].detail
    assert "+new" in bench.questions[3].detail
    assert bench.questions[0].path == "a"


async def test_always_holds_for_the_run(project: Path) -> None:
    bench = Bench(project, mode="ask", answers=["always"])
    for _ in range(2):
        assert not (await bench.call("shell", command="touch made")).is_error
    assert len(bench.questions) == 1


async def test_all_edits_of_a_run_are_allowed_at_once(project: Path) -> None:
    bench = Bench(project, mode="ask", answers=["run", "once", "once", "deny"])
    for name in ("a", "src/b", "src/c"):
        assert not (await bench.call("write", path=name, text="x")).is_error
    assert [question.run_rule for question in bench.questions] == ["edit"]
    # What runs code on the person's side, history and what is outside ask all the same.
    for name in (".github/ci.yml", ".git/config"):
        assert not (await bench.call("write", path=name, text="x")).is_error
    assert (await bench.call("write", path="../d", text="x")).is_error
    assert [question.path for question in bench.questions[1:3]] == [".github/ci.yml", ".git/config"]


@pytest.mark.parametrize(
    ("rule", "name"),
    [("edit(src/**)", "src/a"), ("edit(.github/**)", ".github/ci.yml"), ("write", "b")],
)
async def test_what_a_rule_spells_out_is_not_asked_about(
    project: Path, rule: str, name: str
) -> None:
    bench = Bench(project, mode="ask", allow=(rule,))
    assert not (await bench.call("write", path=name, text="x")).is_error


async def test_a_denial_says_why(project: Path) -> None:
    bench = Bench(project, mode="ask", answers=[Answered("deny", "use the mirror")])
    result = await bench.call("shell", command="pip install x")
    assert result.text == (
        "refused: it was not allowed (run `pip install x`): use the mirror; find another way, "
        "or finish and say what you need"
    )


async def test_the_seconds_of_a_call_are_without_those_of_the_answer(project: Path) -> None:
    bench = Bench(project, mode="ask", answers=["once"])
    answered = asyncio.Event()

    async def ask(question: Question) -> Answered:
        asyncio.get_running_loop().call_later(PERSON_SECONDS, answered.set)
        await answered.wait()
        return Answered("once")

    approval = Approval(PermissionSettings(mode="ask"), bench.workspace)
    toolbox = Toolbox([Write(bench.workspace, DiskEditor(bench.documents))], approval, ask)
    call = ToolCall("1", "write", '{"path": "a.txt", "text": "x"}')
    result, seconds = await toolbox.carry_out(call)
    assert not result.is_error
    assert seconds < PERSON_SECONDS


async def test_the_second_question_offers_the_sandbox_for_the_rest_of_the_run(
    project: Path,
) -> None:
    bench = Bench(
        project, mode="ask", answers=["once", "sandboxed", "once"], sandbox="commands are held."
    )
    assert not (await bench.call("shell", command="touch a")).is_error
    result = await bench.call("shell", command="touch b")
    assert not result.is_error
    assert result.text.endswith("From here on: commands are held.")
    for number in range(3):
        result = await bench.call("write", path=f"{number}", text="x")
        assert "commands are held" not in result.text
        await bench.call("shell", command=f"touch {number}{number}")
    assert [question.offers_sandbox for question in bench.questions] == [False, True]
    # What the sandbox does not bound is asked about on and on, and the sandbox is no answer to it.
    await bench.call("read", path="../elsewhere")
    assert [question.offers_sandbox for question in bench.questions] == [False, True, False]


@pytest.mark.parametrize(
    ("sandbox", "mode", "name", "arguments"),
    [
        ("", "ask", "shell", {"command": "make"}),
        ("held", "ask", "shell", {"command": "make", "outside": "why"}),
        ("held", "ask", "write", {"path": ".envrc", "text": "x"}),
        ("held", "ask", "read", {"path": "../x"}),
        ("held", "sandboxed", "shell", {"command": "make", "outside": "why"}),
    ],
)
async def test_the_sandbox_is_offered_only_where_it_would_free_the_call(
    project: Path,
    sandbox: str,
    mode: PermissionMode,
    name: str,
    arguments: dict[str, object],
) -> None:
    bench = Bench(project, mode=mode, answers=[None, None], sandbox=sandbox)
    for _ in range(2):
        await bench.call(name, **arguments)
    assert [question.offers_sandbox for question in bench.questions] == [False, False]


async def test_nobody_is_asked_about_an_edit_that_cannot_work(project: Path) -> None:
    lay_out(project, {"a": "one"})
    bench = Bench(project, mode="ask")
    assert "is not in a" in (await bench.call("edit", path="a", old_text="x", new_text="y")).text
    assert "field required" in (await bench.call("edit", path="a")).text


async def test_a_file_outside_is_not_looked_at_before_the_answer(project: Path) -> None:
    secret = lay_out(project.parent / "outside", {"secret": "password = hunter2\n"}) / "secret"
    (project / "link").symlink_to(secret)
    bench = Bench(project, answers=["deny", "deny"])
    for path in (str(secret), "link"):
        result = await bench.call("edit", path=path, old_text="password = x", new_text="y")
        assert result.is_error
        assert "hunter2" not in result.text
    assert "hunter2" not in bench.questions[0].detail
    assert "password = x" in bench.questions[0].detail


async def test_with_permission_a_file_outside_is_read_and_edited(project: Path) -> None:
    outside = lay_out(project.parent / "outside", {"f": "one\n"})
    bench = Bench(project, answers=["once"] * 4)
    assert (await bench.call("read", path="../outside/f")).text == "1\tone"
    assert (await bench.call("list", path="../outside")).text == f"{outside}/f"
    found = (await bench.call("search", query="one", path="../outside")).text
    assert found.startswith(f"{outside}/f:1: one\n[outside of the workspace")
    edited = await bench.call("edit", path="../outside/f", old_text="one", new_text="two")
    assert edited.changed == (f"{outside}/f",)
    assert (outside / "f").read_text() == "two\n"


class Odd:
    """A tool that says as little of itself as it may."""

    spec = ToolSpec("odd", "Does something.", {"type": "object", "properties": {}})

    def __init__(self) -> None:
        self.called = 0

    def describe(self, arguments: Mapping[str, object]) -> str:
        return "odd"

    def needs(self, arguments: Mapping[str, object]) -> Needs:
        return NeedsUnknown()

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        self.called += 1
        return ToolResult("done")


def odd_toolbox(
    project: Path, tool: Odd, permission_mode: PermissionMode, answer: Answer, mode: Mode
) -> tuple[Toolbox, list[Question]]:
    asked: list[Question] = []

    async def ask(question: Question) -> Answered:
        asked.append(question)
        return Answered(answer)

    settings = PermissionSettings(mode=permission_mode)
    approval = Approval(settings, Workspace(project), mode, tools={*BUILTIN_NAMES, "odd"})
    return Toolbox([tool], approval, ask, mode), asked


@pytest.mark.parametrize("permission_mode", ["ask", "auto-edit", "full"])
@pytest.mark.parametrize("answer", ["once", "deny"])
async def test_a_tool_that_says_nothing_is_asked_about(
    project: Path, permission_mode: PermissionMode, answer: Answer
) -> None:
    tool = Odd()
    toolbox, asked = odd_toolbox(project, tool, permission_mode, answer, "build")
    result = await toolbox.dispatch(call("odd", '{"a": 1}'))
    assert [(question.tool, question.rule) for question in asked] == [("odd", "odd")]
    assert '"a": 1' in asked[0].detail
    assert tool.called == (answer == "once")
    assert result.is_error == (answer == "deny")
    assert not toolbox.read_only(call("odd", "{}"))


async def test_a_tool_that_says_nothing_is_refused_where_nothing_may_change(project: Path) -> None:
    tool = Odd()
    toolbox, asked = odd_toolbox(project, tool, "read-only", "once", "build")
    assert (await toolbox.dispatch(call("odd", "{}"))).is_error
    assert (asked, tool.called) == ([], 0)


async def test_a_tool_that_says_nothing_is_not_offered_in_plan_mode(project: Path) -> None:
    tool = Odd()
    toolbox, asked = odd_toolbox(project, tool, "full", "once", "plan")
    assert toolbox.specs == ()
    assert "there is no tool 'odd'" in (await toolbox.dispatch(call("odd", "{}"))).text
    assert (asked, tool.called) == ([], 0)


async def test_a_person_who_typed_meanwhile_keeps_the_text_that_write_would_replace(
    project: Path,
) -> None:
    path = lay_out(project, {"a": "one\n"}) / "a"
    bench = Bench(project, mode="ask", answers=["once"])
    asked = bench.toolbox._ask

    async def typing(question: Question) -> Answered:
        path.write_text("one and a half\n")
        return await asked(question)

    bench.toolbox._ask = typing
    result = await bench.call("write", path="a", text="two\n")
    assert result.is_error
    assert "changed since it was read" in result.text
    assert path.read_text() == "one and a half\n"
