"""Several edits of one step are one question, with what all of them would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.events import ToolCalled, ToolReturned
from lsp_server.domain.permission_events import PermissionAnswered, PermissionAsked
from lsp_server.domain.permissions import Answer, Question
from tests.harness.files import lay_out
from tests.harness.workshop import calls, finish, workshop

Call = tuple[str, dict[str, Any] | str]

FILES = {"a.py": "x = 1\ny = 1\n", "b.py": "z = 1\n", ".vscode/tasks.json": "{}\n"}

A: Call = ("edit", {"path": "a.py", "old_text": "x = 1", "new_text": "x = 2"})
A_BELOW: Call = ("edit", {"path": "a.py", "old_text": "y = 1", "new_text": "y = 2"})
A_AGAIN: Call = ("edit", {"path": "a.py", "old_text": "x = 2", "new_text": "x = 3"})
B: Call = ("edit", {"path": "b.py", "old_text": "z = 1", "new_text": "z = 2"})
NEW: Call = ("write", {"path": "new.py", "text": "n = 1\n"})
NEW_AGAIN: Call = ("edit", {"path": "new.py", "old_text": "n = 1", "new_text": "n = 2"})
READ: Call = ("read", {"path": "b.py"})
MISS: Call = ("edit", {"path": "b.py", "old_text": "not there", "new_text": "y"})
RUN: Call = ("shell", {"command": "touch ran"})
PROTECTED: Call = ("write", {"path": ".vscode/tasks.json", "text": "[]\n"})
OUTSIDE: Call = ("write", {"path": "../outside.py", "text": "o = 1\n"})
EMPTY: Call = ("write", {"path": "empty.py", "text": ""})
SAME: Call = ("write", {"path": "b.py", "text": "z = 1\n"})
LONG: Call = (
    "write",
    {"path": "long.py", "text": "".join(f"line {n} of a long text\n" for n in range(1000))},
)


@dataclass(frozen=True)
class Step:
    """The calls of one step, and the files of each question; other calls have ()."""

    name: str
    calls: tuple[Call, ...]
    asked: tuple[tuple[str, ...], ...]
    after: dict[str, str] = field(default_factory=dict)


STEPS = [
    Step("one edit is asked as ever", (A,), (("a.py",),)),
    Step("two files", (A, B), (("a.py", "b.py"),), {"a.py": "x = 2\ny = 1\n", "b.py": "z = 2\n"}),
    Step("one file twice", (A, A_BELOW), (("a.py",),), {"a.py": "x = 2\ny = 2\n"}),
    Step("an edit of what one before it wrote", (A, A_AGAIN), (("a.py",),), {"a.py": "x = 3\ny = 1\n"}),
    Step("a new file that is edited", (NEW, NEW_AGAIN, A), (("new.py", "a.py"),), {"new.py": "n = 2\n"}),
    Step("looks stand between", (A, READ, B), (("a.py", "b.py"),), {"b.py": "z = 2\n"}),
    Step("a command ends the review", (A, B, RUN, NEW), (("a.py", "b.py"), (), ("new.py",))),
    Step("one that fails is not asked about", (A, MISS, NEW), (("a.py",),), {"b.py": "z = 1\n"}),
    Step("what is protected is asked about alone", (A, PROTECTED, B), (("a.py",), (".vscode/tasks.json",), ("b.py",))),
    Step("and so it is in front", (PROTECTED, A, B), ((".vscode/tasks.json",), ("a.py", "b.py"))),
    Step("what lies outside", (A, OUTSIDE, B), (("a.py",), ("outside.py",), ("b.py",))),
    Step("what no diff shows", (A, EMPTY, B), (("a.py",), ("empty.py",), ("b.py",))),
    Step("what changes nothing", (A, SAME, NEW), (("a.py",), ("b.py",), ("new.py",))),
    Step("what would be cut off", (A, LONG, B), (("a.py",), ("long.py",), ("b.py",))),
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
async def test_edits_that_follow_each_other_are_one_question(project: Path, step: Step) -> None:
    lay_out(project, FILES)
    asked: list[Question] = []
    async with workshop(project, [calls(*step.calls), finish()], answer=_note(asked)) as shop:
        await shop.run()
    assert [_inside(question.paths, project) for question in asked] == list(step.asked)
    for question in asked:
        if question.more_paths:
            assert [line for line in question.detail.split("\n") if line.startswith("+++ b/")] == [
                f"+++ b/{path}" for path in question.paths
            ]
            assert all(path in question.summary for path in question.paths)
    for name, text in step.after.items():
        assert (project / name).read_text() == text


def _inside(paths: tuple[str, ...], project: Path) -> tuple[str, ...]:
    return tuple(path.removeprefix(f"{project.parent}/") for path in paths)


def _note(asked: list[Question], *answers: Answer) -> Callable[[Question], Answer]:
    left = list(answers)

    def answer(question: Question) -> Answer:
        asked.append(question)
        return left.pop(0) if left else "once"

    return answer


async def test_the_diff_is_what_all_edits_of_a_file_make_of_it(project: Path) -> None:
    lay_out(project, FILES)
    asked: list[Question] = []
    turns = [calls(A, A_AGAIN, B), finish()]
    async with workshop(project, turns, answer=_note(asked)) as shop:
        await shop.run()
    (question,) = asked
    assert question.summary == "3 edits of 2 files: a.py, b.py"
    assert "-x = 1\n+x = 3\n y = 1" in question.detail
    assert "x = 2" not in question.detail


async def test_a_denial_is_one_of_all_and_the_model_reads_it_of_each(project: Path) -> None:
    lay_out(project, FILES)
    asked: list[Question] = []
    turns = [calls(A, B, RUN), finish()]
    async with workshop(project, turns, answer=_note(asked, "deny")) as shop:
        await shop.run()
        results = [event.result for event in shop.events(ToolReturned)][:3]
        first, second, third = results
        assert len(shop.events(PermissionAnswered)) == 1
    for result in (first, second):
        assert result.denial is not None
        assert result.denial.by == "person"
        assert "2 edits of 2 files: a.py, b.py" in result.text
    assert third.text.startswith("not run: ")
    assert {name: (project / name).read_text() for name in FILES} == FILES
    assert not (project / "ran").exists()


async def test_a_yes_for_the_run_holds_for_later_steps(project: Path) -> None:
    lay_out(project, FILES)
    asked: list[Question] = []
    turns = [calls(A, B), calls(NEW, A_BELOW), finish()]
    async with workshop(project, turns, answer=_note(asked, "run")) as shop:
        await shop.run()
    assert [question.paths for question in asked] == [("a.py", "b.py")]
    assert (project / "new.py").read_text() == "n = 1\n"


async def test_a_yes_to_one_step_is_none_to_a_call_of_the_next(project: Path) -> None:
    """Models give the same ids again."""
    lay_out(project, FILES)
    asked: list[Question] = []
    back: Call = ("edit", {"path": "b.py", "old_text": "z = 2", "new_text": "z = 1"})
    turns = [calls(A, B), calls(back), calls(B), finish()]
    async with workshop(project, turns, answer=_note(asked)) as shop:
        await shop.run()
    assert [question.paths for question in asked] == [("a.py", "b.py"), ("b.py",), ("b.py",)]


async def test_the_question_comes_behind_the_first_call_and_no_time_of_it_counts(
    project: Path,
) -> None:
    lay_out(project, FILES)
    async with workshop(project, [calls(A, B), finish()], answer=lambda _: "once") as shop:
        await shop.run()
        kinds = (ToolCalled, ToolReturned, PermissionAsked, PermissionAnswered)
        seen = [type(each.event) for each in shop.recorded if isinstance(each.event, kinds)][:6]
    assert seen == [
        *(ToolCalled, PermissionAsked, PermissionAnswered, ToolReturned),
        *(ToolCalled, ToolReturned),
    ]


async def test_what_a_person_changed_meanwhile_stays(project: Path) -> None:
    """The edit of the text that is there still is made; a whole file is not written over another."""
    lay_out(project, FILES)

    def answer(question: Question) -> Answer:
        (project / "a.py").write_text("# mine\nx = 1\ny = 1\n")
        (project / "b.py").write_text("# mine\n")
        return "once"

    over: Call = ("write", {"path": "b.py", "text": "all = 1\n"})
    async with workshop(project, [calls(A, over), finish()], answer=answer) as shop:
        await shop.run()
        results = [event.result for event in shop.events(ToolReturned)][:2]
    assert (project / "a.py").read_text() == "# mine\nx = 2\ny = 1\n"
    assert (project / "b.py").read_text() == "# mine\n"
    assert [result.is_error for result in results] == [False, True]
