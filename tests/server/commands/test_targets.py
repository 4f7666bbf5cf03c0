from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.domain.errors import ConfigurationError, HoldfastError
from lsp_server.domain.tasks import Selection, Task
from lsp_server.server.commands.targets import FIX_DIAGNOSTICS, WORK_ON_SELECTION, place_of, task_of
from lsp_server.server.folders import Folder, Folders
from lsp_server.server.params import RunStart
from lsp_server.settings.sections import MaxModeSettings, RunSettings, Settings

TEXT = "one\r\ntwo 😀\r\nthree\r\n"


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


async def task(project: Path, settings: Settings | None = None, **arguments: Any) -> Task:
    _, folder = opened(project)
    path = project / "a b.py" if "range" in arguments or "uri" in arguments else None
    if path is not None:
        folder.documents.open(path, TEXT)
    start = RunStart.model_validate(arguments)
    return await task_of(start, folder, path, settings or Settings(), "utf-16")


@pytest.mark.parametrize(
    ("range_", "selection"),
    [
        (span((0, 1), (0, 2)), (1, 1, "one")),
        (span((1, 0), (1, 6)), (2, 2, "two 😀")),
        (span((0, 0), (2, 0)), (1, 2, "one\ntwo 😀")),
        (span((1, 3), (2, 1)), (2, 3, "two 😀\nthree")),
        (span((2, 0), (2, 0)), (3, 3, "three")),
        (span((0, 0), (99, 99)), (1, 3, "one\ntwo 😀\nthree")),
    ],
)
async def test_a_range_selects_its_whole_lines(
    project: Path, range_: Any, selection: tuple[int, int, str]
) -> None:
    made = await task(project, range=range_)
    assert made.selection == Selection("a b.py", *selection)
    assert made.instruction == WORK_ON_SELECTION


async def test_diagnostics_become_findings(project: Path) -> None:
    wrong = {"range": span((1, 0), (1, 3)), "message": "bad", "severity": 2, "source": "lint"}
    made = await task(project, range=span((1, 0), (1, 3)), diagnostics=[wrong])
    assert made.instruction == FIX_DIAGNOSTICS
    assert [(f.path, f.line, f.severity, f.message) for f in made.findings] == [
        ("a b.py", 2, "warning", "bad")
    ]


async def test_a_file_without_a_range_is_named(project: Path) -> None:
    made = await task(project, prompt=" Do it. ", uri="given")
    assert made.instruction == "Do it.\n\nIt is about the file a b.py."


async def test_limits_and_sampling_come_from_settings_and_argument(project: Path) -> None:
    settings = Settings(run=RunSettings(steps_max=7), max_mode=MaxModeSettings(enabled=True))
    made = await task(project, settings, prompt="x", samples=4, mode="plan")
    assert (made.budget.steps_max, made.mode) == (7, "plan")
    assert (made.sampling.max_mode, made.sampling.samples) == (True, 4)


@pytest.mark.parametrize("arguments", [{}, {"prompt": "  "}, {"goalId": "g"}])
async def test_nothing_to_do_is_said(project: Path, arguments: Any) -> None:
    with pytest.raises(HoldfastError):
        await task(project, **arguments)


def test_places_are_below_a_folder(project: Path) -> None:
    folders, folder = opened(project)
    assert place_of(None, folders) == (folder, None)
    uri = (project / "sub/x.py").as_uri()
    assert place_of(uri, folders) == (folder, project / "sub/x.py")
    for wrong in ("untitled:1", "vscode-remote://ssh/x", "file:///etc/passwd", f"{uri}/../../../x"):
        with pytest.raises(JsonRpcInvalidParams):
            place_of(wrong, folders)
    with pytest.raises(ConfigurationError, match="open a folder"):
        place_of(None, Folders())


def test_the_innermost_folder_is_meant_and_the_last_used_one_without_a_place(
    project: Path,
) -> None:
    inner = project / "inner"
    inner.mkdir()
    folders, outer = opened(project)
    nested = folders.add(inner.as_uri())
    assert nested is not None
    assert folders.of(inner / "x") is nested
    assert folders.of(project / "x") is outer
    assert folders.current is outer
    folders.use(nested)
    assert folders.current is nested
    folders.remove(inner.as_uri())
    assert folders.current is outer
    assert folders.of(inner / "x") is outer


@pytest.mark.parametrize("uri", ["untitled:x", "vscode-remote://x/y", "file:///no/such/folder"])
def test_a_folder_that_is_not_on_this_machine_is_none(uri: str) -> None:
    assert Folders().add(uri) is None
