"""`holdfast evaluate` as a person meets it: a process, its results and its report."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command_line import HOLDS, Ended, ended, holdfast, started
from tests.harness.files import lay_out
from tests.harness.git import git

SANDBOX = () if HOLDS else ("--sandbox", "off")
REPORTS = ("report.json", "report.md", "report.html")


def make(suite: Path, name: str, test: str = "grep -q right /app/a.txt", **more: bytes) -> None:
    files: dict[str, str | bytes] = {
        "task.toml": "[metadata]\nsteps_max = 20\n",
        "instruction.md": "Make it right.\n",
        "environment/a.txt": "wrong\n",
        "tests/test.sh": f"{test}\n",
        "solution/solve.sh": "cp -R /solution/files/. /app/\n",
        "solution/files/a.txt": "right\n",
    }
    lay_out(suite / name, files | {path.replace("__", "/"): text for path, text in more.items()})


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        make(tmp_path / "suite", name)
    return tmp_path / "suite"


async def evaluate(suite: Path, *arguments: str) -> Ended:
    return await holdfast(*command(suite, *arguments), folder=suite.parent)


def command(suite: Path, *arguments: str) -> tuple[str, ...]:
    return ("evaluate", str(suite), "--scripted", "--out", "out", *SANDBOX, *arguments)


def results(suite: Path) -> list[dict[str, Any]]:
    lines = (suite.parent / "out" / "results.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def cells(suite: Path) -> Counter[tuple[str, str, int]]:
    named = [one["cell"] for one in results(suite)]
    return Counter((cell["task"], cell["arm"], cell["repeat"]) for cell in named)


async def test_a_report_says_what_was_solved_and_that_it_is_a_simulation(suite: Path) -> None:
    ran = await evaluate(suite, "--arms", "single,max", "--repeats", "2", "--error-rate", "0")
    assert (ran.status, ran.errors) == (0, "")
    out = suite.parent / "out"
    for name in REPORTS:
        text = (out / name).read_text("utf-8")
        assert "scripted agent follows the solution" in text, name
    report = json.loads((out / "report.json").read_text())
    assert [(arm["arm"], arm["graded"], arm["solved"]) for arm in report["arms"]] == [
        ("single", 4, 4),
        ("max", 4, 4),
    ]
    assert report["arms"][0]["cost_usd_per_solved"]["value"] > 0
    assert report["missing"] == 0
    assert "4 of 4" in ran.output
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 3
    assert not [word for word in ("<script", "http:", "https:", "url(", "@import") if word in page]


async def test_predictions_are_as_the_harness_of_swe_bench_takes_them(suite: Path) -> None:
    await evaluate(suite, "--error-rate", "0")
    lines = (suite.parent / "out" / "single" / "predictions.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert set(first) == {"instance_id", "model_name_or_path", "model_patch"}
    assert first["instance_id"] == "first"
    assert first["model_patch"].endswith("-wrong\n+right\n")


async def test_errors_of_the_agent_cost_tasks_and_are_the_same_each_time(suite: Path) -> None:
    told = []
    for _ in range(2):
        await evaluate(suite, "--error-rate", "1", "--arms", "single")
        told += [[(one["status"], one["steps"], one["prompt_tokens"]) for one in results(suite)]]
        (suite.parent / "out" / "results.jsonl").unlink()
    assert [status for status, *_ in told[0]] == ["unsolved", "unsolved"]
    assert [one[:2] for one in told[0]] == [one[:2] for one in told[1]]


async def test_what_has_a_result_is_not_worked_on_again(suite: Path) -> None:
    await evaluate(suite)
    again = await evaluate(suite)
    assert again.status == 2
    assert "--resume" in again.errors
    more = await evaluate(suite, "--resume", "--repeats", "2")
    assert "of 4  " in more.output
    assert " 1 of 4  " not in more.output, "what was done before is counted"
    assert more.status == 0
    assert set(cells(suite).values()) == {1}
    assert len(cells(suite)) == 4


async def test_another_setting_is_another_cell(suite: Path) -> None:
    await evaluate(suite)
    await evaluate(suite, "--resume", "--steps", "7")
    assert set(cells(suite).values()) == {2}
    report = json.loads((suite.parent / "out" / "report.json").read_text())
    assert report["arms"][0]["graded"] == 2


async def test_a_cell_that_fails_is_told_apart_and_the_others_go_on(suite: Path) -> None:
    make(suite, "broken", solution__solve_sh=b"exit 3\n")
    (suite / "broken" / "solution" / "solve.sh").write_text("exit 3\n")
    ran = await evaluate(suite, "--error-rate", "0")
    assert ran.status == 1
    by_task = {one["cell"]["task"]: one["status"] for one in results(suite)}
    assert by_task == {"broken": "error", "first": "solved", "second": "solved"}
    assert "the solution of broken fails" in ran.output
    report = json.loads((suite.parent / "out" / "report.json").read_text())
    assert (report["arms"][0]["graded"], report["arms"][0]["errors"]) == (2, 1)
    (suite / "broken" / "solution" / "solve.sh").write_text("cp -R /solution/files/. /app/\n")
    assert (await evaluate(suite, "--resume", "--error-rate", "0")).status == 0


async def test_errors_are_worked_on_again_on_request(suite: Path) -> None:
    make(suite, "flaky", test="test -e /tests/fixed && exit 0; echo x > /logs/verifier/reward.txt")
    assert (await evaluate(suite, "--only", "flaky")).status == 1
    assert (await evaluate(suite, "--only", "flaky", "--resume")).status == 1
    assert len(results(suite)) == 1
    assert (await evaluate(suite, "--only", "flaky", "--retry-errors")).status == 1
    assert len(results(suite)) == 2


async def wait_for_results(suite: Path, count: int) -> None:
    path = suite.parent / "out" / "results.jsonl"
    async with asyncio.timeout(60):
        while not path.exists() or path.read_bytes().count(b"\n") < count:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(suite: Path, number: signal.Signals) -> None:
    make(suite, "zz-slow", test="sleep 60")
    async with started(*command(suite), folder=suite.parent) as process:
        await wait_for_results(suite, 2)
        process.send_signal(number)
        told = await ended(process)
    assert told.status == 130
    assert "go on with --resume" in told.errors
    assert len(results(suite)) == 2
    out = suite.parent / "out"
    assert json.loads((out / "report.json").read_text())["missing"] == 1
    assert not list(out.glob("cells/*/app"))


async def test_a_kill_loses_the_cells_at_work_alone(suite: Path) -> None:
    for number in range(4):
        make(suite, f"more-{number}", test="sleep 0.2; grep -q right /app/a.txt")
    async with started(*command(suite, "--jobs", "2"), folder=suite.parent) as process:
        await wait_for_results(suite, 2)
        process.kill()
        await process.wait()
    kept = results(suite)
    assert (await evaluate(suite, "--resume", "--jobs", "2")).status == 0
    assert results(suite)[: len(kept)] == kept
    assert set(cells(suite).values()) == {1}
    assert len(cells(suite)) == 6


async def test_two_processes_do_not_work_in_one_folder(suite: Path) -> None:
    make(suite, "zz-slow", test="sleep 60")
    async with started(*command(suite), folder=suite.parent) as process:
        await wait_for_results(suite, 1)
        other = await evaluate(suite, "--resume")
        process.kill()
    assert other.status == 2
    assert "another evaluation works in" in other.errors


async def test_nothing_is_evaluated_within_a_repository(suite: Path) -> None:
    """Or the agent would find the files and the history of whoever asks for it."""
    (suite.parent / "mine").mkdir()
    git(suite.parent / "mine", "init", "--quiet")
    ran = await evaluate(suite, "--out", str(suite.parent / "mine" / "report"))
    assert (ran.status, "lies in the git repository" in ran.errors) == (2, True)
    assert not (suite.parent / "mine" / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--arms", "single,best"), "'best' is no arm; known are: single, max, gated, attempts"),
        (("--arms", ","), "no arm is named"),
        (("--only", "third"), "no task"),
        (("--out", "with space"), "letters"),
    ],
)
async def test_a_wrong_call_says_what_helps(
    suite: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = await evaluate(suite, *arguments)
    assert ran.status == 2
    assert says in ran.errors


async def test_a_task_that_cannot_be_worked_on_here_is_named(suite: Path) -> None:
    (suite / "second" / "task.toml").write_text("[metadata]\nprograms = ['no-such-program-7']\n")
    ran = await evaluate(suite, "--error-rate", "0")
    assert ran.status == 0
    assert "`second`: no-such-program-7 is not installed here" in ran.output
    assert "1 of 1" in ran.output


@pytest.mark.slow
async def test_the_tasks_that_ship_are_worked_on_within_the_time_of_a_test(tmp_path: Path) -> None:
    arguments = ("--scripted", "--arms", "single,max", "--jobs", "4", "--out", "out", *SANDBOX)
    async with started("evaluate", *arguments, folder=tmp_path) as process:
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    single, sampled = report["arms"]
    assert single["graded"] == sampled["graded"] == 20 - len(report["unavailable"])
    assert 0 < single["solved"] <= sampled["solved"]
    assert b"A simulation, not a measurement of a model" in output


async def test_without_a_model_nothing_is_begun(suite: Path) -> None:
    ran = await holdfast(
        *("evaluate", str(suite), "--out", "out", *SANDBOX),
        folder=suite.parent,
        HOLDFAST_MODEL__BASE_URL="http://127.0.0.1:9/v1",
        HOLDFAST_MODEL__NAME="x",
    )
    assert ran.status == 2
    assert "127.0.0.1:9" in ran.errors
    assert not (suite.parent / "out" / "results.jsonl").exists()


@pytest.mark.parametrize("out", [".", "out", "first/tests"])
async def test_results_are_never_written_among_the_tasks(suite: Path, out: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in suite.rglob("*")}
    ran = await evaluate(suite, "--out", str(suite / out))
    assert ran.status == 2
    assert "lies in the tasks" in ran.errors
    assert {path: path.stat().st_mtime_ns for path in suite.rglob("*")} == before


async def test_a_cluster_that_is_not_there_ends_it_with_what_helps(
    suite: Path,
) -> None:
    pytest.importorskip("ray")
    with socket.socket() as silent:  # Bound, so that nobody else listens there.
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        ran = await evaluate(suite, "--ray", address)
    assert ran.status == 2
    assert f"no Ray cluster answers at {address}" in ran.errors
    assert not (suite.parent / "out").exists()


async def test_without_ray_it_says_what_installs_it(suite: Path, tmp_path: Path) -> None:
    lay_out(tmp_path / "shadow", {"ray.py": "raise ImportError('not here')\n"})
    arguments = command(suite, "--ray", "local")
    ran = await holdfast(*arguments, folder=suite.parent, PYTHONPATH=str(tmp_path / "shadow"))
    assert ran.status == 2
    assert "Ray is not installed; `pip install 'holdfast[cluster]'`" in ran.errors
