"""The public inspector's command line against `holdfast mcp`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harness.lent import COMMAND, INSTALLED, environment
from tests.harness.node import node

INSPECTOR = INSTALLED / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"

pytestmark = pytest.mark.skipif(
    not INSPECTOR.exists(), reason="tests/mcp_server/clients/install brings the inspector"
)


def inspect(folder: Path, *arguments: str) -> dict[str, Any]:
    """What the inspector shows of the server of a folder."""
    shown = subprocess.run(
        (node(), str(INSPECTOR), "--cli", *COMMAND, "--workspace", str(folder), *arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=False,
        text=True,
        timeout=90,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    answer: dict[str, Any] = json.loads(shown.stdout)
    return answer


def test_the_inspector_lists_and_calls_the_tools(project: Path) -> None:
    (project / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    (project / ".holdfast").mkdir()
    (project / ".holdfast" / "goals.md").write_text("## Made\n- [ ] x\n  - file: `calc.py`\n")
    tools = inspect(project, "--method", "tools/list")["tools"]
    assert {"search", "goal_check"} < {one["name"] for one in tools}
    call = ("--method", "tools/call", "--tool-name")
    found = inspect(project, *call, "search", "--tool-arg", "query=add")
    assert found["structuredContent"]["found"][0]["path"] == "calc.py"
    checked = inspect(project, *call, "goal_check")
    assert checked["structuredContent"]["all_met"]
