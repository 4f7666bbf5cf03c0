"""A base is built on a terminal, and another clone works over it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.command_line import holdfast
from tests.harness.files import lay_out
from tests.harness.git import committed, git

ON = {"HOLDFAST_MEMORY__ENABLED": "true", "HOLDFAST_MEMORY__EMBEDDER": "hashing"}


async def test_a_base_is_built_and_a_clone_indexes_what_differs(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {f"valve_{n}.py": f"def open_valve_{n}(): ...\n" for n in range(5)})
    commit = committed(project)
    uri = (tmp_path / "base").as_uri()
    built = await holdfast("index", "--base", uri, folder=project, **ON)
    assert built.status == 0, built.errors
    assert commit in built.output
    assert f"set memory.base_uri to {uri}" in built.output
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    (clone / "valve_1.py").write_text("def close_valve(): ...\n")
    over = {**ON, "HOLDFAST_MEMORY__BASE_URI": uri}
    found = await holdfast("search", "close_valve", "--json", folder=clone, **over)
    assert json.loads(found.output.splitlines()[0])["path"] == "valve_1.py"
    found = await holdfast("search", "open_valve_3", "--json", folder=clone, **over)
    assert json.loads(found.output.splitlines()[0])["path"] == "valve_3.py"
    report = await holdfast("doctor", folder=clone, **over)
    assert "## Memory\n\n1 file in 1 piece" in report.output
    assert f"over a base of commit {commit}" in report.output


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--base", " "), 2, "say where the base is to lie"),
        (("--base", "file:///nowhere"), 2, "git repository"),
    ],
)
async def test_what_cannot_be_built_is_named(
    project: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    done = await holdfast("index", *arguments, folder=project, **ON)
    assert done.status == status, done.errors
    assert words in done.errors
