"""What a run of the tests says at its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_module_that_is_skipped_whole_does_not_break_the_summary(tmp_path: Path) -> None:
    (tmp_path / "test_skipped.py").write_text(
        "import pytest\npytest.skip('no such library', allow_module_level=True)\n"
    )
    (tmp_path / "test_run.py").write_text("def test_it(): pass\n")
    command = (sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", "0")
    done = subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
