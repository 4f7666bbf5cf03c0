from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from lsp_server.domain.errors import ConfigurationError
from lsp_server.server.folders import Folder, Folders, uris_of


def opened(*roots: Path) -> tuple[Folders, list[Folder]]:
    folders = Folders()
    added = [folder for root in roots if (folder := folders.add(root.as_uri())) is not None]
    return folders, added


def test_the_innermost_folder_is_meant_and_the_last_used_one_without_a_place(
    project: Path,
) -> None:
    inner = project / "inner"
    inner.mkdir()
    folders, (outer, nested) = opened(project, inner)
    assert folders.of(inner / "x") is nested
    assert folders.of(project / "x") is outer
    assert folders.current is outer
    folders.use(nested)
    assert folders.current is nested
    assert folders.in_order() == (nested, outer)
    folders.remove(inner.as_uri())
    assert folders.current is outer
    assert folders.of(inner / "x") is outer


@pytest.mark.parametrize("uri", ["untitled:x", "vscode-remote://x/y", "file:///no/such/folder"])
def test_a_folder_that_is_not_on_this_machine_is_none(uri: str) -> None:
    assert Folders().add(uri) is None


@pytest.mark.parametrize("uri", ["untitled:1", "vscode-remote://x/y", "file:///etc/passwd"])
def test_a_document_outside_of_the_folders_is_nowhere(project: Path, uri: str) -> None:
    folders, (folder,) = opened(project)
    assert folders.locate(uri) is None
    inside = project / "sub" / "x.py"
    assert folders.locate(inside.as_uri()) == (folder, inside)


@pytest.mark.parametrize(
    ("problem", "message"),
    [("", "is still being opened"), ("project cannot be opened: disk", "cannot be opened: disk")],
)
def test_a_folder_without_a_session_says_why(project: Path, problem: str, message: str) -> None:
    folders, (folder,) = opened(project)
    folder.problem = problem
    with pytest.raises(ConfigurationError, match=message):
        folder.require_session()
    assert folders.sessions() == []
    assert folders.opened() == []


def test_a_folder_is_named_only_among_several(project: Path) -> None:
    inner = project / "inner"
    inner.mkdir()
    folders, _ = opened(project)
    assert folders.name_among_several(project) is None
    folders.add(inner.as_uri())
    assert folders.name_among_several(project) == "project"


@pytest.mark.parametrize(
    ("more", "uris"),
    [
        ({"workspace_folders": [types.WorkspaceFolder("file:///a", "a")]}, ["file:///a"]),
        ({"root_uri": "file:///b", "root_path": "/c"}, ["file:///b"]),
        ({"root_path": "/c"}, ["file:///c"]),
        ({}, []),
    ],
)
def test_initialize_names_folders_in_three_ways(more: dict[str, object], uris: list[str]) -> None:
    params = types.InitializeParams(types.ClientCapabilities(), **more)  # type: ignore[arg-type]
    assert uris_of(params) == uris
