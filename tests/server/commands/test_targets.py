from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.tasks import Selection, Task
from lsp_server.server.commands.targets import NOTHING_TO_DO, folder_to_work_in, locate, task_of
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params.run_params import RunStart
from lsp_server.server.transport.errors import InvalidParams
from lsp_server.session.task_request import FIX_FINDINGS
from tests.harness.workshop import workshop

TEXT = "one\r\ntwo 😀\r\nthree\r\n"
GOALS = "## Retry on 429\n- [ ] the tests pass\n"


def span(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    return {
        name: {"line": line, "character": character}
        for name, (line, character) in (("start", start), ("end", end))
    }


def opened(project: Path) -> tuple[Folders, Folder]:
    folders = Folders()
    folder = folders.add(project.as_uri())
    assert folder is not None
    return folders, folder


async def task(project: Path, **arguments: Any) -> Task:
    """The task of `holdfast.run.start` about `a b.py`, whose buffer has TEXT."""
    _, folder = opened(project)
    path = project / "a b.py"
    folder.documents.open(path, TEXT)
    async with workshop(project, []) as shop:
        folder.session = shop.session
        about = path if "range" in arguments or "uri" in arguments else None
        return await task_of(RunStart.model_validate(arguments), folder, about, "utf-16")


@pytest.mark.parametrize(
    ("range_", "selection"),
    [
        (span((0, 1), (0, 2)), (1, 1, "one")),
        (span((1, 0), (1, 6)), (2, 2, "two 😀")),
        (span((0, 0), (99, 99)), (1, 3, "one\ntwo 😀\nthree")),
    ],
)
async def test_a_range_of_the_editor_selects_lines(
    project: Path, range_: Any, selection: tuple[int, int, str]
) -> None:
    made = await task(project, range=range_)
    assert made.selection == Selection("a b.py", *selection)


async def test_diagnostics_become_findings(project: Path) -> None:
    wrong = {"range": span((1, 0), (1, 3)), "message": "bad", "severity": 2, "source": "lint"}
    made = await task(project, range=span((1, 0), (1, 3)), diagnostics=[wrong])
    assert made.instruction == FIX_FINDINGS
    assert [(f.path, f.line, f.severity, f.message) for f in made.findings] == [
        ("a b.py", 2, "warning", "bad")
    ]


async def test_every_key_counts(project: Path) -> None:
    made = await task(project, prompt=" Do it. ", uri="x", samples=4, mode="plan", maxMode=True)
    assert made.instruction == "Do it.\n\nIt is about the file a b.py."
    assert (made.mode, made.sampling.max_mode, made.sampling.samples) == ("plan", True, 4)


@pytest.mark.parametrize("arguments", [{}, {"prompt": "  "}])
async def test_nothing_to_do_is_said_in_the_words_of_an_editor(
    project: Path, arguments: Any
) -> None:
    with pytest.raises(HoldfastError) as nothing:
        await task(project, **arguments)
    assert str(nothing.value) == NOTHING_TO_DO


def test_places_are_below_a_folder(project: Path) -> None:
    folders, folder = opened(project)
    assert locate(None, folders) == (folder, None)
    uri = (project / "sub/x.py").as_uri()
    assert locate(uri, folders) == (folder, project / "sub/x.py")
    for wrong in ("untitled:1", "vscode-remote://ssh/x", "file:///etc/passwd", f"{uri}/../../../x"):
        with pytest.raises(InvalidParams):
            locate(wrong, folders)
    with pytest.raises(ConfigurationError, match="open a folder"):
        locate(None, Folders())


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({}, "other"),
        ({"prompt": "x"}, "project"),
        ({"goalId": "unknown"}, "project"),
    ],
)
async def test_a_run_without_words_works_where_a_goal_is_open(
    project: Path, arguments: Any, name: str
) -> None:
    other = project.parent / "other"
    (other / ".holdfast").mkdir(parents=True)
    (other / ".holdfast" / "goals.md").write_text(GOALS)
    folders, first = opened(project)
    second = folders.add(other.as_uri())
    assert second is not None
    async with workshop(project, []) as one, workshop(other, []) as two:
        first.session, second.session = one.session, two.session
        start = RunStart.model_validate(arguments)
        assert folder_to_work_in(start, folders)[0].root.name == name
        (goal,) = two.session.goals.statuses.goals()
        named = RunStart.model_validate({"goalId": goal.id})
        assert folder_to_work_in(named, folders)[0] is second
