"""The Node that programs from npm need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.code_server import NODE

MAJOR_MIN = 22


def node() -> str:
    """The first Node that is new enough; skips the test where there is none."""
    for program in (str(NODE), shutil.which("node") or ""):
        if Path(program).is_file():
            asked = subprocess.run(
                (program, "--version"), capture_output=True, check=True, text=True
            )
            if int(asked.stdout.lstrip("v").split(".")[0]) >= MAJOR_MIN:
                return program
    pytest.skip(f"this needs Node {MAJOR_MIN}")
