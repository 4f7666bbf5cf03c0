"""A base is built on a terminal, and another clone works over it."""

from __future__ import annotations

import json
import socket
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


async def test_a_build_removes_what_a_killed_one_left_and_its_own_copies(
    project: Path, tmp_path: Path
) -> None:
    lay_out(project, {"valve.py": "def open_valve(): ...\n"})
    committed(project)
    temporary = tmp_path / "temporary"
    lay_out(temporary / "holdfast-scratch-left", {"valve.py": "def open_valve(): ...\n"})
    own = {**ON, "TMPDIR": str(temporary)}
    done = await holdfast("index", "--base", (tmp_path / "base").as_uri(), folder=project, **own)
    assert done.status == 0, done.errors
    assert not list(temporary.glob("holdfast-*"))


async def test_an_address_at_which_no_cluster_is_ends_with_its_name(
    project: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    lay_out(project, {"valve.py": "def open_valve(): ...\n"})
    committed(project)
    with socket.socket() as taken:
        # It is bound and does not listen, so that nobody else can take it meanwhile.
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        over = ("--base", (tmp_path / "base").as_uri(), "--ray", address)
        done = await holdfast("index", *over, folder=project, **ON)
    assert done.status == 2, done.errors
    assert f"no Ray cluster answers at {address}" in done.errors
