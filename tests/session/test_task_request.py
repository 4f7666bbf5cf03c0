from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.edits import Position, Range
from lsp_server.domain.errors import HoldfastError
from lsp_server.domain.goals import GOALS_FILE, Finding
from lsp_server.domain.tasks import Selection, Task
from lsp_server.session.task_request import (
    FIX_FINDINGS,
    SELECTION_CHARS_MAX,
    WORK_ON_SELECTION,
    NothingToDo,
    TaskRequest,
    find_session_with_goal,
    find_session_with_open_goal,
    make_task,
)
from lsp_server.workspace.files.documents import Documents
from tests.harness.workshop import workshop

TEXT = "one\r\ntwo 😀\r\nthree\r\n"
GOALS = "## Retry on 429\n- [ ] the tests pass\n  - check: `pytest -q`\n"


def span(start: tuple[int, int], end: tuple[int, int]) -> Range:
    return Range(Position(*start), Position(*end))


async def task(project: Path, sections: dict[str, Any] | None = None, **wish: Any) -> Task:
    """The task of a request about `a b.py`, whose buffer has TEXT."""
    async with workshop(project, [], **sections or {}) as shop:
        path, documents = project / "a b.py", Documents()
        documents.open(path, TEXT)
        if wish.pop("about", True):
            wish["path"] = path
        return await make_task(TaskRequest(**wish), shop.session, documents)


@pytest.mark.parametrize(
    ("selected", "selection"),
    [
        (span((0, 1), (0, 2)), (1, 1, "one")),
        (span((1, 0), (1, 5)), (2, 2, "two 😀")),
        (span((0, 0), (2, 0)), (1, 2, "one\ntwo 😀")),
        (span((1, 3), (2, 1)), (2, 3, "two 😀\nthree")),
        (span((2, 0), (2, 0)), (3, 3, "three")),
        (span((0, 0), (99, 99)), (1, 3, "one\ntwo 😀\nthree")),
        (span((50, 0), (60, 0)), (4, 4, "")),
    ],
)
async def test_whole_lines_are_selected(
    project: Path, selected: Range, selection: tuple[int, int, str]
) -> None:
    made = await task(project, selected=selected)
    assert made.selection == Selection("a b.py", *selection)
    assert made.instruction == WORK_ON_SELECTION


async def test_a_large_selection_is_cut(project: Path) -> None:
    async with workshop(project, []) as shop:
        path, documents = project / "large.txt", Documents()
        documents.open(path, "word " * SELECTION_CHARS_MAX)
        request = TaskRequest(path=path, selected=span((0, 0), (0, 9)))
        made = await make_task(request, shop.session, documents)
    assert made.selection is not None
    assert len(made.selection.text) == SELECTION_CHARS_MAX


async def test_findings_are_to_be_fixed(project: Path) -> None:
    wrong = Finding("bad", "a b.py", 2, "warning", "lint")
    made = await task(project, findings=(wrong,), selected=span((1, 0), (1, 3)))
    assert made.instruction == FIX_FINDINGS
    assert made.findings == (wrong,)


@pytest.mark.parametrize(
    ("about", "instruction"),
    [(True, "Do it.\n\nIt is about the file a b.py."), (False, "Do it.")],
)
async def test_a_file_without_a_selection_is_named(
    project: Path, about: bool, instruction: str
) -> None:
    made = await task(project, prompt=" Do it. ", about=about)
    assert made.instruction == instruction


async def test_limits_and_sampling_come_from_settings_and_request(project: Path) -> None:
    sections = {"run": {"steps_max": 7}, "max_mode": {"enabled": True}}
    made = await task(project, sections, prompt="x", samples=4, mode="plan")
    assert (made.budget.steps_max, made.mode) == (7, "plan")
    assert (made.sampling.max_mode, made.sampling.samples) == (True, 4)


@pytest.mark.parametrize("prompt", ["", "  "])
async def test_nothing_to_do_is_an_error_of_its_own(project: Path, prompt: str) -> None:
    with pytest.raises(NothingToDo):
        await task(project, prompt=prompt)


async def test_an_unknown_goal_is_named(project: Path) -> None:
    with pytest.raises(HoldfastError, match="'g'"):
        await task(project, goal_id="g")


async def test_the_first_open_goal_is_worked_on_when_nothing_else_is_said(project: Path) -> None:
    (project / GOALS_FILE).parent.mkdir()
    (project / GOALS_FILE).write_text(GOALS)
    made = await task(project, about=False)
    assert made.goal is not None
    assert made.goal.title == "Retry on 429"
    assert made.instruction == "Work until this holds: the tests pass"
    assert (await task(project, prompt="x")).goal is None


async def test_a_goal_is_found_among_sessions_by_its_id_or_a_condition(project: Path) -> None:
    (project / GOALS_FILE).parent.mkdir()
    (project / GOALS_FILE).write_text(GOALS)
    other = project / "other"
    other.mkdir()
    async with workshop(other, []) as without, workshop(project, []) as having:
        sessions = (without.session, having.session)
        (goal,) = having.session.goals.statuses.goals()
        for name in (goal.id, goal.conditions[0].id):
            assert find_session_with_goal(name, sessions) is having.session
        assert find_session_with_goal("none", sessions) is None
        assert find_session_with_open_goal(sessions) is having.session
        assert find_session_with_open_goal((without.session,)) is None
