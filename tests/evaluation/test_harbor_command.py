"""What Harbor's adapter runs, as a shell runs it, and what is read from what came of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lsp_server.evaluation.harbor_command import REMOTE_LOGS, read_usage, run_command
from tests.harness.files import lay_out

ODD = "Fix `a` $(rm -rf x) 'b' \"c\"\n--json"


@pytest.mark.parametrize(
    ("status", "told"), [(0, 0), (3, 0), (4, 0), (5, 0), (1, 1), (2, 2), (130, 130)]
)
def test_a_run_that_ended_by_itself_is_no_error(tmp_path: Path, status: int, told: int) -> None:
    script = f'#!/bin/sh\nprintf "%s|" "$@" > {tmp_path}/arguments\necho said\nexit {status}\n'
    lay_out(tmp_path, {".local/bin/holdfast": script})
    (tmp_path / ".local" / "bin" / "holdfast").chmod(0o755)
    command = run_command(ODD, "--attempts 2").replace(REMOTE_LOGS, str(tmp_path))
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", command], env=environment, check=False, timeout=30)
    assert done.returncode == told
    assert (tmp_path / "holdfast.jsonl").read_text() == "said\n"
    arguments = (tmp_path / "arguments").read_text().split("|")
    assert arguments[-2] == ODD
    assert arguments[:-2] == ["run", "--yes", "--sandbox", "off", "--json", "--attempts", "2", "--"]


@pytest.mark.parametrize(
    ("lines", "usage", "cost_usd"),
    [
        (
            (
                '{"kind": "run_started"}\n'
                '{"kind": "run_ended", "usage": {"input": 3, "cached": 2, "output": 1}, "cost_usd": 0.5}\n'
            ),
            {"input": 3, "cached": 2, "output": 1},
            0.5,
        ),
        (
            '{"kind": "run_ended", "usage": {"input": 3}, "cost_usd": 0.0}\nnoise\n',
            {"input": 3},
            None,
        ),
        ('{"kind": "run_started"}\n{"kind": "run_en', {}, None),
        ("", {}, None),
    ],
)
def test_tokens_and_cost_are_those_of_the_end(
    tmp_path: Path, lines: str, usage: dict[str, int], cost_usd: float | None
) -> None:
    (tmp_path / "holdfast.jsonl").write_text(lines)
    assert read_usage(tmp_path / "holdfast.jsonl") == (usage, cost_usd)


def test_a_run_without_logs_has_no_usage(tmp_path: Path) -> None:
    assert read_usage(tmp_path / "none") == ({}, None)
