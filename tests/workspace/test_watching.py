"""Changes of files are reported."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsp_server.workspace.files.watching import watch_files
from tests.harness.files import lay_out


async def reported(root: Path, *names: str) -> set[str]:
    """The names that are reported while these files are written again and again."""
    async with asyncio.timeout(20):
        reports = watch_files(root)
        first = asyncio.ensure_future(anext(reports))
        for number in range(1000):
            lay_out(root, dict.fromkeys(names, str(number)))
            done, _ = await asyncio.wait([first], timeout=0.05)
            if done:
                break
        paths = await first
        await reports.aclose()  # type: ignore[attr-defined]
    return {path.relative_to(root).as_posix() for path in paths}


async def test_changed_files_are_reported_but_not_those_of_git(project: Path) -> None:
    (project / ".git").mkdir()
    assert await reported(project, "a.py", ".git/index") == {"a.py"}


async def test_a_change_of_branch_is_a_change_of_anything(project: Path) -> None:
    lay_out(project, {".git/HEAD": "ref"})
    assert await reported(project, ".git/HEAD") == {"."}
