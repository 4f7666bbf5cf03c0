from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.domain.goals import GOALS_FILE
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.views import goal_view
from lsp_server.session.goals import Goals
from tests.harness.workshop import workshop

TEXT = """## Retry on 429
- [ ] the tests pass
  - check: `pytest -q`

## A second goal
- [ ] it holds
"""


@asynccontextmanager
async def opened(project: Path) -> AsyncIterator[tuple[Folder, Goals]]:
    (project / GOALS_FILE).parent.mkdir()
    (project / GOALS_FILE).write_text(TEXT)
    folder = Folders().add(project.as_uri())
    assert folder is not None
    async with workshop(project, []) as shop:
        yield folder, shop.session.goals


@pytest.mark.parametrize(
    ("first", "last", "titles"),
    [
        (
            0,
            0,
            [
                "Holdfast: Work on this goal: Retry on 429",
                "Holdfast: Work on this goal with Max Mode: Retry on 429",
                "Holdfast: Check now: Retry on 429",
            ],
        ),
        (
            5,
            5,
            [
                "Holdfast: Work on this goal: A second goal",
                "Holdfast: Work on this goal with Max Mode: A second goal",
                "Holdfast: Check now: A second goal",
                "Holdfast: Waive: it holds",
            ],
        ),
        (3, 3, []),
    ],
)
async def test_a_line_offers_what_can_be_done_about_its_goal(
    project: Path, first: int, last: int, titles: list[str]
) -> None:
    async with opened(project) as (folder, goals):
        path = project / GOALS_FILE
        commands = list(goal_view.commands_at(folder, goals, path, first, last))
    assert [command.as_action().title for command in commands] == titles
    assert all(command.as_action().arguments for command in commands)


async def test_lenses_leave_out_the_goal_that_they_stand_above(project: Path) -> None:
    async with opened(project) as (folder, goals):
        lenses = list(goal_view.lenses(folder, goals, project / GOALS_FILE))
        (first, _) = goals.statuses.goals()
    assert [(lens.range.start.line, lens.command.title) for lens in lenses if lens.command] == [
        (0, "Holdfast: Work on this goal"),
        (0, "Holdfast: Work on this goal with Max Mode"),
        (0, "Holdfast: Check now"),
        (4, "Holdfast: Work on this goal"),
        (4, "Holdfast: Work on this goal with Max Mode"),
        (4, "Holdfast: Check now"),
    ]
    assert lenses[0].command is not None
    assert lenses[0].command.arguments == [
        {"goalId": first.id, "uri": (project / GOALS_FILE).as_uri()}
    ]


async def test_a_file_outside_of_the_folder_has_no_goals(project: Path) -> None:
    async with opened(project) as (folder, goals):
        assert list(goal_view.commands_at(folder, goals, Path("/etc/hosts"), 0, 9)) == []
