"""Tasks in Harbor's format: what is read of them, where their folders are, what their reward is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lsp_server.domain.errors import ConfigurationError, ToolError
from lsp_server.domain.tasks import Budget
from lsp_server.evaluation.container_paths import with_local_paths
from lsp_server.evaluation.grading import read_reward
from lsp_server.evaluation.harbor_task import HarborTask
from lsp_server.evaluation.task import Place
from lsp_server.evaluation.task_folder import find_tasks
from lsp_server.workspace.commands.commands import HostCommandRunner
from tests.harness.files import lay_out


def make(folder: Path, toml: str = "", **more: str) -> Path:
    files = {
        "task.toml": toml,
        "instruction.md": "Fix /app/a.py.\n",
        "environment/a.py": "x = 1\n",
        "environment/Dockerfile": "FROM x\nWORKDIR /app\n",
        "tests/test.sh": "grep -q 2 /app/a.py\n",
        "solution/solve.sh": "echo 'x = 2' > /app/a.py\n",
    }
    lay_out(folder, files | more)
    return folder


def test_limits_are_those_of_the_file(tmp_path: Path) -> None:
    toml = (
        'version = "1.0"\n[metadata]\nsteps_max = 9\ntokens_max = 1000\nauthor_name = "x"\n'
        "[agent]\ntimeout_sec = 60.0\n[verifier]\ntimeout_sec = 5\n[environment]\ncpus = 2\n"
    )
    task = HarborTask.read(make(tmp_path / "t", toml))
    assert task.budget == Budget(9, 1000, None, 60.0)
    assert task.file.verifier.timeout_sec == 5


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[agent]\ntimeout_sec = 0", "agent.timeout_sec"),
        ("[metadata]\nsteps_max = 'many'", "metadata.steps_max"),
        ("[agent", "is no task"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, toml: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        HarborTask.read(make(tmp_path / "t", toml))


@pytest.mark.parametrize(
    ("toml", "without", "says"),
    [
        ("[metadata]\nprograms = ['no-such-program-7']", "", "no-such-program-7 is not installed"),
        ("[[steps]]\nname = 'a'", "", "several steps"),
        ("", "tests/test.sh", "no tests/test.sh"),
    ],
)
def test_what_cannot_be_worked_on_here_says_why(
    tmp_path: Path, toml: str, without: str, says: str
) -> None:
    folder = make(tmp_path / "t", toml)
    if without:
        (folder / without).unlink()
    assert says in HarborTask.read(folder).unavailable


async def test_the_agent_gets_the_environment_alone(tmp_path: Path) -> None:
    task, place = HarborTask.read(make(tmp_path / "t")), Place(tmp_path / "place")
    await task.lay_out(place, HostCommandRunner())
    assert [path.name for path in place.folder.rglob("*")] == ["app", "a.py"]
    assert task.instruction(place) == f"Fix {place.workspace}/a.py.\n"


@pytest.mark.parametrize(
    ("toml", "dockerfile", "workdir"),
    [
        ("", "FROM x\n", "/app"),
        ("", "FROM x\nWORKDIR /a\nworkdir /srv/b/\n", "/srv/b"),
        ("", "FROM x\nWORKDIR relative\n", "/app"),
        ("[environment]\nworkdir = '/root'", "FROM x\nWORKDIR /a\n", "/root"),
    ],
)
def test_the_working_folder_is_that_of_the_container(
    tmp_path: Path, toml: str, dockerfile: str, workdir: str
) -> None:
    more = {"environment/Dockerfile": dockerfile, "instruction.md": f"cd {workdir}"}
    task, place = HarborTask.read(make(tmp_path / "t", toml, **more)), Place(tmp_path / "place")
    assert task.instruction(place) == f"cd {place.workspace}"


PLACES = {"/app": Path("/w/app"), "/tests": Path("/w/t"), "/logs/verifier": Path("/w/l")}


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("/app", "/w/app"),
        ("cd /app && ls '/tests/a b' > /logs/verifier/reward.txt", None),
        ("/app/tests/a", "/w/app/tests/a"),
        ("look at /app.", "look at /w/app."),
        ("x=/app;y=(/tests)", "x=/w/app;y=(/w/t)"),
        ("src/app ./tests ../tests ${X}/tests $(pwd)/tests ~/app */tests", ""),
        ("/apple /app-2 /app.py /tests2 /logs /my/logs/verifier", ""),
        ("https://example.com/app", ""),
    ],
)
def test_folders_of_the_container_are_replaced_where_they_begin_a_path(
    text: str, local: str | None
) -> None:
    if local is None:
        local = "cd /w/app && ls '/w/t/a b' > /w/l/reward.txt"
    assert with_local_paths(text, PLACES) == (local or text)


@pytest.mark.parametrize(
    ("files", "reward"),
    [
        ({}, None),
        ({"reward.txt": "1"}, 1.0),
        ({"reward.txt": " 0.25\n"}, 0.25),
        ({"reward.json": '{"reward": 1, "style": 0}'}, 1.0),
        ({"reward.json": '{"a": 1, "b": 0.5}'}, 0.5),
        ({"reward.json": "1"}, 1.0),
        ({"reward.json": '{"reward": 0}', "reward.txt": "1"}, 0.0),
    ],
)
def test_a_reward_is_read_as_harbor_does(
    tmp_path: Path, files: dict[str, str], reward: float | None
) -> None:
    lay_out(tmp_path, files)
    assert read_reward(tmp_path) == reward


@pytest.mark.parametrize(
    "files",
    [
        {"reward.txt": ""},
        {"reward.txt": "nan"},
        {"reward.txt": "yes"},
        {"reward.json": '{"reward": true}'},
        {"reward.json": '{"reward": "1"}'},
        {"reward.json": '{"reward": 1e999}'},
        {"reward.json": "{}"},
        {"reward.json": "[1"},
    ],
)
def test_a_reward_that_is_no_number_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    lay_out(tmp_path, files)
    with pytest.raises(ToolError, match="number"):
        read_reward(tmp_path)


def test_a_reward_outside_of_the_logs_is_not_read(tmp_path: Path) -> None:
    lay_out(tmp_path, {"logs/x": "", "outside": "1"})
    reward = tmp_path / "logs" / "reward.txt"
    reward.symlink_to(tmp_path / "outside")
    with pytest.raises(ToolError, match="cannot be read"):
        read_reward(tmp_path / "logs")
    reward.unlink()
    os.mkfifo(reward)
    with pytest.raises(ToolError, match="a pipe"):
        read_reward(tmp_path / "logs")


@pytest.mark.parametrize("name", ["task.toml", "instruction.md"])
def test_nothing_waits_for_a_task_that_is_a_pipe(tmp_path: Path, name: str) -> None:
    folder = make(tmp_path / "t")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ConfigurationError, match="a pipe"):
        HarborTask.read(folder)


def test_files_of_a_task_have_any_name(tmp_path: Path) -> None:
    folder = make(tmp_path / "t")
    before = HarborTask.read(folder).digest
    (folder / "environment" / os.fsdecode(b"a\n\xff")).touch()
    assert HarborTask.read(folder).digest != before


def test_tasks_are_found_by_name(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        make(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    assert [task.name for task in find_tasks(tmp_path)] == ["one", "three", "two"]
    assert [task.name for task in find_tasks(tmp_path, ("t*",))] == ["three", "two"]
    assert [task.name for task in find_tasks(tmp_path / "one")] == ["one"]
    with pytest.raises(ConfigurationError, match="is called x"):
        find_tasks(tmp_path, ("x",))
    with pytest.raises(ConfigurationError, match="has no task"):
        find_tasks(tmp_path / "one" / "tests")
    with pytest.raises(ConfigurationError, match="does not exist"):
        find_tasks(tmp_path / "four")


def test_a_digest_changes_with_any_file(tmp_path: Path) -> None:
    folder = make(tmp_path / "t")
    before = HarborTask.read(folder).digest
    (folder / "tests" / "__pycache__").mkdir()
    (folder / "tests" / "__pycache__" / "a.pyc").write_text("x")
    assert HarborTask.read(folder).digest == before
    (folder / "tests" / "test.sh").write_text("false\n")
    assert HarborTask.read(folder).digest != before
