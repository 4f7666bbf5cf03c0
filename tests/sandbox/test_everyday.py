"""What people do every day goes on in each sandbox, but for the rows that say why not."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.everyday import EVERYDAY, Everyday, table
from tests.sandbox.test_attacks import CASES, IDS
from tests.sandbox.users import ROOT, User

SAMPLE_STEP = 5
HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
"""The person's own, not that of the tests."""


def can_run(row: Everyday, user: User) -> bool:
    """Whether the programs are there, for that user."""
    return all(is_there(program, user) for program in row.needs)


def is_there(program: str, user: User) -> bool:
    if program == "cargo":
        return (HOME / ".cargo" / "bin" / "cargo").exists() and len(user.python) == 1
    if program in ("pip", "pytest"):
        asked = (*user.python, "-c", f"import {program}")
        return subprocess.run(asked, capture_output=True, check=False, cwd="/").returncode == 0
    return shutil.which(program) is not None


def failed(user: User, mechanism: str, rows: tuple[Everyday, ...]) -> list[str]:
    rows = tuple(row for row in rows if can_run(row, user))
    results = user.run(
        "tests.sandbox.project",
        mechanism,
        user.python[-1],
        rows={
            str(number): {"command": row.command, "network": row.network}
            | ({"rust": str(HOME)} if "cargo" in row.needs else {})
            for number, row in enumerate(rows)
        },
    )
    return [
        f"{row.command}: {result}"
        for number, row in enumerate(rows)
        for result in (results[str(number)],)
        if (result["status"] == 0 and row.prints in result["output"])
        == (mechanism in dict(row.not_held))
    ]


@pytest.mark.parametrize(("user", "mechanism"), CASES, ids=IDS)
def test_a_sample_of_everyday_work_goes_on(user: User, mechanism: str) -> None:
    start = CASES.index((user, mechanism))
    assert failed(user, mechanism, EVERYDAY[start::SAMPLE_STEP]) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("user", "mechanism"), CASES, ids=IDS)
def test_everyday_work_goes_on(user: User, mechanism: str) -> None:
    assert len(EVERYDAY) >= 50
    assert failed(user, mechanism, EVERYDAY) == []


def test_the_documentation_has_the_table_of_these_rows() -> None:
    """`python -m tests.sandbox.everyday` prints it."""
    rows = [row.label for row in EVERYDAY if row.label]
    assert len(rows) == len(set(rows)) >= 30
    assert table() in (ROOT / "docs" / "sandbox.md").read_text("utf-8")
