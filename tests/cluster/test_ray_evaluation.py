"""An evaluation over a cluster of three nodes comes to what one machine comes to."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.harness.command_line import HOLDS, Ended, ended, started
from tests.harness.files import lay_out
from tests.harness.ray_cluster import FRESH_WORKER, SECONDS_MAX, RayNodes, holdfast_over_ray

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

TASKS = tuple(f"task-{number}" for number in range(8))
SANDBOX = () if HOLDS else ("--sandbox", "off")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Eight tasks, whose tests take long enough for a machine to die meanwhile."""
    for name in TASKS:
        lay_out(
            tmp_path / "suite" / name,
            {
                "task.toml": "[metadata]\nsteps_max = 20\n",
                "instruction.md": "Make it right.\n",
                "environment/a.txt": "wrong\n",
                "tests/test.sh": "sleep 2\ngrep -q right /app/a.txt\n",
                "solution/solve.sh": "cp -R /solution/files/. /app/\n",
                "solution/files/a.txt": "right\n",
            },
        )
    return tmp_path / "suite"


def command(suite: Path, *more: str) -> tuple[str, ...]:
    return (
        "evaluate",
        str(suite),
        "--scripted",
        "--error-rate",
        "0",
        "--out",
        "out",
        *SANDBOX,
        *more,
    )


async def evaluated(cluster: RayNodes, suite: Path, *more: str, **environment: str) -> Ended:
    return await holdfast_over_ray(
        *command(suite, "--ray", cluster.address, *more),
        folder=suite.parent,
        **{**cluster.environment, **environment},
    )


def solved(suite: Path) -> Counter[tuple[str, str]]:
    """How often each task has a result, and which."""
    lines = (suite.parent / "out" / "results.jsonl").read_text().splitlines()
    results = [json.loads(line) for line in lines]
    return Counter((one["cell"]["task"], one["status"] + one["why"]) for one in results)


ALL_SOLVED = Counter({(name, "solved"): 1 for name in TASKS})


async def test_settings_of_another_machine_are_refused(cluster: RayNodes, suite: Path) -> None:
    ran = await evaluated(cluster, suite, HOLDFAST_MEMORY__COMMITS_MAX="7777")
    assert ran.status == 2, ran
    assert "differs in [memory] from the machine that evaluates" in ran.errors
    assert "7777" not in ran.errors


async def test_a_stopped_one_goes_on_where_it_ended(cluster: RayNodes, suite: Path) -> None:
    arguments = command(suite, "--ray", cluster.address)
    environment = {"RAY_USAGE_STATS_ENABLED": "0", **cluster.environment}
    async with (
        asyncio.timeout(SECONDS_MAX),
        started(*arguments, folder=suite.parent, **environment) as process,
    ):
        assert process.stdout is not None
        await process.stdout.readline()  # The first cell has ended.
        process.send_signal(signal.SIGINT)
        stopped = await ended(process, SECONDS_MAX)
    assert stopped.status == 130, stopped
    assert "go on with --resume" in stopped.errors
    assert 0 < sum(solved(suite).values()) < len(TASKS)
    ran = await evaluated(cluster, suite, "--resume")
    assert (ran.status, solved(suite)) == (0, ALL_SOLVED), ran


async def test_what_a_lost_process_and_a_lost_machine_had_is_worked_on_once_more(
    cluster: RayNodes, suite: Path
) -> None:
    killing = asyncio.create_task(cluster.kill_worker(FRESH_WORKER))
    cluster.kill_node()
    ran = await evaluated(cluster, suite)
    await killing
    assert (ran.status, solved(suite)) == (0, ALL_SOLVED), ran
    report = json.loads((suite.parent / "out" / "report.json").read_text())
    assert report["arms"][0]["solved"] == len(TASKS)
