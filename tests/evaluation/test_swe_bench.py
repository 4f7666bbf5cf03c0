"""Instances of SWE-bench with local clones: what the agent sees, and what grades it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.assemble.evaluation import grading_commands
from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.evaluation.grading import grade
from lsp_server.evaluation.swe_bench import SweBenchTask, read_instances
from lsp_server.evaluation.task import Place
from lsp_server.evaluation.task_folder import find_tasks
from lsp_server.settings.sections import Settings
from tests.harness.command_line import HOLDS, holdfast
from tests.harness.files import lay_out
from tests.harness.git import committed, git

SETTINGS = Settings.model_validate({"permissions": {"mode": "sandboxed" if HOLDS else "full"}})
COMMAND = "python3 -m unittest {tests}"
BEFORE = {
    "half.py": "def half(n):\n    return n // 2\n",
    "test_half.py": (
        "import unittest\nfrom half import half\n\n\n"
        "class Half(unittest.TestCase):\n    def test_even(self):\n"
        "        self.assertEqual(half(4), 2)\n"
    ),
    ".gitattributes": "test_half.py export-ignore\n",
}
TEST = "\n    def test_odd(self):\n        self.assertEqual(half(3), 1.5)\n"


def make(folder: Path, **changes: Any) -> Path:
    """A clone with a fix in its history, and the file of one instance."""
    clone = lay_out(folder / "clones" / "acme__half", BEFORE)
    base = committed(clone)
    (clone / "half.py").write_text("def half(n):\n    return n / 2\n")
    patch = git(clone, "diff")
    git(clone, "commit", "-qam", "Fix")
    (clone / "test_half.py").write_text(BEFORE["test_half.py"] + TEST)
    test_patch = git(clone, "diff")
    git(clone, "commit", "-qam", "Test")
    instance = {
        "instance_id": "acme__half-1",
        "repo": "acme/half",
        "base_commit": git(clone, "rev-parse", base),
        "problem_statement": "half(3) is 1",
        "patch": patch,
        "test_patch": test_patch,
        "FAIL_TO_PASS": json.dumps(["test_half.Half.test_odd"]),
        "PASS_TO_PASS": ["test_half.Half.test_even"],
        "hints_text": "none",
    }
    file = folder / "instances.jsonl"
    file.write_text(json.dumps(instance | changes) + "\n")
    return file


async def graded(task: SweBenchTask, folder: Path, *, solved: bool, edit: str = "") -> float:
    place = Place(folder)

    def commands(*more: Path) -> Any:
        return grading_commands(SETTINGS, place.workspace, (place.logs,), (folder, *more))

    await task.lay_out(place, commands(*task.sources))
    if solved:
        await task.lay_out_solution(place, commands())
    if edit:
        (place.workspace / "test_half.py").write_text(edit)
    tests = await task.lay_out_tests(place, commands(*task.sources))
    return (await grade(place, tests, commands())).reward


async def test_its_tests_fail_before_its_patch_and_pass_with_it(tmp_path: Path) -> None:
    (task,) = read_instances(make(tmp_path), tmp_path / "clones", COMMAND)
    assert await graded(task, tmp_path / "before", solved=False) == 0
    assert await graded(task, tmp_path / "after", solved=True) == 1


async def test_the_agent_sees_the_tree_of_the_commit_and_no_history(tmp_path: Path) -> None:
    (task,) = read_instances(make(tmp_path), tmp_path / "clones", COMMAND)
    place = Place(tmp_path / "place")
    runner = grading_commands(SETTINGS, place.workspace, (), task.sources)
    await task.lay_out(place, runner)
    found = {path.name: path.read_text() for path in place.workspace.iterdir()}
    assert found == BEFORE


async def test_what_the_agent_wrote_into_the_tests_does_not_count(tmp_path: Path) -> None:
    (task,) = read_instances(make(tmp_path), tmp_path / "clones", COMMAND)
    forged = "import unittest\n\n\nclass Half(unittest.TestCase):\n    def test_odd(self):\n        pass\n"
    assert await graded(task, tmp_path / "forged", solved=False, edit=forged) == 0
    assert await graded(task, tmp_path / "solved", solved=True, edit=forged) == 1


async def test_a_commit_that_is_not_there_is_said(tmp_path: Path) -> None:
    (task,) = read_instances(make(tmp_path, base_commit="0" * 40), tmp_path / "clones", COMMAND)
    with pytest.raises(ToolError, match="acme__half-1 cannot be laid out"):
        await graded(task, tmp_path / "place", solved=False)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"repo": "../x"}, "instance 1: repo"),
        ({"base_commit": "main; rm -rf x"}, "instance 1: base_commit"),
        ({"instance_id": "a/b"}, "instance 1: instance_id"),
        ({"FAIL_TO_PASS": "no list"}, "instance 1: FAIL_TO_PASS|cannot be read"),
        ({"test_patch": None}, "instance 1: test_patch"),
    ],
)
def test_a_wrong_instance_is_named(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_instances(make(tmp_path, **changes), tmp_path / "clones")


def test_a_missing_clone_is_named_with_where_to_put_it(tmp_path: Path) -> None:
    (task,) = find_tasks(make(tmp_path, repo="acme/other"), (), tmp_path / "clones")
    assert "put one at" in task.unavailable
    assert "acme__other" in task.unavailable
    with pytest.raises(ConfigurationError, match="--repositories"):
        find_tasks(tmp_path / "instances.jsonl")


async def test_the_command_works_on_instances(tmp_path: Path) -> None:
    make(tmp_path)
    ran = await holdfast(
        *("evaluate", "instances.jsonl", "--repositories", "clones", "--test-command", COMMAND),
        *("--scripted", "--error-rate", "0", "--out", "out"),
        *(() if HOLDS else ("--sandbox", "off")),
        folder=tmp_path,
    )
    assert (ran.status, ran.errors) == (0, "")
    line = json.loads((tmp_path / "out" / "single" / "predictions.jsonl").read_text())
    assert line["instance_id"] == "acme__half-1"
    assert line["model_patch"].endswith("-    return n // 2\n+    return n / 2\n")
