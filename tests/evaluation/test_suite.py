"""The tasks that ship: each has tests that fail before its solution and pass with it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lsp_server.assemble.evaluation import grading_commands
from lsp_server.evaluation.grading import Grade, grade
from lsp_server.evaluation.harbor_task import HarborTask
from lsp_server.evaluation.task import Place
from lsp_server.evaluation.task_folder import find_tasks, shipped_suite
from lsp_server.evaluation.tree_changes import differences, read_tree
from lsp_server.settings.sections import Settings
from tests.harness.command_line import HOLDS

TASKS = sorted(path for path in shipped_suite().iterdir() if path.is_dir())
SETTINGS = Settings.model_validate({"permissions": {"mode": "sandboxed" if HOLDS else "full"}})


async def graded(task: HarborTask, folder: Path, *, solved: bool) -> Grade:
    place = Place(folder)
    commands = grading_commands(SETTINGS, place.workspace, (place.logs,), (folder,))
    await task.lay_out(place, commands)
    if solved:
        before = read_tree(place.workspace)
        await task.lay_out_solution(place, commands)
        assert differences(before, read_tree(place.workspace))
    tests = await task.lay_out_tests(place, commands)
    return await grade(place, tests, commands)


@pytest.mark.parametrize("folder", TASKS, ids=lambda folder: folder.name)
async def test_its_tests_fail_before_its_solution_and_pass_with_it(
    folder: Path, tmp_path: Path
) -> None:
    task = HarborTask.read(folder)
    if task.unavailable:
        pytest.skip(task.unavailable)
    before = await graded(task, tmp_path / "before", solved=False)
    assert before.reward == 0, before.output
    assert "rror" in before.output, before.output
    after = await graded(task, tmp_path / "after", solved=True)
    assert after.reward == 1, after.output


def test_the_suite_is_varied() -> None:
    tasks = [HarborTask.read(folder) for folder in TASKS]
    assert len(tasks) == len(find_tasks(shipped_suite())) == 20
    languages = Counter(task.file.metadata.programs[0] for task in tasks)
    assert languages.keys() == {"python3", "node", "bash"}
    assert min(languages.values()) >= 2
